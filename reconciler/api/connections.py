"""The connections of a run to one base URL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from reconciler.api.connection import Connection
from reconciler.api.limits import allow_connections
from reconciler.api.network import AsyncioBackend
from reconciler.api.peer import Peer
from reconciler.api.proxies import proxy_for
from reconciler.api.throttle import Throttle
from reconciler.api.tls import trusted
from reconciler.version import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Callable
    from urllib.parse import SplitResult

    from reconciler.api.exchange import Exchanger
    from reconciler.api.proxies import Proxy
    from reconciler.api.settings import HttpSettings

USER_AGENT = f"imgwire-reconciler/{__version__}"
_BACKEND = AsyncioBackend()
_MAX_IDLE = 30.0  # seconds; servers close idle connections, and a request must not meet that


class Connections:
    """Lends connections to workers, one to each, and the throttle that they share.

    Kept ones are used again by the next phase, so a run with P workers has at most P connections.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self.throttle = Throttle(settings.parallelism, settings.clock, settings.sleep)
        self._settings = settings
        self._new_transport: Callable[[], httpx.AsyncBaseTransport] | None = None
        self._peer: Peer
        self._idle: list[Exchanger] = []

    @asynccontextmanager
    async def lend(self, count: int, *, keep: bool) -> AsyncIterator[Exchanger]:
        """A connection for one worker of at most `count`. Raises NotSent, and TooFewFiles where so many are not allowed."""
        connection = self._idle.pop() if self._idle else self._new(count)
        try:
            yield connection
        finally:
            if keep:
                self._idle.append(connection)
            else:
                await connection.aclose()

    async def aclose(self) -> None:
        """Close every connection that is kept."""
        while self._idle:
            await self._idle.pop().aclose()

    def _new(self, count: int) -> Exchanger:
        settings = self._settings
        if self._new_transport is None:
            parts = urlsplit(settings.base_url)
            if settings.transport is None:
                allow_connections(count)
            self._new_transport, proxy = _network(parts, settings)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            self._peer = Peer(f"{parts.scheme}://{parts.netloc}", parts.hostname or "", port, proxy)
        return Connection(self._new_transport, self._peer, settings.timeout)


def _network(parts: SplitResult, settings: HttpSettings) -> tuple[Callable[[], httpx.AsyncBaseTransport], Proxy | None]:
    """Makes transports with room for one connection: one pool for all rescans them at each request (httpcore #1035)."""
    if settings.transport is not None:
        return partial(_Borrowed, settings.transport), None
    limits = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=_MAX_IDLE)
    transport = partial(_transport, trust_env=False, limits=limits)
    if parts.scheme == "http":  # a proxy from the environment must not see a key that is not encrypted
        return partial(transport, verify=False), None
    context = trusted(settings.environ)  # one for all connections: it costs 14 ms
    proxy = proxy_for(parts.hostname or "", parts.port or 443, settings.environ)
    return partial(transport, verify=context, proxy=_proxy(proxy, context) if proxy else None), proxy


def _transport(**settings: Any) -> httpx.AsyncBaseTransport:
    transport = httpx.AsyncHTTPTransport(**settings)
    # httpcore takes a network backend; httpx has no parameter for it. Without this attribute it would be anyio's again.
    transport._pool._network_backend = _BACKEND  # noqa: SLF001
    return transport


def _proxy(proxy: Proxy, context: ssl.SSLContext) -> httpx.Proxy:
    host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
    return httpx.Proxy(
        f"{proxy.scheme}://{host}:{proxy.port}",
        auth=None if proxy.user is None else (proxy.user, proxy.password),
        headers={"User-Agent": USER_AGENT},
        ssl_context=context if proxy.scheme == "https" else None,
    )


class _Borrowed(httpx.AsyncBaseTransport):
    """A transport of the caller's, which is not closed with a connection."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._transport.handle_async_request(request)
