"""Ends that no operation expected: an exception, or an output that could not be written. Pure."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.conclusion import conclude
from reconciler.model.errors import BackendError
from reconciler.model.exit_codes import ExitCode, code_of, worst
from reconciler.model.results import Conclusion, Crashed, Failed, Report


def failure_of(error: Exception) -> Failed:
    """A failure of the API, or a bug. What a crashed apply has done by then is kept."""
    if isinstance(error, BackendError):
        return Failed(code_of(error.kind), error.kind, error.message, error.hint)
    so_far = error.so_far if isinstance(error, Crashed) else None
    cause = error.__cause__ if isinstance(error, Crashed) else error
    return Failed(
        worst([ExitCode.ERROR, conclude(so_far).exit_code]) if so_far else ExitCode.ERROR,
        "internal_error",
        f"internal error: {type(cause).__name__}",
        "this is a bug: run again with -vv and report the output",
        so_far=so_far,
    )


def interrupted(code: ExitCode) -> Failed:
    """A signal came first."""
    return Failed(code, "interrupted", "interrupted before anything was written")


def without_output(report: Report, reason: str) -> Report:
    """The report of a run that could not write all of its outputs: what went well ends with 1."""
    if report.conclusion.exit_code is not ExitCode.OK:
        return report
    return replace(report, conclusion=Conclusion(ExitCode.ERROR, reason))
