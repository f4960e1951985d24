"""Every number the process can end with, and how many verdicts become one."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """The table in the README is checked against this enum."""

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
        """The word that documents carry beside the number."""
        return "interrupted" if self is ExitCode.TERMINATED else self.name.lower()


_WORST_FIRST = (
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


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    """The one code for many environments: the first of 6, 1, 7, 8, 5, 4, 3, 2, 0 that occurs; 0 for none."""
    found = set(codes)
    return next((code for code in _WORST_FIRST if code in found), ExitCode.OK)
