"""From a result to its report, and from a report to text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.conclusion import report_of
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.style import Style

if TYPE_CHECKING:
    from reconciler.model.results import Report, Result
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


def report(command: str, workspace: Workspace, context: Context, result: Result) -> Report:
    """The report of a result, with exit code and reason in its `conclusion`.

    `command` is the name of the command that has this result, such as `drift`.
    """
    return report_of(command, context.now(), result, workspace.source, workspace.diagnostics)


def render_report(report: Report, format_: str = "json") -> str:
    """The report in one of the formats of its command, without colour. Raises ValueError for another format."""
    command = report.command or ""
    if format_ not in FORMATS.get(command, {}):
        raise ValueError(f"`{command}` has no format `{format_}`: use one of {', '.join(FORMATS.get(command, {}))}")
    return renderer(command, format_)(report, Style())
