"""Cooperative cancellation flag, checked before each step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.report import StepError


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
