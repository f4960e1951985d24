"""The connections of a run to one base URL."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.api.connection import Connection, Route
from reconciler.api.limits import allow_connections
from reconciler.api.throttle import Throttle
from reconciler.version import __version__

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reconciler.api.exchange import Exchanger
    from reconciler.api.settings import HttpSettings

USER_AGENT = f"imgwire-reconciler/{__version__}"


class Connections:
    """Lends connections to workers, one to each, and the throttle that they share.

    Kept ones are used again by the next phase, so a run with P workers has at most P connections.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self.throttle = Throttle(settings.parallelism, settings.clock, settings.sleep, settings.retry.budget)
        self._settings = settings
        self._route: Route | None = None
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
        if settings.transport is not None:
            from reconciler.api.stand_in import StandIn

            parts = urlsplit(settings.base_url)
            return StandIn(settings.transport, f"{parts.scheme}://{parts.netloc}", settings.timeout)
        if self._route is None:
            allow_connections(count)
            self._route = self._new_route()
        return Connection(self._route, settings.timeout)

    def _new_route(self) -> Route:
        """One for all connections, because a TLS context costs 14 ms."""
        parts = urlsplit(self._settings.base_url)
        host = parts.hostname or ""
        if parts.scheme == "http":  # a proxy from the environment must not see a key that is not encrypted
            return Route(host, parts.port or 80, parts.netloc, USER_AGENT)
        from reconciler.api.proxies import proxy_for
        from reconciler.api.tls import trusted

        port = parts.port or 443
        environ = self._settings.environ
        proxy = proxy_for(host, port, environ)
        return Route(host, port, parts.netloc, USER_AGENT, trusted(environ), proxy)
