"""The pages of `status` and `verify`: what is live, and what is not ready."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.report import Verdict
from reconciler.render.health import Health, health_of
from reconciler.render.html.environments import fix, hostname_values, live_line, notes_on, readable, state_of
from reconciler.render.html.page import MAX_CARDS, Card, Line, Page, Tile, Tone, bounded, listing, place_of
from reconciler.render.html.records import dns_listings, record_values
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import by_health, by_verdict
from reconciler.render.text.live import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Record, Verified
    from reconciler.model.results import StatusResult, VerifyResult
    from reconciler.render.style import Style

HEALTH = {
    Health.UNREADABLE: Tone.BAD,
    Health.FAILING: Tone.BAD,
    Health.WAITING: Tone.WARN,
    Health.ABSENT: Tone.PLAIN,
    Health.READY: Tone.GOOD,
}
# The colour, and the command that fixes it.
VERDICTS = {
    Verdict.STUCK: (Tone.BAD, "dns check"),
    Verdict.UNKNOWN: (Tone.BAD, None),
    Verdict.DIFFERENT: (Tone.BAD, "apply"),
    Verdict.ABSENT: (Tone.BAD, "apply"),
    Verdict.WAITING: (Tone.WARN, "dns check"),
    Verdict.READY: (Tone.GOOD, None),
}


def status_page(result: StatusResult, style: Style) -> Page:
    """What is not ready or not as desired as cards, the rest in lists."""
    plan = result.plan
    number = Counter(health_of(item.live) for item in plan.environments)
    ordered = by_health(plan.environments)
    flaws = _flaws(result)
    as_desired = [item for item in ordered if not item.changes and item.name not in flaws]
    ready = [item for item in as_desired if health_of(item.live) is Health.READY]
    kept = [item for item in as_desired if health_of(item.live) is Health.ABSENT]
    quiet = {item.name for item in (*ready, *kept)}
    attention = [item for item in ordered if item.name not in quiet]
    others = Counter(health_of(item.live) for item in attention if not item.changes and item.name not in flaws)
    next_command = NextCommand(plan, style)
    counted = ", ".join(f"{number[item]:,} {item.words}" for item in Health if number[item]) or "no environment"
    differing = differences(plan)
    return Page(
        f"Status: {counted}. {differing}." if differing else f"Status: {counted}.",
        tiles=(
            *(Tile(others[health], health.words, HEALTH[health]) for health in (Health.UNREADABLE, Health.FAILING)),
            *_flaw_tiles(flaws),
            Tile(
                sum(bool(item.changes) and item.name not in flaws for item in attention),
                "different from the manifest",
                Tone.WARN,
            ),
            Tile(others[Health.WAITING], Health.WAITING.words, Tone.WARN),
            Tile(len(kept), "without a custom domain, as desired", Tone.PLAIN),
            Tile(len(ready), "ready", Tone.GOOD),
        ),
        cards=bounded(
            (
                Card(
                    item.name,
                    " · ".join((state_of(item), *flaws.get(item.name, {}))),
                    _tone(item, item.name in flaws),
                    (*notes_on(item), *flaws.get(item.name, {}).values()),
                    hostname_values(item),
                    place_of(item.environment.span, style),
                    fix("apply" if item.changes else "verify", item.name, next_command) if readable(item) else None,
                )
                for item in attention
            ),
            MAX_CARDS,
        ),
        listings=(
            *dns_listings((), (), result.probes),
            listing("Without a custom domain, as desired", [live_line(item) for item in kept], folded=True),
            listing("Ready", [live_line(item) for item in ready], folded=True),
        ),
    )


def _tone(item: EnvironmentPlan, flawed: bool) -> Tone:
    tone = HEALTH[health_of(item.live)]
    return Tone.BAD if flawed else tone if tone is Tone.BAD else Tone.WARN


def _flaws(result: StatusResult | VerifyResult) -> dict[str, dict[str, str]]:
    """What is wrong with an environment besides its status, in a few words, and the sentence for it."""
    flaws: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for probe in result.probes:
        if probe.failed:
            flaws[probe.environment]["not serving"] = probe.message
    for block in result.blocks:
        if block.code in IDENTITY_CODES and block.environment:
            flaws[block.environment]["another Environment"] = block.message
    return dict(flaws)


def _flaw_tiles(flaws: dict[str, dict[str, str]]) -> Iterator[Tile]:
    number = Counter(next(iter(words)) for words in flaws.values())
    for words in ("another Environment", "not serving"):
        yield Tile(number[words], words, Tone.BAD)


def verify_page(result: VerifyResult, style: Style) -> Page:
    """What is not ready as cards with its DNS records, what is ready in a list."""
    spans = {item.name: item.environment.span for item in result.plan.environments}
    ordered = by_verdict(result.verified)
    number = Counter(item.verdict for item in ordered)
    counted = ", ".join(f"{number[verdict]:,} {verdict}" for verdict in Verdict if number[verdict])
    flaws = _flaws(result)
    ready = [item for item in ordered if item.verdict is Verdict.READY and item.environment not in flaws]
    unwanted = [item for item in ordered if item.verdict is Verdict.ABSENT and item.environment in result.unwanted]
    quiet = {item.environment for item in (*ready, *unwanted)}
    records: defaultdict[str, list[Record]] = defaultdict(list)
    for record in result.records:
        records[record.environment].append(record)
    next_command = NextCommand(result.plan, style)

    def card(item: Verified) -> Card:
        tone, command = VERDICTS[item.verdict]
        flaw = flaws.get(item.environment, {})
        return Card(
            item.environment,
            " · ".join((item.verdict, *flaw)),
            Tone.BAD if flaw else tone,
            (item.message, *flaw.values()),
            tuple(record_values(records[item.environment])),
            place_of(spans.get(item.environment), style),
            fix(command, item.environment, next_command) if command else None,
        )

    attention = [item for item in ordered if item.environment not in quiet]
    others = Counter(item.verdict for item in attention if item.environment not in flaws)
    return Page(
        f"Verified: {counted or 'no environment wants a custom domain'}.",
        tiles=(
            *_flaw_tiles(flaws),
            *(Tile(others[verdict], verdict, tone) for verdict, (tone, _) in VERDICTS.items() if tone is not Tone.GOOD),
            Tile(len(unwanted), "without a custom domain, as desired", Tone.PLAIN),
            Tile(len(ready), "ready", Tone.GOOD),
        ),
        cards=bounded(map(card, attention), MAX_CARDS),
        listings=(
            *dns_listings(
                (item for item in result.records if item.environment in quiet), result.dns_notes, result.probes
            ),
            listing(
                "Without a custom domain, as desired",
                [Line((item.environment, item.message)) for item in unwanted],
                folded=True,
            ),
            listing(
                "Ready",
                [Line((item.environment, item.message, item.verdict), Tone.GOOD) for item in ready],
                folded=True,
            ),
        ),
    )
