"""What is live, beside what the manifest desires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.results import StatusResult
from reconciler.render.differences import hostname_lines
from reconciler.render.layout import table
from reconciler.render.next_command import NextCommand
from reconciler.render.probes import render_probes
from reconciler.render.standing import Standing, counted_standings, of_status
from reconciler.render.text.sections import (
    hints,
    joined,
    mistaken,
    next_of_mistaken,
    read_again,
    render_failure,
)

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_HEADER = ("ENVIRONMENT", "STATE", "HEALTH", "HOSTNAME")

_COMMANDS = {
    Standing.STUCK: "verify",
    Standing.NOT_SERVING: "dns check",
    Standing.CERTIFICATE_WRONG: "dns check",
    Standing.ABSENT: "plan",
    Standing.DIFFERENT: "plan",
    Standing.UNEXPECTED: "plan",
    Standing.WAITING: "verify",
    Standing.NOT_PROBED: "status --probe",
}
"""What to do first."""


def render_status(report: Report, style: Style) -> str:
    """The live state of each environment beside the desired one: what is not ready first, and the numbers last."""
    if not isinstance(report.content, StatusResult):
        return render_failure(report, style)
    plan = report.content.plan
    pairs = of_status(report.content)
    listed, folded = style.folded(pairs, lambda pair: pair[1] is Standing.READY)
    rows = [
        (escape_control(item.name), style(standing.colour, standing.words), *_cells(item)) for item, standing in listed
    ]
    below = [
        list(hostname_lines(item.before, item.environment.hostname, style)) if item.changes else []
        for item, _ in listed
    ]
    return joined(
        [
            table(rows, style.width, header=_HEADER, below=below),
            folded,
            render_probes(report.content.probes, style),
            status_total(report.content),
            hints(plan, report.diagnostics),
            mistaken(report.content.blocks, style),
            next_of_status(report.content, style),
        ]
    )


def status_total(result: StatusResult) -> str:
    """How many environments have which standing, worst first."""
    return f"Status: {counted_standings(standing for _, standing in of_status(result)) or 'no environment'}."


def next_of_status(result: StatusResult, style: Style) -> str:
    """What to do first about the environments that are not ready or not as desired; empty where there are none."""
    known = {standing for _, standing in of_status(result)}
    next_command = NextCommand(result.plan, style)
    if fix := next_of_mistaken(result.blocks):
        return fix
    command = next((command for standing, command in _COMMANDS.items() if standing in known), None)
    then = ", then apply" if command == "plan" else ""
    first = f"Next: run `{next_command.line(command)}`{then}." if command else ""
    return read_again("status", next_command, first) if Standing.UNREADABLE in known else first


def _cells(item: EnvironmentPlan) -> tuple[str, str]:
    """Both statuses, and the live hostname unless it is below the row, or why it could not be read."""
    match item.live:
        case Present(domain):
            hostname = "" if item.changes else display_hostname(domain.hostname)
            return escape_control(domain.short_health), escape_control(hostname)
        case Unreadable(error):
            return "-", escape_control(error.message)
        case _:
            return "-", "" if item.changes else "-"
