"""How fast a run may ask, shared by all its workers: a 429 to one of them slows down all."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Pace:
    """Lets `limit` requests be in flight; halves that and pauses at each 429, and wins it back one success at a time.

    `clock` gives seconds that never go back; `sleep` takes seconds.
    """

    def __init__(self, limit: int, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]]) -> None:
        self._limit = limit
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

    async def enter(self) -> None:
        """Wait for a place. Whoever enters must leave."""
        while True:
            pause = self._not_before - self._clock()
            if pause > 0:
                await self._sleep(pause)
            elif self._in_flight < self.allowed:
                self._in_flight += 1
                return
            else:
                place = asyncio.get_running_loop().create_future()
                self._waiting.append(place)
                await place

    def leave(self, *, throttled_for: float | None = None) -> None:
        """Give the place back. `throttled_for` says that the answer was a 429 and how many seconds nobody should ask."""
        self._in_flight -= 1
        if throttled_for is None:
            self._allowed = min(self._limit, self._allowed + 1 / self._allowed)
        else:
            self._allowed = max(1.0, self._allowed / 2)
            self._not_before = max(self._not_before, self._clock() + throttled_for)
        for _ in range(min(len(self._waiting), max(0, self.allowed - self._in_flight))):
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
