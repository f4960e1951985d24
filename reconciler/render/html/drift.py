"""The page of `drift`: how live differs from the manifest and from before."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.report import Cause, DriftKind
from reconciler.render.health import Health, health_of
from reconciler.render.html.environments import fix, live_line, notes_on, readable, state_of
from reconciler.render.html.nights import nights, readable_time
from reconciler.render.html.page import MAX_CARDS, Card, Page, Tile, Tone, Value, bounded, listing, place_of
from reconciler.render.html.records import dns_listings, record_values
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import DRIFT_COMMANDS, by_kind
from reconciler.render.text.drift import drift_total, next_of_drift

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.history import History
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Finding, Record
    from reconciler.model.results import DriftResult
    from reconciler.render.style import Style


class Standing(Enum):
    """What is worst about an environment, worst first: the words, the colour, and the command that fixes it."""

    BLOCKED = ("another Environment", Tone.BAD, None)
    UNREADABLE = ("could not be read", Tone.BAD, None)
    MISSING = ("missing", Tone.BAD, DRIFT_COMMANDS[DriftKind.MISSING])
    HOSTNAME_DIFFERS = ("hostname differs", Tone.BAD, DRIFT_COMMANDS[DriftKind.HOSTNAME_DIFFERS])
    NOT_SERVING = ("not serving", Tone.BAD, "verify")
    FAILING = ("failing", Tone.BAD, "verify")
    HEALTH_REGRESSED = ("health regressed", Tone.BAD, DRIFT_COMMANDS[DriftKind.HEALTH_REGRESSED])
    UNEXPECTED = ("unexpected", Tone.WARN, DRIFT_COMMANDS[DriftKind.UNEXPECTED])
    DNS_TARGETS_CHANGED = ("DNS targets changed", Tone.WARN, DRIFT_COMMANDS[DriftKind.DNS_TARGETS_CHANGED])
    RECREATED = ("recreated", Tone.WARN, DRIFT_COMMANDS[DriftKind.RECREATED])
    DNS_DIFFERS = ("DNS differs", Tone.WARN, "dns sync")
    NOT_READY = ("not ready", Tone.WARN, "verify")
    IN_SYNC = ("in sync", Tone.GOOD, None)

    def __init__(self, words: str, tone: Tone, command: str | None) -> None:
        self.words = words
        self.tone = tone
        self.command = command


_ORDER = {standing: place for place, standing in enumerate(Standing)}
_HEALTH = {
    Health.UNREADABLE: Standing.UNREADABLE,
    Health.FAILING: Standing.FAILING,
    Health.WAITING: Standing.NOT_READY,
}
# The values of a card show everything that the message of these says.
_SHOWN_BY_VALUES = {DriftKind.MISSING, DriftKind.HOSTNAME_DIFFERS, DriftKind.UNEXPECTED}


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
    standings = {item.name: _standing(item, troubles[item.name]) for item in result.plan.environments}
    number = Counter(standings.values())
    ordered = sorted(result.plan.environments, key=lambda item: (_ORDER[standings[item.name]], item.name))
    next_command = NextCommand(result.plan, style)
    quiet = [item for item in ordered if standings[item.name] is Standing.IN_SYNC]

    def card(item: EnvironmentPlan) -> Card:
        standing, trouble = standings[item.name], troubles[item.name]
        command = standing.command
        return Card(
            item.name,
            standing.words if not readable(item) else f"{standing.words} · {state_of(item)}",
            standing.tone,
            tuple(_notes(item, trouble, result.history)),
            (*_values(trouble.findings), *record_values(trouble.records)),
            place_of(item.environment.span, style),
            fix(command, item.name, next_command) if command else None,
        )

    causes = Counter(finding.cause for finding in result.findings if finding.counts)
    counted = ", ".join(f"{causes[cause]:,} {cause.words}" for cause in Cause if causes[cause])
    return Page(
        f"{drift_total(result)} Causes: {counted}." if counted else drift_total(result),
        tiles=tuple(Tile(number[standing], standing.words, standing.tone) for standing in Standing),
        cards=bounded((card(item) for item in ordered if standings[item.name] is not Standing.IN_SYNC), MAX_CARDS),
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
    for block in result.blocks:
        if block.code in IDENTITY_CODES and block.environment:
            troubles[block.environment].blocks.append(block.message)
    for probe in result.probes:
        if probe.failed:
            troubles[probe.environment].probes.append(probe.message)
    for record in result.records:
        if record.lookup is not None and record.lookup.bad:
            troubles[record.environment].records.append(record)
    return troubles


def _standing(item: EnvironmentPlan, trouble: _Trouble) -> Standing:
    """The worst of everything that is known."""
    known = [Standing[finding.kind.name] for finding in trouble.findings if finding.is_drift]
    known += [Standing.BLOCKED] if trouble.blocks else []
    known += [Standing.NOT_SERVING] if trouble.probes else []
    known += [Standing.DNS_DIFFERS] if trouble.records else []
    known.append(_HEALTH.get(health_of(item.live), Standing.IN_SYNC))
    return min(known, key=_ORDER.__getitem__)


def _notes(item: EnvironmentPlan, trouble: _Trouble, history: History) -> Iterator[str]:
    """Sentences: what happened, the cause, and since when."""
    yield from (*trouble.blocks, *trouble.probes)
    if not readable(item) or not trouble.findings:
        yield from notes_on(item)
    for finding in trouble.findings:
        parts = [] if finding.kind in _SHOWN_BY_VALUES else [f"{finding.message}."]
        parts += [f"{finding.cause.words.capitalize()}."] if finding.cause else []
        since = history.since(finding.fingerprint, finding.environment)
        parts += [f"Since {readable_time(since)}."] if since else []
        if parts:
            yield " ".join(parts)


def _values(findings: list[Finding]) -> Iterator[Value]:
    for finding in findings:
        before, after = ("live", "desired") if finding.kind in _SHOWN_BY_VALUES else ("before", "now")
        for change in finding.changes:
            yield Value("" if change.path == "hostname" else change.path, change.before, change.after, before, after)
