"""What `drift` found: how live differs from the manifest, and from before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict
from reconciler.model.domains import Present
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import IDENTITY_CODES, Action
from reconciler.model.report import DriftKind
from reconciler.model.results import DriftResult
from reconciler.render.health import health_of
from reconciler.render.lookups import render_lookups, render_notes
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import DRIFT_COMMANDS, by_kind
from reconciler.render.probes import render_probes
from reconciler.render.text.sections import blocks, counted, hints, joined, read_again, render_failure, unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Finding
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_COLOURS = {
    DriftKind.MISSING: "red",
    DriftKind.HOSTNAME_DIFFERS: "red",
    DriftKind.HEALTH_REGRESSED: "red",
    DriftKind.UNEXPECTED: "yellow",
    DriftKind.DNS_TARGETS_CHANGED: "yellow",
    DriftKind.RECREATED: "yellow",
}
_FROM_MANIFEST = {DriftKind.MISSING, DriftKind.HOSTNAME_DIFFERS, DriftKind.UNEXPECTED}
_COMMANDS = ("plan", "dns sync", "dns check", "verify")
"""In the order in which they are run."""


def render_drift(report: Report, style: Style) -> str:
    """Each finding with what differs, its cause and its place, then the numbers, and what to do next."""
    if not isinstance(report.result, DriftResult):
        return render_failure(report, style)
    drift = report.result
    environments = {item.name: item for item in drift.plan.environments}
    looked_up = [record for record in drift.records if record.lookup and record.lookup.verdict is not DnsVerdict.OK]
    found = by_kind(drift.findings)
    return joined(
        [
            blocks((item for item in drift.blocks if item.code in IDENTITY_CODES), style),
            unreadable(drift.plan, style),
            "\n".join(line for item in found for line in _finding(item, environments.get(item.environment), style)),
            render_lookups(looked_up, style),
            render_notes(drift.dns_notes, style),
            render_probes(drift.probes, style),
            drift_total(drift),
            hints(drift.plan),
            next_of_drift(drift, style),
        ]
    )


def _finding(item: Finding, plan: EnvironmentPlan | None, style: Style) -> Iterator[str]:
    """The kind, the environment and where its hostname is written, then each value that differs. `plan` is None where a document
    was edited."""
    span, live = (plan.environment.span, plan.live) if plan else (None, None)
    from_manifest = item.kind in _FROM_MANIFEST
    colour = _COLOURS[item.kind] if item.is_drift or live is None else health_of(live).colour
    hostname = "" if from_manifest or item.hostname is None else escape_control(display_hostname(item.hostname))
    if not item.is_drift and isinstance(live, Present):
        hostname += f": {escape_control(live.domain.short_health)}"
    about = [
        style(colour, f"{item.words}  {escape_control(item.environment)}"),
        f"{escape_control(span.file)}:{span.line}" if span else "",
        hostname,
        item.cause.words if item.cause else "",
        "protected" if from_manifest and plan and plan.environment.protect else "",
    ]
    yield "  ".join(part for part in about if part)
    for change in item.changes:
        labels = ("live", "desired") if from_manifest else (change.path, change.path)
        for sign, value, label in zip("-+", (change.before, change.after), labels, strict=True):
            if value:
                yield f"    {style('red' if sign == '-' else 'green', f'{sign} {escape_control(value)}')}  {label}"


def drift_total(drift: DriftResult) -> str:
    """How many environments drifted, how many could not be read, and how many are not ready, in sentences."""
    total, unread = len(drift.plan.environments), len(drift.plan.unreadable)
    drifted = len({item.environment for item in drift.findings if item.counts and item.is_drift})
    in_total = counted(total, "environment")
    if unread == total and total:
        return f"{unread} of {in_total} could not be read."
    if drifted:
        text = f"{drifted} of {in_total} drifted."
    else:
        text = f"No drift in {f'{total - unread} of ' if unread else ''}{in_total}."
    return " ".join(
        [text, *([f"{unread} could not be read."] if unread else []), *_not_ready(drift), *_not_serving(drift)]
    )


def _not_ready(drift: DriftResult) -> Iterator[str]:
    """How many desired domains are not ready, apart from those that have drifted, and whether that counts."""
    counting = [item for item in drift.findings if item.kind is DriftKind.HEALTH_REGRESSED and item.counts]
    names = {item.environment for item in counting if not item.is_drift} if counting else uncounted(drift)
    if names:
        yield f"{len(names):,} {'is' if len(names) == 1 else 'are'} not ready."
        yield "Health is counted (--health)." if counting else "Health is not counted (add --health)."


def uncounted(drift: DriftResult) -> set[str]:
    """The environments whose domain is not ready, where health does not count."""
    names = {item.name for item in drift.plan.environments if item.action is Action.VERIFY}
    names |= {item.environment for item in drift.findings if not item.counts}
    return names - {
        item.environment for item in drift.findings if item.counts and item.kind is DriftKind.HEALTH_REGRESSED
    }


def _not_serving(drift: DriftResult) -> Iterator[str]:
    failed = sum(probe.failed for probe in drift.probes)
    if failed:
        yield f"{counted(failed, 'hostname')} {'does' if failed == 1 else 'do'} not serve."


def next_of_drift(drift: DriftResult, style: Style) -> str:
    """What makes live as desired or finds the cause, in one sentence; empty where there is nothing to do."""
    next_command = NextCommand(drift.plan, style)
    if drift.plan.unreadable:
        return read_again("drift", next_command)
    wanted = {DRIFT_COMMANDS[item.kind] for item in drift.findings}
    wanted |= {"dns check"} if any(probe.failed for probe in drift.probes) else set()
    wanted |= {"verify"} if uncounted(drift) else set()
    steps = [
        f"`{next_command.line(command)}`" + (", then apply" if command == "plan" else "")
        for command in _COMMANDS
        if command in wanted or (command == "plan" and "apply" in wanted)
    ]
    return f"Next: run {', then '.join(steps)}." if steps else ""
