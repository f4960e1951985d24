"""How long a step waits and how often it is tried."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def _doubling(attempt: int) -> float:
    return min(8.0, 0.25 * 2.0 ** (attempt - 1))


def _with_sleep() -> float:
    """Seconds of a clock that goes on while the machine sleeps."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


@dataclass(frozen=True, slots=True)
class WritePolicy:
    """How long a step waits, in seconds. `retries` counts sends after the first, of writes that certainly did not happen;
    `visibility_delays` are the pauses in which reads may still show the state before a write; `step_timeout` bounds a step
    with its re-reads and retries, `completing_read` the read between a delete and the create that completes it. `clock` may
    leave out the time in which the process is stopped; `now` has all time, for the age of a read."""

    retries: int = 4
    delay: Callable[[int], float] = _doubling
    visibility_delays: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    step_timeout: float = 120.0
    completing_read: float = 3.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = _with_sleep

    def deadline(self) -> Deadline:
        """The end of a step that begins now."""
        return Deadline(self.step_timeout, self.clock, self.sleep)
