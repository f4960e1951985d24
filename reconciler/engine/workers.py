"""Many jobs over a few connections."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from reconciler.model.backend import Backend

Connection = TypeVar("Connection")
Job = TypeVar("Job")


async def run_pool(
    jobs: Iterable[Job],
    backend: Backend[Connection],
    parallelism: int,
    work: Callable[[Connection, Job], Awaitable[None]],
) -> None:
    """Do every job, at most `parallelism` at a time, each worker over a connection of its own.

    Workers draw from one iterator, so ten thousand jobs need no ten thousand tasks. `work` should not raise: the first
    exception cancels the other workers and is raised as it is.
    """
    remaining = iter(jobs)

    async def worker(first: Job) -> None:
        async with backend.open() as connection:
            await work(connection, first)
            for job in remaining:
                await work(connection, job)

    tasks: list[asyncio.Task[None]] = []
    try:
        for first in remaining:
            tasks.append(asyncio.create_task(worker(first)))
            if len(tasks) >= parallelism:
                break
        for done in asyncio.as_completed(tasks):
            await done
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
