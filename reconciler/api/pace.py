"""How fast a run may ask, shared by all its workers: a 429 to one of them slows down all."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from reconciler.model.errors import Throttled

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Spent(Throttled):
    """Not sent, because the API has wanted silence for longer than the run is ready to wait. Asking again is no use."""


class Pace:
    """Lets `limit` requests be in flight; halves that and pauses at each 429, and wins it back one success at a time.

    `clock` gives seconds that never go back; `sleep` takes seconds. The run waits `budget` seconds in all from one success
    to the next.
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

    async def enter(self, call: str = "", budget: float | None = None) -> None:
        """Wait for a place, and leave it with `leave`. `budget` replaces that of the run for this call. Raises Spent, which
        names the `call`."""
        budget = self._budget if budget is None else budget
        while True:
            now = self._clock()
            pause = self._not_before - now
            if pause > 0:
                since = now if self._throttled_since is None else self._throttled_since
                if self._not_before - since > budget:
                    raise Spent(f"{call}: not sent, because the API wants no calls for another {pause:.0f} s")
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
            self._throttled_since = None
            self._allowed = min(self._limit, self._allowed + 1 / self._allowed)
        else:
            now = self._clock()
            self._allowed = max(1.0, self._allowed / 2)
            self._not_before = max(self._not_before, now + throttled_for)
            self._throttled_since = now if self._throttled_since is None else self._throttled_since
        for _ in range(min(len(self._waiting), max(0, self.allowed - self._in_flight))):
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
