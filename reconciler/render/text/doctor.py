"""The checks of `doctor` as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.doctor import CheckState
from reconciler.model.escape import escape_control
from reconciler.model.results import DoctorResult
from reconciler.render.layout import columns, wrap
from reconciler.render.text.sections import render_failure

if TYPE_CHECKING:
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_COLOURS = {CheckState.OK: "green", CheckState.WARNING: "yellow", CheckState.FAILED: "red", CheckState.SKIPPED: "dim"}


def render_doctor(report: Report, style: Style) -> str:
    """A line for each check, and a second one with what to do."""
    if not isinstance(report.result, DoctorResult):
        return render_failure(report, style)
    lines = []
    for check in report.result.checks:
        start = f"{style(_COLOURS[check.state], f'{check.state:<8}')} {check.name:<9} "
        lines += wrap(escape_control(check.message), style.width, first=start)
        if check.hint:
            lines += wrap(f"hint: {escape_control(check.hint)}", style.width, first=" " * columns(start))
    return "".join(f"{line}\n" for line in lines)
