"""Sends calls: retries reads, bounds time, keeps keys out of everything that comes back, and names what went wrong."""

from __future__ import annotations

import json as json_
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Literal, TypeVar
from urllib.parse import urlsplit

from reconciler.api import errors
from reconciler.api.calls import READ_DOMAIN
from reconciler.api.exchange import Answer, Request
from reconciler.api.one_line import one_line
from reconciler.api.wire import WrongShape
from reconciler.model.errors import BackendError, NotSent, Throttled, Unexpected
from reconciler.model.masking import MASK, mask_key
from reconciler.model.observer import RequestEvent

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from reconciler.api.calls import Call
    from reconciler.api.exchange import Exchanger
    from reconciler.api.retry import RetryPolicy
    from reconciler.api.throttle import Throttle
    from reconciler.model.environments import Credential

Value = TypeVar("Value")

_THROTTLED_WITHOUT_DELAY = 1.0  # seconds


class ForbiddenCall(Exception):
    """The program itself tried a call that the command must not make. Never caused by a user or a server."""


class Client:
    """Makes one call at a time. Reads are retried by the policy; a write is sent once.

    `allowed` are the calls that may be sent at all.
    """

    def __init__(
        self,
        exchanger: Exchanger,
        base_url: str,
        user_agent: str,
        *,
        allowed: frozenset[Call],
        retry: RetryPolicy,
        throttle: Throttle,
        sleep: Callable[[float], Awaitable[None]],
        wall_clock: Callable[[], float],
        observe: Callable[[RequestEvent], None],
    ) -> None:
        self._exchanger = exchanger
        self._base_url = base_url
        self._path = urlsplit(base_url).path
        # No answer is compressed, so none can be larger in memory than it was on the wire.
        self._headers = (("User-Agent", user_agent), ("Accept", "application/json"), ("Accept-Encoding", "identity"))
        self._allowed = allowed
        self._retry = retry
        self._throttle = throttle
        self._sleep = sleep
        self._wall_clock = wall_clock
        self._observe = observe
        self._turn: Literal["fair", "urgent"] | None = None

    @asynccontextmanager
    async def turn(self, *, urgent: bool) -> AsyncIterator[None]:
        """The calls within it wait for no slot of the throttle: they have one. `urgent` takes it at once.

        Raises ThrottleBudgetExceeded.
        """
        if urgent:
            self._throttle.take()
        else:
            await self._throttle.acquire(str(READ_DOMAIN), self._retry.budget)
        self._turn = "urgent" if urgent else "fair"
        try:
            yield
        finally:
            self._turn = None
            self._throttle.release()

    async def call(
        self,
        call: Call,
        credential: Credential,
        read: Callable[[bytes], Value],
        *,
        json: Mapping[str, str] | None = None,
        subject: str = "",
    ) -> Value:
        """What `read` makes of the body of a 200 answer. `subject` names the environment to observers.

        Raises BackendError for everything else, a body that `read` calls a WrongShape included, and ForbiddenCall for what the
        command may not do.
        """
        if call not in self._allowed:
            raise ForbiddenCall(f"{call} is not among the calls of this command")
        request = self._request(call, credential, json)
        attempt, waited = 1, 0.0
        while True:
            try:
                body = await self._send_once(call, request, credential, subject, attempt)
                return self._value(read, body, call)
            except BackendError as failure:
                delay = self._retry.delay(attempt, failure, waited) if call.method == "GET" else None
                if delay is None:
                    raise _with_effort(failure, attempt, waited) from None
                event = RequestEvent(
                    "retry", subject, call.method, call.path, attempt, delay, failure.status, failure.message
                )
                self._observe(event)
            await self._sleep(delay)
            attempt, waited = attempt + 1, waited + delay

    def _request(self, call: Call, credential: Credential, json: Mapping[str, str] | None) -> Request:
        headers = [*self._headers, ("Authorization", f"Bearer {credential.key.reveal()}")]
        if credential.environment_id is not None:
            headers.append(("X-Environment-Id", credential.environment_id))
        body = b""
        if json is not None:
            headers.append(("Content-Type", "application/json"))
            try:
                body = json_.dumps(json, separators=(",", ":"), ensure_ascii=False).encode()
            except UnicodeEncodeError:
                raise NotSent(f"{call}: could not be sent: a text is not valid Unicode") from None
        return Request(call.method, self._path + call.path, tuple(headers), body)

    async def _send_once(
        self, call: Call, request: Request, credential: Credential, subject: str, attempt: int
    ) -> bytes:
        """Raises Paused for a write that would be late, and ThrottleBudgetExceeded."""
        turn = self._turn
        if turn is None:
            await self._throttle.acquire(str(call), self._retry.budget)
        elif turn == "fair" and call.method != "GET":
            self._throttle.check(str(call))
        try:
            return await self._send(call, request, credential, subject, attempt)
        finally:
            if turn is None:
                self._throttle.release()

    async def _send(self, call: Call, request: Request, credential: Credential, subject: str, attempt: int) -> bytes:
        began = time.monotonic()
        answer = await self._exchange(call, request, credential)
        took = time.monotonic() - began
        self._observe(RequestEvent("call", subject, call.method, call.path, attempt, took, answer.status))
        if answer.status == 200:
            self._throttle.succeeded()
            return answer.body
        failure = errors.from_answer(call, self._base_url + call.path, answer, self._wall_clock())
        if isinstance(failure, Throttled):
            self._throttle.throttled(failure.retry_after or _THROTTLED_WITHOUT_DELAY)
        elif answer.status < 500:
            self._throttle.succeeded()
        raise failure

    async def _exchange(self, call: Call, request: Request, credential: Credential) -> Answer:
        """The answer without keys, neither this one nor what looks like one. Raises NotSent, NoAnswer, Unexpected."""
        key = credential.key.reveal()
        try:
            answer = await self._exchanger.exchange(request)
            encoding = answer.headers.get("content-encoding", "identity")
            if encoding.strip().lower() != "identity":
                raise Unexpected(
                    f"{answer.status} with a compressed body ({encoding}), which was not accepted",
                    status=answer.status,
                    hint="turn compression off in the proxy or server that answers for the Imgwire API",
                )
        except BackendError as failure:
            failure.restate(f"{call}: {one_line(mask_key(failure.message, key))}")
            raise
        if answer.status == 200:
            return Answer(200, answer.headers, _without_key(answer.body, key))
        headers = {name: mask_key(value, key) for name, value in answer.headers.items()}
        body = _without_key(answer.body, key).decode("utf-8", "replace")
        return Answer(answer.status, headers, mask_key(body, key).encode())

    def _value(self, read: Callable[[bytes], Value], body: bytes, call: Call) -> Value:
        try:
            return read(body)
        except WrongShape as problem:
            url = f"{self._base_url}{call.path}"
            raise Unexpected(f"{call.method} {url}: 200, but {problem}", status=200) from None


def _without_key(body: bytes, key: str) -> bytes:
    """The body without the key, even where a server writes it with JSON escapes or in UTF-16."""
    if b"\\" in body or b"\0" in body:
        try:
            text = json_.dumps(json_.loads(body), ensure_ascii=False)
        except (ValueError, RecursionError):
            return body.replace(key.encode(), MASK.encode())  # not JSON, so nothing will decode it
        return text.replace(json_.dumps(key)[1:-1], MASK).encode("utf-8", "surrogatepass")
    return body.replace(key.encode(), MASK.encode())


def _with_effort(failure: BackendError, attempts: int, waited: float) -> BackendError:
    """The failure, with the attempts and the time that were spent on it."""
    if attempts > 1:
        failure.restate(f"{failure.message} (after {attempts} attempts and {waited:.1f} s of waiting)")
    elif failure.retry_after:
        failure.restate(f"{failure.message} (the API asked to wait {failure.retry_after:.0f} s)")
    return failure
