"""Every number the process can end with, and how many verdicts become one."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """Process exit codes. `MEANINGS` has one sentence for each; the documentation is generated from both."""

    OK = 0
    ERROR = 1
    CHANGES = 2
    WAITING = 3
    STUCK = 4
    REFUSED = 5
    PARTIAL = 6
    CREDENTIALS = 7
    UNREACHABLE = 8
    USAGE = 64
    DATA = 65
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def outcome(self) -> str:
        """The word that documents have beside the number."""
        return "interrupted" if self is ExitCode.TERMINATED else self.name.lower()


WORST_FIRST = (
    ExitCode.PARTIAL,
    ExitCode.ERROR,
    ExitCode.CREDENTIALS,
    ExitCode.UNREACHABLE,
    ExitCode.REFUSED,
    ExitCode.STUCK,
    ExitCode.WAITING,
    ExitCode.CHANGES,
    ExitCode.OK,
)

MEANINGS = {
    ExitCode.OK: "done, nothing to do, or ready; `plan` with changes too, unless `--detailed-exitcode`",
    ExitCode.ERROR: "an error that no other code describes",
    ExitCode.CHANGES: "`plan --detailed-exitcode` with a create, delete or replace; `drift` that found drift",
    ExitCode.WAITING: "`verify` or `--wait`: not ready yet; `dns check`: a record is missing, wrong or not checked",
    ExitCode.STUCK: "FAILED or FAILING, seen again after a fresh `test_connection`; `--probe`: a ready hostname does not serve",
    ExitCode.REFUSED: "protected, over a limit, other digest, stale or expired plan, no consent, wrong environment, "
    "a receipt in use; "
    "also `plan` of what `apply` would refuse",
    ExitCode.PARTIAL: "a write was done and the plan not finished, also if the old hostname was restored",
    ExitCode.CREDENTIALS: "before any write: a key is missing, of the wrong kind or rejected, or the plan lacks the feature",
    ExitCode.UNREACHABLE: "no network, 5xx, retries spent, or an answer that is not the API's: live is unknown",
    ExitCode.USAGE: "bad command line",
    ExitCode.DATA: "invalid manifest, plan file or baseline",
    ExitCode.INTERRUPTED: "SIGINT before any write; after one, 6",
    ExitCode.TERMINATED: "SIGTERM before any write; after one, 6",
}


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The one code for many environments: the first of 6, 1, 7, 8, 5, 4, 3, 2, 0 that occurs; 0 for none.

    Raises ValueError for a code that no environment can end with.
    """
    return min(codes, key=WORST_FIRST.index, default=ExitCode.OK)


_OF_KIND = {
    "not_sent": ExitCode.UNREACHABLE,
    "no_answer": ExitCode.UNREACHABLE,
    "throttled": ExitCode.UNREACHABLE,
    "server_fault": ExitCode.UNREACHABLE,
    "unexpected": ExitCode.UNREACHABLE,
    "unknown": ExitCode.UNREACHABLE,
    "still_shown": ExitCode.UNREACHABLE,
    "step_timeout": ExitCode.UNREACHABLE,
    "key_unusable": ExitCode.CREDENTIALS,
    "unauthorized": ExitCode.CREDENTIALS,
    "payment_required": ExitCode.CREDENTIALS,
    "changed": ExitCode.REFUSED,
    "wrong_environment": ExitCode.REFUSED,
    "outside_change_window": ExitCode.REFUSED,
    "interrupted": ExitCode.PARTIAL,
    "dependency": ExitCode.PARTIAL,
    "stopped": ExitCode.PARTIAL,
}


def code_of(kind: str) -> ExitCode:
    """The code of an error by its `kind`, of a BackendError or a StepError. 1 for any other kind, such as `conflict`."""
    return _OF_KIND.get(kind, ExitCode.ERROR)
