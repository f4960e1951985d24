"""Cooperative cancellation flag, checked before each step."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from contextlib import AbstractContextManager

    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.report import StepError

T = TypeVar("T")


class Stop:
    """`requested` is the exit code of the signal that stops the run, or None. `halted` is why nothing may be written any more
    but creates that complete a delete, or None.

    `patient`: the run ends by itself, after the create that completes a delete. Otherwise it may be cancelled at once.
    """

    def __init__(self) -> None:
        self.requested: ExitCode | None = None
        self.halted: StepError | None = None
        self.patient = False

    def request(self, code: ExitCode) -> None:
        """Stop the run. The code of the first request is kept."""
        self.requested = self.requested or code

    def halt(self, reason: StepError) -> None:
        """Start no further step, and send no further delete: a lane that has deleted completes or restores."""
        self.halted = self.halted or reason


async def stoppable(
    work: Coroutine[Any, Any, T],
    stop: Stop,
    listening: Callable[[Callable[[ExitCode], None]], AbstractContextManager[None]],
    on_patience: Callable[[], object],
) -> T:
    """Do the work until it ends, or is cancelled by a stop: then CancelledError passes.

    Within `listening` a listener gets the exit code of each signal, in any context. The first one of a patient run cancels
    nothing and calls `on_patience`; the second one cancels.
    """
    loop = asyncio.get_running_loop()
    task = loop.create_task(work)

    def on_signal(code: ExitCode) -> None:
        again = stop.requested is not None
        stop.request(code)
        if stop.patient and not again:
            on_patience()
        else:
            task.cancel()

    def forward(code: ExitCode) -> None:
        loop.call_soon_threadsafe(on_signal, code)

    with listening(forward):
        return await task
