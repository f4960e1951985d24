"""What `drift` found: how live differs from the manifest, and from before."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict
from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import Action
from reconciler.model.report import Cause, DriftKind
from reconciler.model.results import DriftResult
from reconciler.render.differences import difference_lines, hostname_lines, since_lines
from reconciler.render.lookups import render_lookups, render_notes
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import DRIFT_COMMANDS, SHOW_RECORDS, by_kind
from reconciler.render.probes import render_probes
from reconciler.render.standing import (
    HOSTNAME_DIFFERS,
    Standing,
    by_the_api,
    checks_of_drift,
    counted_standings,
    mistaken_environments,
    of_finding,
)
from reconciler.render.text.sections import (
    NO_KEY,
    counted,
    hints,
    joined,
    mistaken,
    mistaken_rows,
    next_of_mistaken,
    read_again,
    render_failure,
    standing_row,
    without_keys,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Finding
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_COMMANDS = ("plan", SHOW_RECORDS, "dns check", "verify")
"""In the order in which they are run."""

_THEN = {"plan": ", then apply", SHOW_RECORDS: " and publish these records"}


def render_drift(report: Report, style: Style) -> str:
    """Each finding with what differs, its cause and its place, then the numbers, and what to do next."""
    if not isinstance(report.result, DriftResult):
        return render_failure(report, style)
    drift = report.result
    looked_up = [record for record in drift.records if record.lookup and record.lookup.verdict is not DnsVerdict.OK]
    return joined(
        [
            "\n".join(_rows(drift, style)),
            render_lookups(looked_up, style),
            render_notes(drift.dns_notes, style),
            render_probes(drift.probes, style),
            drift_total(drift),
            hints(drift.plan, report.diagnostics),
            mistaken(drift.blocks, style),
            next_of_drift(drift, style),
        ]
    )


def shown_findings(drift: DriftResult) -> list[Finding]:
    """Worst first, without those of a domain that is of another Environment: it does not show how this one is."""
    others = mistaken_environments(drift.blocks, drift.plan)
    return by_kind(item for item in drift.findings if item.environment not in others)


def _rows(drift: DriftResult, style: Style) -> Iterator[str]:
    """What is of another Environment, what could not be read, then each finding."""
    environments = {item.name: item for item in drift.plan.environments}
    yield from mistaken_rows(drift, style)
    keyless = without_keys(drift.plan)
    for names in dict.fromkeys(keyless.values()):
        yield f"{style(Standing.UNREADABLE.colour, f'{Standing.UNREADABLE.words}  {names}')}  {NO_KEY}"
    for item in drift.plan.environments:
        if isinstance(item.live, Unreadable) and item.name not in keyless:
            yield standing_row(Standing.UNREADABLE, item, style)
            yield f"    {escape_control(item.live.error.message)}"
    for finding in shown_findings(drift):
        yield from _finding(finding, environments.get(finding.environment), style)


def _finding(item: Finding, plan: EnvironmentPlan | None, style: Style) -> Iterator[str]:
    """A row, then each value that differs. `plan` is None where a document was edited."""
    standing = of_finding(item, plan)
    from_manifest = standing in HOSTNAME_DIFFERS
    hostname = "" if from_manifest or item.hostname is None else escape_control(display_hostname(item.hostname))
    if not item.is_drift and plan and isinstance(plan.live, Present):
        hostname += f": {escape_control(plan.live.domain.short_health)}"
    more = (
        hostname,
        item.cause_words,
        "protected" if from_manifest and plan and plan.environment.protect else "",
    )
    if plan:
        yield standing_row(standing, plan, style, *more)
    else:
        yield "  ".join(
            filter(None, (style(standing.colour, f"{standing.words}  {escape_control(item.environment)}"), *more))
        )
    for change in item.changes:
        if change.path == "hostname":
            yield from hostname_lines(change.before, change.after, style)
        elif item.is_since:
            yield from since_lines(change, style)
        else:
            yield from difference_lines((change.before, change.after), (change.path, change.path), style)


def drift_total(drift: DriftResult) -> str:
    """How many environments drifted and how, and how many of the others have which standing, in sentences. Together they are
    all environments. What DNS lookups and probes found comes last: it does not count."""
    return " ".join(filter(None, (_total_by_the_api(drift), _checks(drift), _health(drift))))


def _checks(drift: DriftResult) -> str:
    found = list(chain.from_iterable(checks_of_drift(drift).values()))
    differing = found.count(Standing.DNS_DIFFERS)
    dns = f"DNS differs for {counted(differing, 'environment')}." if differing else ""
    probes = counted_standings(item for item in found if item is not Standing.DNS_DIFFERS)
    return " ".join(filter(None, (dns, f"Probes: {probes}." if probes else "")))


def _total_by_the_api(drift: DriftResult) -> str:
    pairs = by_the_api(drift)
    counting = {item.environment for item in shown_findings(drift) if item.counts}
    unknown = {Standing.MISTAKEN, Standing.UNREADABLE}
    first: list[Standing] = []
    others: list[Standing] = []
    for item, standing in pairs:
        is_first = item.name in counting if counting else standing not in unknown
        (first if is_first else others).append(standing)
    total = counted(len(pairs), "environment")
    if counting:
        text = f"{len(first):,} of {total} drifted"
    elif first or not pairs:
        text = f"No drift in {f'{len(first):,} of ' if others else ''}{total}"
    else:
        if set(others) == {Standing.UNREADABLE}:
            return f"{len(others):,} of {total} {Standing.UNREADABLE.words}."
        return f"{len(others):,} of {total}: {counted_standings(others)}."
    listed = counted_standings(first)
    rest = f"The others: {counted_standings(others)}." if others else ""
    return " ".join(filter(None, (f"{text}: {listed}." if listed else f"{text}.", rest)))


def _health(drift: DriftResult) -> str:
    """Whether health counts, where a domain is not ready."""
    counting = any(item.kind is DriftKind.HEALTH_REGRESSED and item.counts for item in drift.findings)
    if not counting and not uncounted(drift):
        return ""
    return "Health is counted (--health)." if counting else "Health is not counted (add --health)."


def uncounted(drift: DriftResult) -> set[str]:
    """The environments whose domain is not ready, where health does not count."""
    names = {item.name for item in drift.plan.environments if item.action is Action.VERIFY}
    names |= {item.environment for item in drift.findings if not item.counts}
    return names - {
        item.environment for item in drift.findings if item.counts and item.kind is DriftKind.HEALTH_REGRESSED
    }


def next_of_drift(drift: DriftResult, style: Style) -> str:
    """What makes live as desired or finds the cause, in one sentence; empty where there is nothing to do."""
    next_command = NextCommand(drift.plan, style)
    if fix := next_of_mistaken(drift.blocks):
        return fix
    kinds = {item.kind for item in drift.findings}
    wanted = {DRIFT_COMMANDS[kind] for kind in kinds}
    wanted |= {"dns check"} if any(probe.failed for probe in drift.probes) else set()
    wanted |= {"verify"} if uncounted(drift) else set()
    steps = [
        f"`{next_command.line(command)}`" + _THEN.get(command, "")
        for command in _COMMANDS
        if command in wanted or (command == "plan" and "apply" in wanted)
    ]
    first = f"Next: run {', then '.join(steps)}." if steps else ""
    if DriftKind.RECREATED in kinds and "apply" not in wanted:
        first += f" If this was your own repair, renew the baseline with `{next_command.renewal()}`."
    known = [item for item in drift.plan.environments if item.environment.hostname is not None]
    outside = any(item.cause is Cause.CHANGED_OUTSIDE for item in drift.findings)
    if outside and len(known) > 1 and all(isinstance(item.live, Absent) for item in known):
        first += " Check the keys and the API URL first: all known custom domains are absent, as with wrong ones."
    return read_again("drift", next_command, first) if drift.plan.unreadable else first
