"""Limits the rate of requests of a run, shared by all its workers: a 429 to one of them slows down all."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from reconciler.model.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class ThrottleBudgetExceeded(Throttled):
    """Not sent: the API asked for a longer wait than the run accepts. A retry cannot help."""


class Throttle:
    """Lets `limit` requests be in flight; halves that and pauses at each 429, and recovers one success at a time.

    `clock` gives seconds that never go back; `sleep` takes seconds. The run waits at most `budget` seconds in total
    between two successes.
    """

    def __init__(
        self, limit: int, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]], budget: float = 120.0
    ) -> None:
        self._limit = limit
        self._budget = budget
        self._throttled_since: float | None = None
        self._allowed = float(limit)
        self._in_flight = 0
        self._not_before = 0.0
        self._clock = clock
        self._sleep = sleep
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def allowed(self) -> int:
        """Requests that may be in flight now."""
        return max(1, int(self._allowed))

    async def acquire(self, call: str = "", budget: float | None = None) -> None:
        """Wait for a free slot; `release` gives it back. `budget` replaces that of the run for this call.

        Raises ThrottleBudgetExceeded, which names the `call`.
        """
        budget = self._budget if budget is None else budget
        while True:
            now = self._clock()
            pause = self._not_before - now
            if pause > 0:
                since = now if self._throttled_since is None else self._throttled_since
                if self._not_before - since > budget:
                    raise ThrottleBudgetExceeded(f"{call}: not sent: the API asked to wait another {pause:.0f} s")
                await self._sleep(pause)
            elif self._in_flight < self.allowed:
                self._in_flight += 1
                return
            else:
                slot = asyncio.get_running_loop().create_future()
                self._waiting.append(slot)
                await slot

    def release(self, *, throttled_for: float | None = None) -> None:
        """Give the slot back. `throttled_for` is the pause in seconds that a 429 demands; None for any other answer."""
        self._in_flight -= 1
        if throttled_for is None:
            self._throttled_since = None
            self._allowed = min(self._limit, self._allowed + 1 / self._allowed)
        else:
            now = self._clock()
            self._allowed = max(1.0, self._allowed / 2)
            self._not_before = max(self._not_before, now + throttled_for)
            self._throttled_since = now if self._throttled_since is None else self._throttled_since
        for _ in range(min(len(self._waiting), max(0, self.allowed - self._in_flight))):
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_result(None)
