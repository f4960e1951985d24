"""The choice to delete stale DNS records, before the baseline is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, Stopped

if TYPE_CHECKING:
    from reconciler.operations.stale import Stale


@dataclass(frozen=True, slots=True)
class StaleChoice:
    """`baseline` is the path of a receipt, plan or report. The others are as in `Stale`."""

    delete_stale: bool
    baseline: str | None
    believe_absent: bool

    def load(self) -> Stale | None:
        """Raises Stopped for a baseline that cannot be used, and for options that need another one."""
        from reconciler.operations.drift import baseline_in
        from reconciler.operations.stale import Stale

        if self.delete_stale != (self.baseline is not None):
            raise _usage("--delete-stale and --baseline need each other")
        if self.believe_absent and not self.delete_stale:
            raise _usage("--believe-absent needs --delete-stale")
        found = baseline_in(self.baseline)
        return Stale(found, self.believe_absent) if found else None


def _usage(message: str) -> Stopped:
    return Stopped(Failed(ExitCode.USAGE, "usage", message))
