"""What is live, and how it differs from the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict
from reconciler.model.domains import Present, Unreadable, or_not_known
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.report import DriftKind
from reconciler.model.results import DriftResult, StatusResult
from reconciler.render.condition import Condition, conditions, status_total
from reconciler.render.layout import table
from reconciler.render.lookups import render_lookups, render_notes
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import DRIFT_COMMANDS, by_kind
from reconciler.render.probes import render_probes
from reconciler.render.text.sections import counted, hints, joined, read_again, render_failure, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Finding
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

_COLOURS = {
    DriftKind.MISSING: "red",
    DriftKind.HOSTNAME_DIFFERS: "red",
    DriftKind.HEALTH_REGRESSED: "red",
    DriftKind.UNEXPECTED: "yellow",
    DriftKind.DNS_TARGETS_CHANGED: "yellow",
    DriftKind.RECREATED: "yellow",
}


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
        for status, *rest in [[escape_control(cell) for cell in _cells(item)]]
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
            hostname = f"{display_hostname(domain.hostname)}{_desired(item)}"
            return or_not_known(domain.status), or_not_known(domain.certificate_status), hostname
        case Unreadable():
            return "unreadable", "-", "-"
        case _:
            return "absent", "-", f"-{_desired(item)}"


def _desired(item: EnvironmentPlan) -> str:
    desired = item.environment.hostname
    return f" (desired: {display_hostname(desired) if desired else 'none'})" if item.changes else ""


def render_drift(report: Report, style: Style) -> str:
    """Each finding with the desired and the live value, its cause, its place and the command that fixes it."""
    if not isinstance(report.result, DriftResult):
        return render_failure(report, style)
    drift = report.result
    places = {item.name: item for item in drift.plan.environments}
    next_command = NextCommand(drift.plan, style)
    looked_up = [record for record in drift.records if record.lookup and record.lookup.verdict is not DnsVerdict.OK]
    return joined(
        [
            unreadable(drift.plan, style),
            *(
                "\n".join(_finding(item, places.get(item.environment), next_command, style))
                for item in by_kind(drift.findings)
            ),
            render_lookups(looked_up, style),
            render_notes(drift.dns_notes, style),
            render_probes(drift.probes, style),
            drift_total(drift),
            hints(drift.plan),
        ]
    )


def _finding(item: Finding, plan: EnvironmentPlan | None, next_command: NextCommand, style: Style) -> Iterator[str]:
    colour, command = _COLOURS[item.kind], DRIFT_COMMANDS[item.kind]
    name = escape_control(item.environment)
    yield f"{style(colour, f'{item.kind}  {name}')}  {escape_control(item.sentence)}"
    for change in item.changes:
        path = "" if change.path == "hostname" else f"  {escape_control(change.path)}"
        before, after = (escape_control(value or "none") for value in (change.before, change.after))
        yield f"    {style('red', f'- {before}')}{path}"
        yield f"    {style('green', f'+ {after}')}{path}"
    span = plan.environment.span if plan else None
    place = f"{escape_control(span.file)}:{span.line}: " if span else ""
    protected = " (`protect` refuses apply)" if next_command.for_one(command, item.environment) != command else ""
    yield f"    {place}run `{next_command.line(command, item.environment)}`{protected}"


def drift_total(drift: DriftResult) -> str:
    """How many environments drifted and how many could not be read, in sentences."""
    total, unread = len(drift.plan.environments), len(drift.plan.unreadable)
    drifted = len({item.environment for item in drift.findings if item.counts})
    in_total = counted(total, "environment")
    if unread == total and total:
        text = f"{unread} of {in_total} could not be read."
    elif drifted:
        text = f"{drifted} of {in_total} drifted." + (f" {unread} could not be read." if unread else "")
    elif unread:
        text = f"No drift in {total - unread} of {in_total}. {unread} could not be read."
    else:
        text = f"No drift in {in_total}."
    if not all(item.counts for item in drift.findings):
        text += " Health is not counted (add --health)."
    return text
