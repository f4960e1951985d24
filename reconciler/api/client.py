"""One connection to the API: sends a call, bounds it in time and size, and names what went wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json as json_
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote

import httpx

from reconciler.api import errors
from reconciler.api.wire import WrongShape
from reconciler.model.errors import BackendError, NoAnswer, NotSent, Throttled, Unexpected

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from reconciler.api.retry import RetryPolicy
    from reconciler.api.throttle import Throttle
    from reconciler.model.environments import Credential

Answer = TypeVar("Answer")

_LARGEST_BODY = 256 * 1024  # bytes; a custom domain is about 700
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
_THROTTLED_WITHOUT_DELAY = 1.0  # seconds


class ForbiddenCall(Exception):
    """The program itself tried a call that the command must not make. Never caused by a user or a server."""


class Client:
    """Calls one at a time over one connection. Reads are repeated as the policy says; a write is sent once.

    `allowed` holds the (method, path) pairs that may be sent at all. `timeout` bounds each attempt as a whole, in seconds.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        allowed: frozenset[tuple[str, str]],
        retry: RetryPolicy,
        throttle: Throttle,
        timeout: float,
        sleep: Callable[[float], Awaitable[None]],
        wall_clock: Callable[[], float],
        observe: Callable[[str, str], None],
    ) -> None:
        self._http = http
        self._allowed = allowed
        self._retry = retry
        self._throttle = throttle
        self._timeout = timeout
        self._sleep = sleep
        self._wall_clock = wall_clock
        self._observe = observe

    async def call(
        self,
        method: str,
        path: str,
        credential: Credential,
        read: Callable[[bytes], Answer],
        *,
        json: Mapping[str, str] | None = None,
        subject: str = "",
    ) -> Answer:
        """What `read` makes of the body of a 200 answer.

        Raises BackendError for everything else, a body that `read` calls a WrongShape included, and ForbiddenCall for what
        the command may not do. `subject` names the environment to whoever observes.
        """
        if (method, path) not in self._allowed:
            raise ForbiddenCall(f"{method} {path} is not among the calls of this command")
        attempt, waited = 1, 0.0
        while True:
            try:
                body = await self._send_once(method, path, credential, json, subject)
                return _taken(read, body, f"{method} {path}")
            except BackendError as failure:
                delay = self._retry.delay(attempt, failure, waited) if method == "GET" else None
                if delay is None:
                    raise _tried(failure, attempt, waited) from None
                self._observe("retry", f"{subject}: {failure.message}; asking again in {delay:.1f} s")
            await self._sleep(delay)
            attempt, waited = attempt + 1, waited + delay

    async def _send_once(
        self, method: str, path: str, credential: Credential, json: Mapping[str, str] | None, subject: str
    ) -> bytes:
        call = f"{method} {path}"
        headers = {"Authorization": f"Bearer {credential.key.reveal()}"}
        if credential.environment_id is not None:
            headers["X-Environment-Id"] = credential.environment_id
        try:
            request = self._http.build_request(method, path, headers=headers, json=json)
        except (httpx.InvalidURL, UnicodeError, ValueError) as problem:
            raise NotSent(f"{call}: could not be sent: {type(problem).__name__}") from None
        await self._throttle.acquire(call, self._retry.budget)
        throttled_for: float | None = None
        try:
            status, answered, body = await self._exchange(request, call)
            self._observe("call", f"{subject}: {call}: {status}")
            body = _without_key(body, credential)
            if status == 200:
                return body
            shown = _headers_without_key(answered, credential)
            failure = errors.from_answer(call, status, shown, body, self._wall_clock())
            if isinstance(failure, Throttled):
                throttled_for = _THROTTLED_WITHOUT_DELAY if failure.retry_after is None else failure.retry_after
            raise failure
        finally:
            self._throttle.release(throttled_for=throttled_for)

    async def _exchange(self, request: httpx.Request, call: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of whatever answers. Raises NotSent, NoAnswer, Unexpected."""
        try:
            async with asyncio.timeout(self._timeout):
                answer = await self._http.send(request, stream=True)
                try:
                    return answer.status_code, answer.headers, await _read(answer, call)
                finally:
                    await answer.aclose()
        except _NOT_SENT as failure:
            raise NotSent(f"{call}: could not connect: {_reason(failure)}") from None
        except (httpx.RequestError, OSError, ValueError) as failure:  # a broken answer can be broken in any way
            raise NoAnswer(f"{call}: no answer: {_reason(failure)}") from None


def _taken(read: Callable[[bytes], Answer], body: bytes, call: str) -> Answer:
    try:
        return read(body)
    except WrongShape as problem:
        raise Unexpected(f"{call}: 200, but {problem}", status=200) from None


async def _read(answer: httpx.Response, call: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > _LARGEST_BODY:
            raise Unexpected(
                f"{call}: {answer.status_code} with more than {_LARGEST_BODY} bytes", status=answer.status_code
            )
        parts.append(part)
    return b"".join(parts)


def _without_key(body: bytes, credential: Credential) -> bytes:
    """A server that echoes the key must not bring it into an output, not even spelled with JSON escapes."""
    key = credential.key.reveal()
    if b"\\" in body:
        with contextlib.suppress(ValueError, RecursionError):  # not JSON, so nothing will decode its escapes
            body = json_.dumps(json_.loads(body), ensure_ascii=False).encode("utf-8", "surrogatepass")
            key = json_.dumps(key)[1:-1]
    return body.replace(key.encode(), b"[key]")


def _headers_without_key(headers: Mapping[str, str], credential: Credential) -> dict[str, str]:
    key = credential.key.reveal()
    return {name: "[key]" if key in unquote(value) else value for name, value in headers.items()}


def _reason(failure: BaseException) -> str:
    if isinstance(failure, TimeoutError):
        return "timed out"
    text = " ".join(str(failure).split())
    return f"{type(failure).__name__}: {text}" if text else type(failure).__name__


def _tried(failure: BackendError, attempts: int, waited: float) -> BackendError:
    """The failure, saying what was spent on it."""
    if attempts > 1:
        failure.message += f" (after {attempts} attempts and {waited:.1f} s of waiting)"
    elif failure.retry_after:
        failure.message += f" (asked to wait {failure.retry_after:.0f} s)"
    failure.args = (failure.message,)
    return failure
