"""A process that is stopped for a while, as by SIGSTOP: the time of a step goes on where it was."""

from __future__ import annotations

import asyncio
import time

import pytest

from reconciler.engine.clock import RunningClock
from reconciler.engine.deadline import Deadline, StepTimeout
from reconciler.model.errors import NoAnswer

EVERY, LATE = 0.02, 0.5  # seconds


@pytest.mark.anyio
async def test_a_stop_takes_no_time_of_a_step() -> None:
    async def interrupted() -> None:
        await asyncio.sleep(0)
        time.sleep(3.0)  # noqa: ASYNC251 - no timer can come meanwhile, as in a process that is stopped
        await asyncio.sleep(60)

    with RunningClock(EVERY, LATE) as clock:
        deadline = Deadline(2.0, clock)
        with pytest.raises(NoAnswer, match="stopped meanwhile"):
            await deadline.call(interrupted)
        assert 1.5 < deadline.remaining <= 2.0
        deadline.check()


@pytest.mark.anyio
async def test_without_a_stop_the_time_of_a_step_is_spent() -> None:
    with RunningClock(EVERY, LATE) as clock, pytest.raises(StepTimeout):
        await Deadline(0.2, clock).call(lambda: asyncio.sleep(60))


@pytest.mark.anyio
async def test_the_clock_goes_on_between_two_stops() -> None:
    now = [0.0]
    with RunningClock(EVERY, LATE, lambda: now[0]) as clock:
        for passed, shown in ((EVERY, EVERY), (LATE / 2, EVERY + LATE / 2), (EVERY + 60.0, 2 * EVERY + LATE / 2)):
            now[0] += passed
            await asyncio.sleep(EVERY * 2)
            assert clock() == pytest.approx(shown)


@pytest.mark.anyio
async def test_what_the_run_does_itself_is_no_stop() -> None:
    with RunningClock(EVERY, LATE) as clock:
        for _ in range(3):
            with clock.busy():
                time.sleep(0.3)  # noqa: ASYNC251 - such as a disk that is slow to sync
        await asyncio.sleep(EVERY * 2)
        assert (clock.stopped(), clock()) == (0.0, pytest.approx(time.monotonic(), abs=0.2))


@pytest.mark.anyio
async def test_a_read_goes_on_after_a_stop() -> None:
    calls = 0

    async def interrupted() -> str:
        nonlocal calls
        calls += 1
        if calls == 1:
            await asyncio.sleep(0)
            time.sleep(3.0)  # noqa: ASYNC251 - as above
            await asyncio.sleep(60)
        return "answer"

    with RunningClock(EVERY, LATE) as clock:
        assert await Deadline(2.0, clock).call(interrupted, repeatable=True) == "answer"
