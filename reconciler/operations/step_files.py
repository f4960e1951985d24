"""The files through which a step of a GitHub workflow passes results on: GITHUB_OUTPUT and GITHUB_STEP_SUMMARY."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.files import append
from reconciler.model.exit_codes import ExitCode
from reconciler.render.github import MAX_SUMMARY_BYTES, step_outputs, step_summary

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reconciler.model.results import Report
    from reconciler.render.style import Style


def write_step_files(
    report: Report, code: ExitCode, environ: Mapping[str, str], style: Style, on_error: Callable[[str], object]
) -> ExitCode:
    """Append the outputs and the summary of a run that ends with `code`: the code, or 1 where that was 0 and writing failed.

    `environ` names the files. `on_error` gets a message for each that cannot be written.
    """

    def written(variable: str, what: str, text: str) -> bool:
        path = environ.get(variable)
        try:
            if path:
                append(path, text)
        except OSError as error:
            on_error(f"could not write the {what} to {path}: {error.strerror or error}")
            return False
        return True

    summary = step_summary(report, style, MAX_SUMMARY_BYTES - _size(environ.get("GITHUB_STEP_SUMMARY")))
    code = code if written("GITHUB_STEP_SUMMARY", "step summary", summary) else code or ExitCode.ERROR
    outputs = "".join(f"{name}={value}\n" for name, value in step_outputs(report, code).items())
    return code if written("GITHUB_OUTPUT", "step outputs", outputs) else code or ExitCode.ERROR


def _size(path: str | None) -> int:
    """Bytes that earlier commands of the same step have written."""
    try:
        return Path(path).stat().st_size if path else 0
    except (OSError, ValueError):
        return 0
