"""Limits the rate of requests of a run, shared by all its workers: a 429 to one of them slows down all."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from reconciler.model.backend import Paused
from reconciler.model.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class ThrottleBudgetExceeded(Throttled):
    """Not sent: the API asked for a longer wait than the run accepts. A retry cannot help."""


class Throttle:
    """Lets `limit` requests be in flight; halves that and pauses at each 429, and recovers one success at a time.

    `clock` gives seconds that never go back; `sleep` takes seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._limit = limit
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

    async def acquire(self, call: str, budget: float) -> None:
        """Wait for a free slot; `release` gives it back. The run waits at most `budget` seconds between two successes.

        Raises ThrottleBudgetExceeded, which names the `call`.
        """
        try:
            await self._wait(call, budget)
        except BaseException:
            self._wake()  # a slot that was offered to this caller goes to the next
            raise
        self._in_flight += 1

    def take(self) -> None:
        """A slot at once, for what must not wait: neither for others nor for a pause. `release` gives it back."""
        self._in_flight += 1

    def check(self, call: str) -> None:
        """Raises Paused while a pause is in force."""
        if self._not_before > self._clock():
            raise Paused(f"{call}: not sent: the API has asked for a pause")

    def succeeded(self) -> None:
        """The API has answered normally: raise the limit, and count the next pause from its own start."""
        self._throttled_since = None
        self._allowed = min(self._limit, self._allowed + 1 / self._allowed)

    def throttled(self, seconds: float) -> None:
        """A 429 has come, which demands a pause: halve the limit, and send nothing before its end."""
        now = self._clock()
        self._allowed = max(1.0, self._allowed / 2)
        self._not_before = max(self._not_before, now + seconds)
        self._throttled_since = now if self._throttled_since is None else self._throttled_since

    def release(self) -> None:
        """Give the slot back."""
        self._in_flight -= 1
        self._wake()

    async def _wait(self, call: str, budget: float) -> None:
        """Until no pause is left and a slot is free."""
        while True:
            now = self._clock()
            pause = self._not_before - now
            if pause > 0:
                since = now if self._throttled_since is None else self._throttled_since
                if self._not_before - since > budget:
                    raise ThrottleBudgetExceeded(f"{call}: not sent: the API asked to wait another {pause:.0f} s")
                await self._sleep(pause)
            elif self._in_flight < self.allowed:
                return
            else:
                slot = asyncio.get_running_loop().create_future()
                self._waiting.append(slot)
                await slot

    def _wake(self) -> None:
        """Let as many callers look again as slots are free. One that was cancelled while it waited does not count."""
        free = self.allowed - self._in_flight
        while free > 0 and self._waiting:
            slot = self._waiting.popleft()
            if not slot.done():
                slot.set_result(None)
                free -= 1
