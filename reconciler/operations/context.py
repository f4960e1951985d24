"""The effects that a run may have, as parameters: one observer, one set of connections, one stop flag."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from reconciler.api.backend import AllowedCalls, Connections, HttpBackend, HttpSettings
from reconciler.api.retry import RetryPolicy
from reconciler.engine.stop import Stop
from reconciler.model.observer import NullObserver
from reconciler.model.times import timestamp

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    import httpx

    from reconciler.model.observer import Observer
    from reconciler.operations.workspace import Workspace


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Context:
    """Use it as `async with Context() as context`, which closes the connections at the end. It belongs to one event loop.

    `parallelism` bounds requests in flight and connections; `timeout` is in seconds for each request; `retries` counts
    attempts after the first. `transport` replaces the network. `stop` ends the run early when it is requested. `clock` gives
    the time of reports. `run_blocking` runs what blocks, such as octoDNS.
    """

    observer: Observer = field(default_factory=NullObserver)
    parallelism: int = 32
    timeout: float = 30.0
    retries: int = 4
    transport: httpx.AsyncBaseTransport | None = None
    stop: Stop = field(default_factory=Stop)
    clock: Callable[[], datetime] = _now
    run_blocking: Callable[[Callable[[], Any]], Awaitable[Any]] = asyncio.to_thread
    connections: dict[str, Connections] = field(default_factory=dict, repr=False)  # by base URL, shared by copies

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connections in self.connections.values():
            await connections.aclose()

    def backend(self, workspace: Workspace, access: AllowedCalls, max_wait: float = 120.0) -> HttpBackend:
        """The way to the API for the calls that `access` names, over the connections of this run. A read waits at most
        `max_wait` seconds between its attempts, all pauses together."""
        settings = HttpSettings(
            workspace.api_url,
            access,
            self.parallelism,
            self.timeout,
            RetryPolicy(self.retries, budget=max_wait),
            self.transport,
            self.observer.on_request,
            environ=workspace.environ,
        )
        connections = self.connections.setdefault(workspace.api_url, Connections(settings))
        return HttpBackend(workspace.credentials, settings, connections)

    def now(self) -> str:
        """The time as documents write it."""
        return timestamp(self.clock())

    @contextmanager
    def ended_early(self, enough: Callable[[], bool] = lambda: True) -> Iterator[None]:
        """Absorbs the cancellation that comes with a requested stop, so that what was done can be reported.

        Any other cancellation passes, and so does one that comes before there is `enough`.
        """
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.stop.requested is None or task is None or not enough():
                raise
            task.uncancel()
