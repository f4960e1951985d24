"""What is live, beside what the manifest desires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable, or_not_known
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.results import StatusResult
from reconciler.render.condition import Condition, conditions, status_total
from reconciler.render.layout import table
from reconciler.render.next_command import NextCommand
from reconciler.render.probes import render_probes
from reconciler.render.text.sections import hints, joined, read_again, render_failure, unreadable

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_HEADER = ("ENVIRONMENT", "STATUS", "CERTIFICATE", "HOSTNAME")

_COMMANDS = {
    Condition.NOT_SERVING: "dns check",
    Condition.CERTIFICATE_WRONG: "dns check",
    Condition.DIFFERENT: "plan",
    Condition.FAILING: "verify",
    Condition.WAITING: "verify",
    Condition.NOT_PROBED: "status --probe",
}
"""What to do first."""


def render_status(report: Report, style: Style) -> str:
    """The live state of each environment beside the desired one: what is not ready first, and the numbers last."""
    if not isinstance(report.content, StatusResult):
        return render_failure(report, style)
    plan = report.content.plan
    pairs = conditions(report.content)
    listed, folded = style.folded(pairs, lambda pair: pair[1] is Condition.READY)
    rows = [
        (escape_control(item.name), style(condition.colour, status), *rest)
        for item, condition in listed
        for status, *rest in [_cells(item)]
    ]
    return joined(
        [
            table(rows, style.width, header=_HEADER),
            folded,
            unreadable(plan, style),
            render_probes(report.content.probes, style),
            f"Status: {status_total(pairs) or 'no environment'}.",
            hints(plan),
            next_of_status(report.content, style),
        ]
    )


def next_of_status(result: StatusResult, style: Style) -> str:
    """What to do first about the environments that are not ready or not as desired; empty where there are none."""
    known = {condition for _, condition in conditions(result)}
    next_command = NextCommand(result.plan, style)
    if Condition.UNREADABLE in known:
        return read_again("status", next_command)
    command = next((command for condition, command in _COMMANDS.items() if condition in known), None)
    return f"Next: run `{next_command.line(command)}`." if command else ""


def _cells(item: EnvironmentPlan) -> tuple[str, str, str]:
    match item.live:
        case Present(domain):
            statuses = (or_not_known(domain.status), or_not_known(domain.certificate_status))
            hostname = display_hostname(domain.hostname)
        case Unreadable():
            statuses, hostname = ("unreadable", "-"), ""
        case _:
            statuses, hostname = ("absent", "-"), ""
    status, certificate_status = map(escape_control, statuses)
    return status, certificate_status, "\n".join(filter(None, [escape_control(hostname), _desired(item)])) or "-"


def _desired(item: EnvironmentPlan) -> str:
    """What follows the live hostname, or is below it."""
    desired = item.environment.hostname
    return f"desired: {escape_control(display_hostname(desired)) if desired else 'none'}" if item.changes else ""
