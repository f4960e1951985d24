"""The emulator as an ASGI application: the API, and around it faults, chaos, rate limits, delays and the log."""

from __future__ import annotations

import asyncio
import email.utils
import json
import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request

from reconciler.emulator.admin import PREFIX, Admin
from reconciler.emulator.auth import is_uuid
from reconciler.emulator.faults import Fault, Kind
from reconciler.emulator.requests import mask_keys
from reconciler.emulator.responses import BANNER, json_response
from reconciler.emulator.routes import Api
from reconciler.emulator.state import StateError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reconciler.emulator.caller import Caller
    from reconciler.emulator.world import World

Headers = list[tuple[bytes, bytes]]
_DRIPS = 10


class ConnectionDropped(Exception):
    """The connection ends here, without an answer or in the middle of one. `after` says that the request was carried out.

    Raised out of the application. A server closes the connection; whoever calls the application in process maps it to a
    lost answer.
    """

    def __init__(self, *, after: bool) -> None:
        super().__init__("the connection was dropped")
        self.after = after


@dataclass(slots=True)
class Reply:
    """An answer that is not sent yet."""

    status: int
    headers: Headers
    body: bytes


def build(world: World, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> Emulator:
    """The ASGI application over a world; the admin API is at `/_emulator/`."""
    return Emulator(world, sleep)


class Emulator:
    """Answers requests over a world. Admin requests pass neither faults nor the log."""

    def __init__(self, world: World, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._world = world
        self._sleep = sleep
        self._api = Api(world)
        self._admin = Admin(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        try:
            if scope["path"].startswith(PREFIX):
                await self._admin(scope, receive, send)
            else:
                await self._exchange(scope, receive, send)
        except StateError as error:
            # Raised before anything is sent: answers are collected first.
            await json_response(500, {"detail": str(error)})(scope, receive, send)

    async def _exchange(self, scope: Scope, receive: Receive, send: Send) -> None:
        world, method, path = self._world, scope["method"], scope["path"]
        headers = dict(scope["headers"])
        environment_id = _decode(headers.get(b"x-environment-id"))
        caller = world.auth.identify(_decode(headers.get(b"authorization")), environment_id)
        fault = self._fault(method, path, caller)
        begun = time.perf_counter()
        entry: dict[str, Any] = {
            "method": method,
            "path": mask_keys(path),
            "key": caller.label or (caller.digest and f"key-{caller.digest[:8]}"),
            "environment_id": caller.environment_id,
            "header": environment_id if environment_id and is_uuid(environment_id) else None,
            "fault": fault and fault.kind.value,
            "acted": fault is None or fault.acts,
            "status": None,
        }
        try:
            reply = await self._reply(scope, receive, fault)
            if fault is None or fault.kind is not Kind.TRUNCATE:
                entry["status"] = reply.status
        except ClientDisconnect:
            entry["acted"] = False  # its body never came, and nobody waits for an answer
            return
        finally:
            # Before the answer leaves, so that whoever has it finds it in the log.
            entry["seconds"] = round(time.perf_counter() - begun, 6)
            world.log.add(entry)
        await self._send(reply, fault, send)

    def _fault(self, method: str, path: str, caller: Caller) -> Fault | None:
        world = self._world
        fault = world.faults.next_fault(method, path, caller)
        if fault is None and world.chaos is not None:
            fault = world.chaos.next_fault(method, path, caller)
        return fault or self._limit(caller)

    def _limit(self, caller: Caller) -> Fault | None:
        switches, limits = self._world.switches, self._world.limits
        if switches.total_rate is None and switches.key_rate is None:
            return None
        with self._world.reading() as state:
            now = self._world.now(state)
        wait = max(
            limits.wait("", switches.total_rate, now) or 0.0,
            limits.wait(caller.digest or "-", switches.key_rate, now) or 0.0,
        )
        if not wait:
            return None
        forms = {"seconds": str(math.ceil(wait)), "date": email.utils.formatdate(now + wait, usegmt=True), "none": None}
        return Fault(Kind.RATE_LIMIT, detail="Too many requests", retry_after=forms[switches.retry_after])

    async def _reply(self, scope: Scope, receive: Receive, fault: Fault | None) -> Reply:
        wait = self._world.switches.latency + (fault.seconds if fault and fault.kind is not Kind.DRIP else 0.0)
        if wait:
            receive = await _read_ahead(scope, receive)
            await self._sleep(wait)
        reply = Reply(500, [], b"")
        if fault is None or fault.acts:
            reply = await _collect(self._api, scope, receive)
        if fault is None:
            return reply
        match fault.kind:
            case Kind.DROP_BEFORE | Kind.DROP_AFTER:
                raise ConnectionDropped(after=fault.acts)
            case Kind.STATUS:
                return _error_reply(fault.status, fault)
            case Kind.RATE_LIMIT:
                return _error_reply(429, fault)
            case Kind.GARBAGE:
                return _garbage_reply(fault)
            case Kind.REDIRECT:
                return Reply(307, [(b"location", fault.location.encode())], b"")
            case Kind.DELAY | Kind.TRUNCATE | Kind.DRIP:
                return reply

    async def _send(self, reply: Reply, fault: Fault | None, send: Send) -> None:
        length = (b"content-length", str(len(reply.body)).encode())
        headers = [item for item in reply.headers if item[0] != length[0]]
        headers += [length, (b"x-emulator", BANNER.encode())]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        body = reply.body
        if fault is not None and fault.kind is Kind.TRUNCATE:
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            raise ConnectionDropped(after=fault.acts)
        if fault is not None and fault.kind is Kind.DRIP:
            size = max(1, math.ceil(len(body) / _DRIPS))
            while len(body) > size:
                await send({"type": "http.response.body", "body": body[:size], "more_body": True})
                await self._sleep(fault.seconds / _DRIPS)
                body = body[size:]
        await send({"type": "http.response.body", "body": body})


async def _read_ahead(scope: Scope, receive: Receive) -> Receive:
    """The request with its body read: it is carried out late even when its sender has gone by then."""
    body = await Request(scope, receive).body()

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> Reply:
    reply = Reply(500, [], b"")

    async def collect(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status, reply.headers = message["status"], list(message["headers"])
        else:
            reply.body += message.get("body", b"")

    await app(scope, receive, collect)
    return reply


def _error_reply(status: int, fault: Fault) -> Reply:
    if isinstance(fault.body, str):
        return Reply(status, [(b"content-type", b"text/html"), *_retry_after(fault.retry_after)], fault.body.encode())
    named = {"error_type": fault.error_type} if fault.error_type else {}
    body = {"detail": fault.detail, **named} if fault.body is None else fault.body
    return _json(status, body, fault.retry_after)


def _garbage_reply(fault: Fault) -> Reply:
    body = "<html><body>Welcome to nginx!</body></html>" if fault.body is None else fault.body
    if isinstance(body, str):
        return Reply(200, [(b"content-type", b"text/html")], body.encode())
    return _json(200, body, None)


def _json(status: int, body: object, retry_after: str | None) -> Reply:
    return Reply(
        status, [(b"content-type", b"application/json"), *_retry_after(retry_after)], json.dumps(body).encode()
    )


def _retry_after(value: str | None) -> Headers:
    return [] if value is None else [(b"retry-after", value.encode())]


def _decode(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
