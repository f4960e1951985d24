"""What is live, and how it differs from the manifest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict
from reconciler.model.domains import Present, Unreadable, or_not_known
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.report import DriftKind
from reconciler.model.results import DriftResult, StatusResult
from reconciler.render.health import Health, health_of
from reconciler.render.layout import table
from reconciler.render.lookups import render_lookups, render_notes
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import DRIFT_COMMANDS, by_health, by_kind
from reconciler.render.probes import render_probes
from reconciler.render.text.sections import counted, hints, joined, render_failure, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.report import Finding
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_HEADER = ("ENVIRONMENT", "STATUS", "CERTIFICATE", "HOSTNAME")

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
    listed, folded = style.folded(by_health(plan.environments), lambda item: health_of(item.live) is Health.READY)
    rows = [tuple(escape_control(cell) for cell in _cells(item)) for item in listed]
    colours = [health_of(item.live).colour for item in listed]
    rows = [(name, style(colour, status), *rest) for (name, status, *rest), colour in zip(rows, colours, strict=True)]
    number = Counter(health_of(item.live) for item in plan.environments)
    total = ", ".join(f"{number[health]:,} {health.words}" for health in Health if number[health])
    differing = differences(plan)
    command = "plan" if differing else "verify" if number[Health.FAILING] or number[Health.WAITING] else ""
    return joined(
        [
            table(rows, style.width, header=_HEADER),
            folded,
            render_probes(report.content.probes, style),
            f"Status: {total or 'no environment'}.{f' {differing}.' if differing else ''}",
            f"Next: run `{NextCommand(plan, style).line(command)}`." if command else "",
            hints(plan),
        ]
    )


def differences(plan: Plan) -> str:
    """How many of the environments are not as desired, in words; empty where there are none."""
    count, total = sum(bool(item.changes) for item in plan.environments), counted(len(plan.environments), "environment")
    return f"{count:,} of {total} {'differs' if count == 1 else 'differ'} from the manifest" if count else ""


def _cells(item: EnvironmentPlan) -> tuple[str, str, str, str]:
    match item.live:
        case Present(domain):
            hostname = f"{display_hostname(domain.hostname)}{_desired(item)}"
            return item.name, or_not_known(domain.status), or_not_known(domain.certificate_status), hostname
        case Unreadable(error):
            return item.name, "unreadable", "-", error.message
        case _:
            return item.name, "absent", "-", f"-{_desired(item)}"


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
