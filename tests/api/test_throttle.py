"""How fast a run may ask, shared by all its workers."""

from __future__ import annotations

import asyncio

import pytest

from reconciler.api.throttle import Throttle, ThrottleBudgetExceeded


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def throttle_of(limit: int, clock: Clock) -> Throttle:
    return Throttle(limit, clock, clock.sleep)


async def acquire(throttle: Throttle) -> None:
    await throttle.acquire("GET /x", 50.0)


def answered(throttle: Throttle, throttled_for: float | None = None) -> None:
    """A normal answer, or a 429 with its pause in seconds."""
    if throttled_for is None:
        throttle.succeeded()
    else:
        throttle.throttled(throttled_for)
    throttle.release()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_at_most_limit_requests_are_in_flight_and_waiting_ones_follow_in_order(clock: Clock) -> None:
    throttle, entered = throttle_of(2, clock), []

    async def ask(number: int) -> None:
        await acquire(throttle)
        entered.append(number)

    tasks = [asyncio.create_task(ask(number)) for number in range(4)]
    await settle()
    assert entered == [0, 1]
    answered(throttle)
    await settle()
    assert entered == [0, 1, 2]
    answered(throttle)
    answered(throttle)
    await asyncio.gather(*tasks)
    assert entered == [0, 1, 2, 3]


@pytest.mark.anyio
async def test_a_429_halves_the_limit_and_successes_raise_it_slowly(clock: Clock) -> None:
    throttle, seen = throttle_of(8, clock), []
    for throttled in (None, 0.0, 0.0, 0.0, 0.0, *[None] * 40):
        await acquire(throttle)
        answered(throttle, throttled)
        seen.append(throttle.allowed)
    assert seen[:5] == [8, 4, 2, 1, 1]
    assert seen[5:10] == [2, 2, 2, 3, 3]
    assert seen[-1] == 8
    assert sorted(seen[4:]) == seen[4:]


@pytest.mark.anyio
async def test_a_429_to_one_worker_pauses_all_for_the_longest_retry_after(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    await acquire(throttle)
    await acquire(throttle)
    answered(throttle, 20.0)
    answered(throttle, 5.0)
    await acquire(throttle)
    assert (clock.now, clock.slept) == (120.0, [20.0])
    await acquire(throttle)
    assert clock.slept == [20.0]


@pytest.mark.anyio
async def test_a_pause_beyond_the_budget_fails_at_once(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    await acquire(throttle)
    answered(throttle, 86_400.0)
    with pytest.raises(ThrottleBudgetExceeded) as caught:
        await acquire(throttle)
    assert caught.value.message == "GET /x: not sent: the API asked to wait another 86400 s"
    assert clock.slept == []


@pytest.mark.anyio
async def test_pauses_in_a_row_share_one_budget_that_a_success_resets(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    for _ in range(2):  # after 40 seconds the budget is nearly spent
        await acquire(throttle)
        answered(throttle, 20.0)
    await acquire(throttle)
    answered(throttle)
    for _ in range(2):
        await acquire(throttle)
        answered(throttle, 25.0)
    await acquire(throttle)  # 50 seconds in a row: all of the budget
    answered(throttle, 1.0)
    with pytest.raises(ThrottleBudgetExceeded):
        await acquire(throttle)


@pytest.mark.anyio
async def test_a_success_of_another_worker_does_not_shorten_a_pause(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    await acquire(throttle)
    await acquire(throttle)
    answered(throttle, 51.0)
    answered(throttle)
    with pytest.raises(ThrottleBudgetExceeded):
        await acquire(throttle)


@pytest.mark.anyio
@pytest.mark.parametrize("offered", [False, True], ids=["before a slot is free", "once a slot is offered"])
async def test_the_slot_of_a_cancelled_caller_goes_to_the_next(clock: Clock, *, offered: bool) -> None:
    throttle = throttle_of(1, clock)
    await acquire(throttle)
    gone = asyncio.create_task(acquire(throttle))
    waiting = asyncio.create_task(acquire(throttle))
    await settle()
    if offered:
        throttle.release()
        gone.cancel()
    else:
        gone.cancel()
        throttle.release()
    await settle()
    assert (gone.cancelled(), waiting.done()) == (True, True)


@pytest.mark.anyio
async def test_a_caller_cancelled_during_a_pause_leaves_its_slot_to_the_next() -> None:
    now, never = [100.0], asyncio.Event()

    async def sleep(_seconds: float) -> None:
        await never.wait()

    throttle = Throttle(2, lambda: now[0], sleep)
    await acquire(throttle)
    await acquire(throttle)
    gone, waiting = asyncio.create_task(acquire(throttle)), asyncio.create_task(acquire(throttle))
    await settle()
    answered(throttle, 5.0)
    answered(throttle, 5.0)  # now the limit is 1: one of the two is woken, and pauses
    await settle()
    now[0] += 5.0
    gone.cancel()
    await settle()
    assert (gone.cancelled(), waiting.done()) == (True, True)


@pytest.mark.anyio
async def test_a_caller_that_finds_its_budget_spent_wakes_the_next(clock: Clock) -> None:
    throttle = throttle_of(1, clock)
    await acquire(throttle)
    callers = [asyncio.create_task(acquire(throttle)) for _ in range(3)]
    await settle()
    answered(throttle, 51.0)
    await settle()
    assert [type(caller.exception()) for caller in callers if caller.done()] == [ThrottleBudgetExceeded] * 3


@pytest.mark.anyio
async def test_a_request_without_an_answer_raises_no_limit_and_resets_no_budget(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    await acquire(throttle)
    answered(throttle, 40.0)
    for _ in range(10):
        await acquire(throttle)
        throttle.release()
    assert throttle.allowed == 4
    await acquire(throttle)
    answered(throttle, 20.0)
    with pytest.raises(ThrottleBudgetExceeded):
        await acquire(throttle)
