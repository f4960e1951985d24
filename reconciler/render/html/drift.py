"""The page of `drift`: how live differs from the manifest and from before."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.report import Cause
from reconciler.render.html.environments import fix, live_line, notes_on, readable, state_of
from reconciler.render.html.nights import nights, readable_time
from reconciler.render.html.page import MAX_CARDS, TONES, Card, Page, Tile, Value, bounded, listing, place_of
from reconciler.render.html.records import dns_listings, record_values
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import SHOW_RECORDS, by_kind
from reconciler.render.standing import QUIET, Standing, mistaken_environments, of_drift
from reconciler.render.text.drift import drift_total, next_of_drift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.history import History
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Finding, Record
    from reconciler.model.results import DriftResult
    from reconciler.render.style import Style


_COMMANDS = {
    Standing.STUCK: "verify",
    Standing.NOT_SERVING: "dns check",
    Standing.CERTIFICATE_WRONG: "dns check",
    Standing.ABSENT: "apply",
    Standing.DIFFERENT: "apply",
    Standing.UNEXPECTED: "apply",
    Standing.HEALTH_REGRESSED: "verify",
    Standing.DNS_TARGETS_CHANGED: SHOW_RECORDS,
    Standing.RECREATED: "dns check",
    Standing.DNS_DIFFERS: SHOW_RECORDS,
    Standing.WAITING: "verify",
}
"""The command that fixes it, or finds the cause."""


@dataclass(slots=True)
class _Trouble:
    """What is known against one environment."""

    findings: list[Finding] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    probes: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)


def drift_page(result: DriftResult, style: Style) -> Page:
    """What needs attention as cards, worst first, what is in sync in a list, and the earlier runs."""
    troubles = _troubles(result)
    pairs = of_drift(result)
    number = Counter(standing for _, standing in pairs)
    next_command = NextCommand(result.plan, style)
    quiet = [item for item, standing in pairs if standing in QUIET]

    def card(item: EnvironmentPlan, standing: Standing) -> Card:
        trouble = troubles[item.name]
        command = _COMMANDS.get(standing)
        return Card(
            item.name,
            standing.words if item.before is None else f"{standing.words} · {state_of(item)}",
            TONES[standing.colour],
            tuple(_notes(item, trouble, result.history)),
            (*_values(trouble.findings), *record_values(trouble.records)),
            place_of(item.environment.span, style),
            fix(command, item.name, next_command) if command else None,
        )

    causes = Counter(finding.cause for finding in result.findings if finding.counts)
    counted = ", ".join(f"{causes[cause]:,} {cause.words}" for cause in Cause if causes[cause])
    return Page(
        f"{drift_total(result)} Causes: {counted}." if counted else drift_total(result),
        tiles=tuple(Tile(number[standing], standing.counted_words, TONES[standing.colour]) for standing in Standing),
        cards=bounded((card(*pair) for pair in pairs if pair[1] not in QUIET), MAX_CARDS),
        listings=(
            *dns_listings(result.records, result.dns_notes, result.probes),
            listing("In sync", [live_line(item) for item in quiet], folded=True),
        ),
        nights=nights(result),
        advice=next_of_drift(result, style),
    )


def _troubles(result: DriftResult) -> defaultdict[str, _Trouble]:
    troubles: defaultdict[str, _Trouble] = defaultdict(_Trouble)
    for finding in by_kind(result.findings):
        troubles[finding.environment].findings.append(finding)
    for name, message in mistaken_environments(result.blocks, result.plan).items():
        troubles[name].blocks.append(message)
    for probe in result.probes:
        if probe.failed:
            troubles[probe.environment].probes.append(probe.message)
    for record in result.records:
        if record.lookup is not None and record.lookup.bad:
            troubles[record.environment].records.append(record)
    return troubles


def _notes(item: EnvironmentPlan, trouble: _Trouble, history: History) -> Iterator[str]:
    """Sentences: what happened, the cause, and since when."""
    yield from (*trouble.blocks, *trouble.probes)
    if not readable(item) or not trouble.findings:
        yield from notes_on(item)
    for finding in trouble.findings:
        # The values of a card show everything that the message of the others says.
        parts = [f"{finding.message}."] if finding.is_since else []
        parts += [f"{finding.cause_words.capitalize()}."] if finding.cause else []
        since = history.since(finding.fingerprint, finding.environment)
        parts += [f"Since {readable_time(since)}."] if since else []
        if parts:
            yield " ".join(parts)


def _values(findings: list[Finding]) -> Iterator[Value]:
    for finding in findings:
        before, after = ("before", "now") if finding.is_since else ("live", "desired")
        for change in finding.changes:
            yield Value("" if change.path == "hostname" else change.path, change.before, change.after, before, after)
