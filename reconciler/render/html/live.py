"""The pages of `status` and `verify`: what is live, and what is not ready."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.render.html.environments import fix, hostname_values, live_line, notes_on, readable, state_of
from reconciler.render.html.page import MAX_CARDS, TONES, Card, Line, Page, Tile, Tone, bounded, listing, place_of
from reconciler.render.html.records import dns_listings, record_values
from reconciler.render.next_command import NextCommand
from reconciler.render.probes import verdict_words
from reconciler.render.standing import (
    QUIET,
    Standing,
    hostnames_of,
    mistaken_environments,
    of_status,
    of_verify,
    reason,
)
from reconciler.render.text.live import next_of_status, status_total
from reconciler.render.text.verify import next_to_ready, verified_total

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Record, Verified
    from reconciler.model.results import StatusResult, VerifyResult
    from reconciler.render.style import Style

_COMMANDS = {
    Standing.STUCK: "dns check",
    Standing.NOT_SERVING: "dns check",
    Standing.CERTIFICATE_WRONG: "dns check",
    Standing.ABSENT: "apply",
    Standing.DIFFERENT: "apply",
    Standing.UNEXPECTED: "apply",
    Standing.WAITING: "dns check",
}
"""The command that fixes it, or finds the cause."""


def status_page(result: StatusResult, style: Style) -> Page:
    """What is not ready or not as desired as cards, the rest in lists."""
    pairs = of_status(result)
    number = Counter(standing for _, standing in pairs)
    flaws = _flaws(result)
    next_command = NextCommand(result.plan, style)

    def card(item: EnvironmentPlan, standing: Standing) -> Card:
        command = "apply" if item.changes else "verify"
        return Card(
            item.name,
            " · ".join(dict.fromkeys((standing.words, *flaws.get(item.name, {}), *_health(item)))),
            TONES[standing.colour],
            (*notes_on(item), *flaws.get(item.name, {}).values()),
            hostname_values(item),
            place_of(item.environment.span, style),
            fix(command, item.name, next_command) if readable(item) else None,
        )

    return Page(
        status_total(result),
        tiles=tuple(Tile(number[item], item.counted_words, TONES[item.colour]) for item in Standing),
        cards=bounded((card(*pair) for pair in pairs if pair[1] not in QUIET), MAX_CARDS),
        advice=next_of_status(result, style),
        listings=(
            *dns_listings((), (), result.probes),
            *(
                listing(
                    standing.counted_words.capitalize(),
                    [live_line(item) for item, known in pairs if known is standing],
                    folded=True,
                )
                for standing in (Standing.AS_DESIRED, Standing.READY)
            ),
        ),
    )


def _health(item: EnvironmentPlan) -> tuple[str, ...]:
    return (state_of(item),) if item.before is not None else ()


def _flaws(result: StatusResult | VerifyResult) -> dict[str, dict[str, str]]:
    """What is wrong with an environment besides its status, in a few words, and the sentence for it."""
    flaws: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for probe in result.probes:
        if not probe.serves:
            flaws[probe.environment][verdict_words(probe)] = probe.message
    for name, message in mistaken_environments(result.blocks, result.plan).items():
        flaws[name][Standing.MISTAKEN.words] = message
    return dict(flaws)


def verify_page(result: VerifyResult, style: Style) -> Page:
    """What is not ready as cards with its DNS records, what is ready in a list."""
    spans = {item.name: item.environment.span for item in result.plan.environments}
    assessed = of_verify(result)
    number = Counter(standing for _, standing in assessed)
    flaws = _flaws(result)
    quiet = {item.environment for item, standing in assessed if standing in QUIET}
    records: defaultdict[str, list[Record]] = defaultdict(list)
    for record in result.records:
        records[record.environment].append(record)
    next_command = NextCommand(result.plan, style)
    hostnames = hostnames_of(result.verified, result.plan)
    desired = {item.name: item.environment.hostname for item in result.plan.environments}

    def card(item: Verified, standing: Standing) -> Card:
        command = _COMMANDS.get(standing)
        hostname = hostnames[item.environment]
        return Card(
            item.environment,
            standing.words,
            TONES[standing.colour],
            (
                *([f"`{display_hostname(hostname)}`"] if hostname and standing is not Standing.ABSENT else []),
                reason(item, standing, desired.get(item.environment)),
                *flaws.get(item.environment, {}).values(),
                *([item.live.error.hint] if isinstance(item.live, Unreadable) and item.live.error.hint else []),
            ),
            tuple(record_values(records[item.environment])),
            place_of(spans.get(item.environment), style),
            fix(command, item.environment, next_command) if command else None,
        )

    return Page(
        f"{verified_total(assessed)}.",
        tiles=tuple(Tile(number[item], item.counted_words, TONES[item.colour]) for item in Standing),
        cards=bounded((card(*pair) for pair in assessed if pair[1] not in QUIET), MAX_CARDS),
        advice=next_to_ready(result, style),
        listings=(
            *dns_listings(
                (item for item in result.records if item.environment in quiet), result.dns_notes, result.probes
            ),
            listing(
                Standing.AS_DESIRED.counted_words.capitalize(),
                [
                    Line((item.environment, reason(item, known, None)))
                    for item, known in assessed
                    if known is Standing.AS_DESIRED
                ],
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
                    if known is Standing.READY
                ],
                folded=True,
            ),
        ),
    )
