"""The files through which a step of a GitHub workflow passes results on: GITHUB_OUTPUT and GITHUB_STEP_SUMMARY."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.files import append
from reconciler.model.exit_codes import ExitCode
from reconciler.render.github import MAX_SUMMARY_BYTES, step_outputs, step_summary
from reconciler.render.style import Style

if TYPE_CHECKING:
    from reconciler.cli.log import Log
    from reconciler.model.results import Report


def write_step_files(report: Report, code: ExitCode, log: Log) -> ExitCode:
    """Append the outputs and the summary of a run that ends with `code`: the code, or 1 where that was 0 and writing failed."""
    summary = step_summary(report, Style(), MAX_SUMMARY_BYTES - _size(os.environ.get("GITHUB_STEP_SUMMARY")))
    code = _append("GITHUB_STEP_SUMMARY", "step summary", summary, code, log)
    outputs = "".join(f"{name}={value}\n" for name, value in step_outputs(report, code).items())
    return _append("GITHUB_OUTPUT", "step outputs", outputs, code, log)


def _append(variable: str, what: str, text: str, code: ExitCode, log: Log) -> ExitCode:
    path = os.environ.get(variable)
    if not path:
        return code
    try:
        append(path, text)
    except OSError as error:
        log.say("error", f"could not write the {what} to {path}: {error.strerror or error}")
        return code or ExitCode.ERROR
    return code


def _size(path: str | None) -> int:
    """Bytes that earlier commands of the same step have written."""
    try:
        return Path(path).stat().st_size if path else 0
    except (OSError, ValueError):
        return 0
