"""One kept connection: an httpx transport with room for one. An answer belongs to its request, or the connection is given up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import httpx

from reconciler.api import failures
from reconciler.api.exchange import MAX_BODY, Answer
from reconciler.model.errors import BackendError, NotSent, Unexpected

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from reconciler.api.exchange import Request
    from reconciler.api.peer import Peer

_CONNECT_SHARE = 0.95  # of the timeout, so that a connection that fails is known as such
_CONNECT_FOR_DELETE = 4.0  # seconds at most: it is sent soon after the read that it depends on, or after another one


class Connection:
    """An Exchanger over an httpx transport, which `new_transport` makes at the first request and again after a failure.

    `timeout` is in seconds for one exchange.
    """

    def __init__(self, new_transport: Callable[[], httpx.AsyncBaseTransport], peer: Peer, timeout: float) -> None:
        self._new_transport = new_transport
        self._peer = peer
        self._timeout = timeout
        self._transport: httpx.AsyncBaseTransport | None = None
        self._urls: dict[str, httpx.URL] = {}  # by target: parsing one takes as long as parsing the response

    async def exchange(self, request: Request) -> Answer:
        try:
            sent = self._sent(request)
        except (httpx.InvalidURL, ValueError):
            raise NotSent(failures.NOT_SENDABLE) from None
        try:
            async with asyncio.timeout(self._timeout):
                answer, clean = await self._exchange(sent)
        except BaseException as failure:
            await self.aclose()
            if isinstance(failure, BackendError) or not isinstance(failure, Exception):
                raise
            raise failures.named(failure, self._peer) from None
        if not clean:
            await self.aclose()
        return answer

    async def aclose(self) -> None:
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    async def _exchange(self, request: httpx.Request) -> tuple[Answer, bool]:
        """The answer, and whether the connection may be used again."""
        if self._transport is None:
            self._transport = self._new_transport()
        limited = request.method == "DELETE" and isinstance(self._transport, httpx.AsyncHTTPTransport)
        async with _sent_soon(request) if limited else contextlib.nullcontext():
            answer = await self._transport.handle_async_request(request)
        try:
            headers = {name.lower(): value for name, value in answer.headers.items()}
            body = await _body(answer)
        finally:
            await answer.aclose()
        return Answer(answer.status_code, headers, body), _is_clean(self._transport, answer)

    def _sent(self, request: Request) -> httpx.Request:
        """Built by hand: a client would spend a third of the CPU time of a request on merging URLs, headers and cookies."""
        url = self._urls.get(request.target)
        if url is None:
            url = self._urls[request.target] = httpx.URL(self._peer.origin + request.target)
        connect = self._timeout * _CONNECT_SHARE
        if request.method == "DELETE":
            connect = min(connect, _CONNECT_FOR_DELETE)
        extensions: dict[str, object] = {
            "timeout": {"connect": connect, "pool": connect, "read": self._timeout, "write": self._timeout}
        }
        if url.host.endswith("."):
            extensions["sni_hostname"] = url.host.removesuffix(".")
        headers = list(request.headers)
        return httpx.Request(request.method, url, headers=headers, content=request.body or None, extensions=extensions)


@contextlib.asynccontextmanager
async def _sent_soon(request: httpx.Request) -> AsyncIterator[None]:
    """Limits the time until the request is sent: what TCP, a proxy and TLS take together. Raises httpx.ConnectTimeout."""

    async def traced(_event: str, info: Mapping[str, Any]) -> None:
        if limit.when() is not None and getattr(info.get("request"), "method", b"CONNECT") != b"CONNECT":
            limit.reschedule(None)

    request.extensions["trace"] = traced
    try:
        async with asyncio.timeout(_CONNECT_FOR_DELETE) as limit:
            yield
    except TimeoutError as failure:
        if limit.expired():
            raise httpx.ConnectTimeout("") from failure
        raise


async def _body(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_raw():
        body += part
        if len(body) > MAX_BODY:
            raise Unexpected(f"{answer.status_code} with more than {MAX_BODY} bytes", status=answer.status_code)
    return bytes(body)


def _is_clean(transport: httpx.AsyncBaseTransport, answer: httpx.Response) -> bool:
    """Nothing follows the answer: httpcore would take it for the answer to the next request.

    What the kernel and the network backend have is seen by httpcore itself before the next request. What httpcore has read
    ahead has no public interface; where it cannot be seen, the connection is not used again. A transport that is not httpx's
    own has no connections.
    """
    if not isinstance(transport, httpx.AsyncHTTPTransport):
        return True
    try:
        (connection,) = transport._pool.connections  # noqa: SLF001
        ahead = len(connection._connection._h11_state.trailing_data[0])  # type: ignore[attr-defined]  # noqa: SLF001
    except (AttributeError, ValueError):
        return False
    return not ahead and not answer.extensions["network_stream"].get_extra_info("is_readable")
