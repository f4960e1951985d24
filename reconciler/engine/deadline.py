"""The time that one step may take, with its re-reads and retries."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from reconciler.model.errors import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")


_TIMERS_DIFFER = 1.0  # seconds, at most, without a stop


class StepTimeout(NoAnswer):
    """The time of the step is spent. Like any lost answer: the call may have happened."""

    kind = "step_timeout"
    hint = "check the network and the API, then run apply again; a longer --step-timeout gives each step more time"


class Deadline:
    """Ends `seconds` after it was made, by `clock`."""

    def __init__(
        self, seconds: float, clock: Callable[[], float], sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._sleep = sleep
        self._end = clock() + seconds

    @property
    def remaining(self) -> float:
        """Seconds left; negative when the time is spent."""
        return self._end - self._clock()

    def check(self) -> None:
        """Raises StepTimeout when the time is spent."""
        if self.remaining <= 0:
            raise self._spent()

    async def call(self, call: Callable[[], Awaitable[T]], *, repeatable: bool = False) -> T:
        """The result of the call. Raises StepTimeout when the time runs out first.

        The timer goes on while the process is stopped: then the call is made again if it is `repeatable`; otherwise NoAnswer is
        raised.
        """
        while True:
            self.check()
            try:
                async with asyncio.timeout(self.remaining) as limit:
                    return await call()
            except TimeoutError:
                if not limit.expired():
                    raise
                if self.remaining <= _TIMERS_DIFFER:
                    raise self._spent() from None
                if not repeatable:
                    raise NoAnswer("the process was stopped meanwhile") from None

    async def pause(self, seconds: float) -> None:
        """Sleep. Raises StepTimeout at once when the pause is longer than the time left."""
        if seconds > self.remaining:
            raise self._spent()
        await self._sleep(seconds)

    def _spent(self) -> StepTimeout:
        return StepTimeout(f"no result within the step timeout of {self._seconds:g} s")
