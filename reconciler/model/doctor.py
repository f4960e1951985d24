"""The checks of `doctor`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.exit_codes import ExitCode


class CheckState(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked: the result in one sentence, and what to do about it. Only a failed check has an exit code."""

    name: str
    state: CheckState
    message: str
    hint: str | None = None
    exit_code: ExitCode = ExitCode.OK
