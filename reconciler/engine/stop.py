"""The wish to stop, as a value that the engine looks at before each new step."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode


class Stop:
    """`requested` is the exit code of the signal that asked to stop, or None.

    `patient` says that the run finishes by itself what it must not leave half done; else it may be cancelled at once.
    """

    def __init__(self) -> None:
        self.requested: ExitCode | None = None
        self.patient = False

    def request(self, code: ExitCode) -> None:
        """Ask to stop. The first wish is kept."""
        self.requested = self.requested or code
