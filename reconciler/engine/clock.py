"""The time in which the process could run."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class RunningClock:
    """A clock in seconds that leaves out the time in which the process is stopped, as by SIGSTOP or in a paused container.

    A stop is noticed inside of `with`, by a timer that comes every `every` seconds: one that is `late` seconds late or more.
    """

    def __init__(self, every: float = 1.0, late: float = 5.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._late = late
        self._clock = clock
        self._stopped = 0.0
        self._due = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def __call__(self) -> float:
        return self._clock() - self.stopped()

    def stopped(self) -> float:
        """Seconds of all stops so far, of one that has just ended too."""
        late = 0.0 if self._timer is None else self._clock() - self._due
        return self._stopped + (late if late >= self._late else 0.0)

    @contextlib.contextmanager
    def busy(self) -> Iterator[None]:
        """What is done inside blocks the process, such as a slow disk: that is no stop."""
        start = self._clock()
        try:
            yield
        finally:
            self._due += self._clock() - start

    def __enter__(self) -> Self:
        self._schedule()
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        self._due = self._clock() + self._every
        self._timer = asyncio.get_running_loop().call_later(self._every, self._tick)

    def _tick(self) -> None:
        self._stopped = self.stopped()
        self._schedule()
