"""The pages of `status` and `verify`: what is live, and what is not ready."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import IDENTITY_CODES
from reconciler.render.condition import Condition, conditions, status_total
from reconciler.render.health import health_of
from reconciler.render.html.environments import fix, hostname_values, live_line, notes_on, readable, state_of
from reconciler.render.html.page import MAX_CARDS, TONES, Card, Line, Page, Tile, Tone, bounded, listing, place_of
from reconciler.render.html.records import dns_listings, record_values
from reconciler.render.next_command import NextCommand
from reconciler.render.probes import verdict_words
from reconciler.render.readiness import AS_DESIRED, Readiness, assess_all, hostnames_of
from reconciler.render.text.live import next_of_status
from reconciler.render.text.verify import next_to_ready, verified_total

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Record, Verified
    from reconciler.model.results import StatusResult, VerifyResult
    from reconciler.render.style import Style

_COMMANDS = {
    Readiness.STUCK: "dns check",
    Readiness.NOT_SERVING: "dns check",
    Readiness.CERTIFICATE_WRONG: "dns check",
    Readiness.DIFFERENT: "apply",
    Readiness.ABSENT: "apply",
    Readiness.WAITING: "dns check",
}
"""The command that fixes it, or finds the cause."""

_UNREMARKABLE = {Condition.READY, Condition.ABSENT}
_QUIET = {Readiness.READY, Readiness.AS_DESIRED}


def status_page(result: StatusResult, style: Style) -> Page:
    """What is not ready or not as desired as cards, the rest in lists."""
    pairs = conditions(result)
    number = Counter(condition for _, condition in pairs)
    flaws = _flaws(result)
    next_command = NextCommand(result.plan, style)

    def card(item: EnvironmentPlan, condition: Condition) -> Card:
        command = "apply" if item.changes else "verify"
        return Card(
            item.name,
            " · ".join((state_of(item), *flaws.get(item.name, {}))),
            Tone.BAD if health_of(item.live).colour == "red" else TONES[condition.colour],
            (*notes_on(item), *flaws.get(item.name, {}).values()),
            hostname_values(item),
            place_of(item.environment.span, style),
            fix(command, item.name, next_command) if readable(item) else None,
        )

    return Page(
        f"Status: {status_total(pairs) or 'no environment'}.",
        tiles=tuple(Tile(number[item], item.words, TONES[item.colour]) for item in Condition),
        cards=bounded((card(*pair) for pair in pairs if pair[1] not in _UNREMARKABLE), MAX_CARDS),
        advice=next_of_status(result, style),
        listings=(
            *dns_listings((), (), result.probes),
            *(
                listing(
                    condition.words.capitalize(),
                    [live_line(item) for item, known in pairs if known is condition],
                    folded=True,
                )
                for condition in (Condition.ABSENT, Condition.READY)
            ),
        ),
    )


def _flaws(result: StatusResult | VerifyResult) -> dict[str, dict[str, str]]:
    """What is wrong with an environment besides its status, in a few words, and the sentence for it."""
    flaws: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for probe in result.probes:
        if not probe.serves:
            flaws[probe.environment][verdict_words(probe)] = probe.message
    for block in result.blocks:
        if block.code in IDENTITY_CODES and block.environment:
            flaws[block.environment]["another Environment"] = block.message
    return dict(flaws)


def verify_page(result: VerifyResult, style: Style) -> Page:
    """What is not ready as cards with its DNS records, what is ready in a list."""
    spans = {item.name: item.environment.span for item in result.plan.environments}
    assessed = assess_all(result)
    number = Counter(readiness for _, readiness in assessed)
    flaws = _flaws(result)
    quiet = {item.environment for item, readiness in assessed if readiness in _QUIET}
    records: defaultdict[str, list[Record]] = defaultdict(list)
    for record in result.records:
        records[record.environment].append(record)
    next_command = NextCommand(result.plan, style)
    hostnames = hostnames_of(result.verified, result.plan)

    def card(item: Verified, readiness: Readiness) -> Card:
        command = _COMMANDS.get(readiness)
        hostname = hostnames[item.environment]
        return Card(
            item.environment,
            readiness.words,
            TONES[readiness.colour],
            (
                *([f"`{display_hostname(hostname)}`"] if hostname and readiness is not Readiness.DIFFERENT else []),
                item.message,
                *flaws.get(item.environment, {}).values(),
                *([item.live.error.hint] if isinstance(item.live, Unreadable) and item.live.error.hint else []),
            ),
            tuple(record_values(records[item.environment])),
            place_of(spans.get(item.environment), style),
            fix(command, item.environment, next_command) if command else None,
        )

    return Page(
        f"{verified_total(assessed)}.",
        tiles=tuple(
            Tile(number[item], AS_DESIRED if item is Readiness.AS_DESIRED else item.words, TONES[item.colour])
            for item in Readiness
        ),
        cards=bounded((card(*pair) for pair in assessed if pair[1] not in _QUIET), MAX_CARDS),
        advice=next_to_ready(result, style),
        listings=(
            *dns_listings(
                (item for item in result.records if item.environment in quiet), result.dns_notes, result.probes
            ),
            listing(
                AS_DESIRED.capitalize(),
                [Line((item.environment, item.message)) for item, known in assessed if known is Readiness.AS_DESIRED],
                folded=True,
            ),
            listing(
                "Ready",
                [
                    Line(
                        (item.environment, f"`{display_hostname(hostnames[item.environment] or '-')}`", item.message),
                        Tone.GOOD,
                    )
                    for item, known in assessed
                    if known is Readiness.READY
                ],
                folded=True,
            ),
        ),
    )
