"""Reading what is live, of many environments at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.workers import run_pool
from reconciler.model.domains import Live, Unreadable
from reconciler.model.errors import BackendError
from reconciler.model.observer import NullObserver, Observer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.backend import Backend, Reader


async def read_all(
    names: Iterable[str],
    backend: Backend[Reader],
    parallelism: int,
    observer: Observer = NullObserver(),  # noqa: B008 - it has no state
) -> dict[str, Live]:
    """What is live in each environment, in order of `names`. One that cannot be read does not keep the others from it."""
    wanted = list(names)
    found: dict[str, Live] = {}

    async def read(connection: Reader, name: str) -> None:
        live: Live
        try:
            live = await connection.read(name)
        except BackendError as error:
            live = Unreadable(error)
        found[name] = live
        observer.on_read(name, live)

    await run_pool(wanted, backend, parallelism, read)
    return {name: found[name] for name in wanted}
