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
    return Throttle(limit, clock, clock.sleep, budget=50.0)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.anyio
async def test_at_most_limit_requests_are_in_flight_and_waiting_ones_follow_in_order(clock: Clock) -> None:
    throttle, entered = throttle_of(2, clock), []

    async def ask(number: int) -> None:
        await throttle.acquire()
        entered.append(number)

    tasks = [asyncio.create_task(ask(number)) for number in range(4)]
    await settle()
    assert entered == [0, 1]
    throttle.release()
    await settle()
    assert entered == [0, 1, 2]
    throttle.release()
    throttle.release()
    await asyncio.gather(*tasks)
    assert entered == [0, 1, 2, 3]


@pytest.mark.anyio
async def test_a_429_halves_the_limit_and_successes_raise_it_slowly(clock: Clock) -> None:
    throttle, seen = throttle_of(8, clock), []
    for throttled in (None, 0.0, 0.0, 0.0, 0.0, *[None] * 40):
        await throttle.acquire()
        throttle.release(throttled_for=throttled)
        seen.append(throttle.allowed)
    assert seen[:5] == [8, 4, 2, 1, 1]
    assert seen[5:10] == [2, 2, 2, 3, 3]
    assert seen[-1] == 8
    assert sorted(seen[4:]) == seen[4:]


@pytest.mark.anyio
async def test_a_429_to_one_worker_pauses_all_for_the_longest_retry_after(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    await throttle.acquire()
    await throttle.acquire()
    throttle.release(throttled_for=20.0)
    throttle.release(throttled_for=5.0)
    await throttle.acquire()
    assert (clock.now, clock.slept) == (120.0, [20.0])
    await throttle.acquire()
    assert clock.slept == [20.0]


@pytest.mark.anyio
async def test_a_pause_beyond_the_budget_fails_at_once(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    await throttle.acquire()
    throttle.release(throttled_for=86_400.0)
    with pytest.raises(ThrottleBudgetExceeded) as caught:
        await throttle.acquire("GET /x")
    assert caught.value.message == "GET /x: not sent: the API asked to wait another 86400 s"
    assert clock.slept == []


@pytest.mark.anyio
async def test_pauses_in_a_row_share_one_budget_that_a_success_resets(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    for _ in range(2):  # after 40 seconds the budget is nearly spent
        await throttle.acquire()
        throttle.release(throttled_for=20.0)
    await throttle.acquire()
    throttle.release()
    for _ in range(2):
        await throttle.acquire()
        throttle.release(throttled_for=25.0)
    await throttle.acquire()  # 50 seconds in a row: all of the budget
    throttle.release(throttled_for=1.0)
    with pytest.raises(ThrottleBudgetExceeded):
        await throttle.acquire()


@pytest.mark.anyio
async def test_a_success_of_another_worker_does_not_shorten_a_pause(clock: Clock) -> None:
    throttle = throttle_of(8, clock)
    await throttle.acquire()
    await throttle.acquire()
    throttle.release(throttled_for=51.0)
    throttle.release()
    with pytest.raises(ThrottleBudgetExceeded):
        await throttle.acquire()


@pytest.mark.anyio
async def test_a_cancelled_waiter_takes_no_slot(clock: Clock) -> None:
    throttle = throttle_of(1, clock)
    await throttle.acquire()
    gone = asyncio.create_task(throttle.acquire())
    waiting = asyncio.create_task(throttle.acquire())
    await settle()
    gone.cancel()
    await settle()
    throttle.release()
    throttle.release()
    await asyncio.wait_for(waiting, 1)
