"""The emulator as an ASGI application: the API, and around it faults, chaos, rate limits, delays and the request log."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import math
import time
from typing import TYPE_CHECKING, Any

from starlette.requests import ClientDisconnect, Request

from reconciler.emulator.admin import PREFIX, Admin
from reconciler.emulator.faults import Fault, Kind
from reconciler.emulator.replies import ConnectionDropped, Reply, apply_fault, error_reply, json_reply
from reconciler.emulator.requests import LogError, mask_keys
from reconciler.emulator.responses import BANNER
from reconciler.emulator.routes import Api
from reconciler.emulator.state import StateError
from reconciler.emulator.uuids import is_uuid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from reconciler.emulator.caller import Caller
    from reconciler.emulator.world import World

__all__ = ["ConnectionDropped", "Emulator", "build"]

RAW_WRITE = "reconciler.raw_write"  # in the scope: a function that writes bytes to the connection, where there is one
_DRIPS = 10


def build(world: World, *, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep) -> Emulator:
    """The ASGI application over a world; the admin API is at `/_emulator/`."""
    return Emulator(world, sleep)


class Emulator:
    """Responds to requests over a world. Admin requests skip faults, limits and the log."""

    def __init__(self, world: World, sleep: Callable[[float], Awaitable[object]]) -> None:
        self._world = world
        self._sleep = sleep
        self._api = Api(world)
        self._admin = Admin(world)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise NotImplementedError(scope["type"])
        fault = None
        # Nothing is sent before the whole reply is there, so an error can still become a response.
        try:
            if scope["path"].startswith(PREFIX):
                reply = await _collect(self._admin, scope, receive)
            else:
                reply, fault = await self._exchange(scope, receive)
        except ClientDisconnect:
            return
        except ConnectionDropped:
            raise
        except (StateError, LogError) as error:
            reply = json_reply(500, {"detail": str(error)})
        except Exception as error:
            logging.getLogger(__name__).exception("the emulator failed: this is a bug")
            reply = json_reply(500, {"detail": f"The emulator failed: {type(error).__name__}: {error}"})
        await self._send(reply, fault, scope, send)

    async def _exchange(self, scope: Scope, receive: Receive) -> tuple[Reply, Fault | None]:
        world, method, path = self._world, scope["method"], scope["path"]
        headers = dict(scope["headers"])
        environment_id = _decode(headers.get(b"x-environment-id"))
        caller = world.auth.identify(_decode(headers.get(b"authorization")), environment_id)
        fault = self._next_fault(method, path, caller)
        start, resets = time.perf_counter(), world.resets
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
            entry["acted"] = False  # the request is incomplete, and its sender has disconnected
            raise
        except ConnectionDropped:
            raise
        except Exception:
            entry["status"] = 500
            raise
        finally:
            # Before the response is sent, so that a client that has it finds it in the log.
            entry["seconds"] = round(time.perf_counter() - start, 6)
            if world.resets == resets:
                world.log.add(entry)
        return reply, fault

    def _next_fault(self, method: str, path: str, caller: Caller) -> Fault | None:
        world = self._world
        fault = world.faults.next_fault(method, path, caller)
        if fault is None and world.chaos is not None:
            fault = world.chaos.next_fault(method, path, caller)
        return fault or self._rate_limit(caller)

    def _rate_limit(self, caller: Caller) -> Fault | None:
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
            resets = self._world.resets
            receive = await _read_ahead(scope, receive)
            await self._sleep(wait)
            if self._world.resets != resets:
                raise ConnectionDropped(after=False)
        reply = Reply(500, [], b"")
        if fault is None or fault.acts:
            reply = await _collect(self._api, scope, receive)
        return reply if fault is None else apply_fault(fault, reply)

    async def _send(self, reply: Reply, fault: Fault | None, scope: Scope, send: Send) -> None:
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
        if fault is not None and fault.kind is Kind.SECOND_RESPONSE and RAW_WRITE in scope:
            scope[RAW_WRITE](error_reply(fault, fault.status).wire())


async def _read_ahead(scope: Scope, receive: Receive) -> Receive:
    """The request with its body read: it is executed late even if its sender has disconnected by then."""
    body = await Request(scope, receive).body()

    async def receive_again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again


async def _collect(app: ASGIApp, scope: Scope, receive: Receive) -> Reply:
    reply = Reply(500, [], b"")

    async def collect(message: Any) -> None:
        if message["type"] == "http.response.start":
            reply.status, reply.headers = message["status"], list(message["headers"])
        else:
            reply.body += message.get("body", b"")

    await app(scope, receive, collect)
    return reply


def _decode(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
