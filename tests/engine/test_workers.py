"""Many jobs over a few connections: never more than that at once, and no task for each job."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from samples import domain

from reconciler.engine.refresh import read_all
from reconciler.engine.workers import run_pool
from reconciler.model.domains import Absent, Known, Live, Present, Unreadable
from reconciler.model.errors import ServerFault
from reconciler.model.observer import NullObserver

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


class Busy:
    """Opens numbered connections; counts what is open, what is asked at once and how many tasks there are."""

    def __init__(self) -> None:
        self.opened = self.open_now = self.asking = self.most_asking = self.most_tasks = 0
        self.broken: set[str] = set()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Busy]:
        self.opened += 1
        self.open_now += 1
        try:
            yield self
        finally:
            for _ in range(20):  # closing takes a moment
                await asyncio.sleep(0)
            self.open_now -= 1

    async def read(self, environment: str) -> Known:
        self.asking += 1
        self.most_asking = max(self.most_asking, self.asking)
        self.most_tasks = max(self.most_tasks, len(asyncio.all_tasks()))
        await asyncio.sleep(0)
        self.asking -= 1
        if environment in self.broken:
            raise ServerFault("503")
        return Present(domain(environment, f"{environment}.example.com")) if environment != "none" else Absent()


@pytest.mark.anyio
async def test_ten_thousand_reads_need_no_ten_thousand_tasks() -> None:
    busy, before = Busy(), len(asyncio.all_tasks())
    names = [f"e{number}" for number in range(10_000)]
    found = await read_all(names, busy, 32)
    assert list(found) == names
    assert (busy.most_asking, busy.opened, busy.open_now) == (32, 32, 0)
    assert busy.most_tasks <= before + 32


@pytest.mark.anyio
async def test_a_job_is_drawn_only_by_a_free_worker() -> None:
    drawn, busy = 0, Busy()

    def jobs() -> Iterator[int]:
        nonlocal drawn
        for number in range(100):
            drawn = number + 1
            yield number

    async def work(connection: Busy, number: int) -> None:
        assert drawn <= number + 4
        await connection.read("e")

    await run_pool(jobs(), busy, 4, work)
    assert drawn == 100


@pytest.mark.anyio
@pytest.mark.parametrize(("jobs", "opened"), [(0, 0), (1, 1), (3, 3), (9, 4)])
async def test_no_more_connections_are_opened_than_there_are_jobs_or_than_allowed(jobs: int, opened: int) -> None:
    busy = Busy()
    await read_all([f"e{number}" for number in range(jobs)], busy, 4)
    assert busy.opened == opened


@pytest.mark.anyio
async def test_what_cannot_be_read_does_not_keep_the_others_from_it() -> None:
    busy, heard = Busy(), []
    busy.broken = {"b"}

    class Reads(NullObserver):
        def on_read(self, environment: str, live: Live) -> None:
            heard.append((environment, live))

    found = await read_all(["c", "none", "b", "a"], busy, 2, Reads())
    assert list(found) == ["c", "none", "b", "a"]
    assert isinstance(found["b"], Unreadable)
    assert found["b"].error.message == "503"
    assert (found["none"], found["a"]) == (Absent(), Present(domain("a", "a.example.com")))
    assert sorted(heard, key=lambda item: item[0]) == sorted(found.items())


@pytest.mark.anyio
async def test_a_defect_in_one_job_ends_the_others_and_is_raised_as_it_is() -> None:
    busy, done = Busy(), []

    async def work(connection: Busy, number: int) -> None:
        await connection.read("e")
        if number == 1:
            raise ZeroDivisionError
        await asyncio.Event().wait()  # for ever
        done.append(number)

    with pytest.raises(ZeroDivisionError):
        await asyncio.wait_for(run_pool(range(100), busy, 3, work), 5)
    assert (done, busy.open_now) == ([], 0)


@pytest.mark.anyio
async def test_who_is_cancelled_leaves_no_worker_behind() -> None:
    busy, all_busy, before = Busy(), asyncio.Event(), len(asyncio.all_tasks())

    async def work(connection: Busy, _: int) -> None:
        await connection.read("e")
        if busy.opened == 3:
            all_busy.set()
        await asyncio.Event().wait()  # for ever

    task = asyncio.create_task(run_pool(range(100), busy, 3, work))
    await all_busy.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (busy.open_now, len(asyncio.all_tasks())) == (0, before)
