"""The pages of `status`, `verify` and `drift`: what is live, and how it differs."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.model.report import Cause, Verdict
from reconciler.render.health import ORDER, Health, health_of
from reconciler.render.html.page import Card, Fix, Line, Listing, Nights, Page, Tile, Tone, Value, place_of
from reconciler.render.html.records import dns_listings
from reconciler.render.text.live import DRIFT_KINDS, drift_total

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Sequence

    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.report import EarlierDrift, Finding, Verified
    from reconciler.model.results import DriftResult, StatusResult, VerifyResult
    from reconciler.render.style import Style

_HEALTH = {
    Health.UNREADABLE: Tone.BAD,
    Health.FAILING: Tone.BAD,
    Health.WAITING: Tone.WARN,
    Health.ABSENT: Tone.PLAIN,
    Health.READY: Tone.GOOD,
}
# Worst first: the colour, and the command that fixes it.
_VERDICTS = {
    Verdict.STUCK: (Tone.BAD, "dns check"),
    Verdict.UNKNOWN: (Tone.BAD, None),
    Verdict.DIFFERENT: (Tone.BAD, "apply"),
    Verdict.ABSENT: (Tone.BAD, "apply"),
    Verdict.WAITING: (Tone.WARN, "dns check"),
    Verdict.READY: (Tone.GOOD, None),
}
_PURPOSES = {
    "apply": "Make live as desired",
    "verify": "Find the cause",
    "dns sync": "Publish the new record",
    "dns check": "Look up the DNS records",
}


def status_page(result: StatusResult, style: Style) -> Page:
    """What is not ready as cards, what is ready in a list."""
    plan = result.plan
    number = Counter(health_of(item.live) for item in plan.environments)
    ordered = sorted(plan.environments, key=lambda item: (ORDER[health_of(item.live)], item.name))
    ready = [item for item in ordered if health_of(item.live) is Health.READY and not item.changes]
    kept = [item for item in ordered if health_of(item.live) is Health.ABSENT and not item.changes]
    quiet = {item.name for item in (*ready, *kept)}
    return Page(
        f"Status: {', '.join(f'{number[item]:,} {item.words}' for item in Health if number[item]) or 'no environment'}.",
        tiles=tuple(Tile(number[health], health.words, tone) for health, tone in _HEALTH.items()),
        cards=tuple(
            Card(
                item.name,
                _state(item),
                Tone.WARN if (tone := _HEALTH[health_of(item.live)]) is Tone.GOOD or item.changes else tone,
                _notes(item),
                _values(item),
                place_of(item.environment.span, style),
                _fix("apply" if item.changes else "verify", item.name, _moving(plan)) if _readable(item) else None,
            )
            for item in ordered
            if item.name not in quiet
        ),
        listings=(
            *dns_listings((), (), result.probes),
            Listing(f"{len(kept):,} without a custom domain, as desired", [_line(item) for item in kept]),
            Listing(f"{len(ready):,} ready", [_line(item) for item in ready]),
        ),
    )


def verify_page(result: VerifyResult, style: Style) -> Page:
    """What is not ready as cards with its DNS records, what is ready in a list."""
    spans = {item.name: item.environment.span for item in result.plan.environments}
    ordered = sorted(result.verified, key=lambda item: (list(_VERDICTS).index(item.verdict), item.environment))
    fine = [item for item in ordered if item.verdict is Verdict.READY or _as_desired(item, result.unwanted)]
    number = Counter(item.verdict for item in ordered)
    cards = []
    for item in ordered:
        tone, command = _VERDICTS[item.verdict]
        if item not in fine:
            fix = _fix(command, item.environment, _moving(result.plan)) if command else None
            place = place_of(spans.get(item.environment), style)
            cards.append(Card(item.environment, item.verdict, tone, (item.message,), place=place, fix=fix))
    counted = ", ".join(f"{number[verdict]:,} {verdict}" for verdict in Verdict if number[verdict])
    waiting = {item.environment for item in ordered if item not in fine}
    return Page(
        f"Verified: {counted or 'no environment wants a custom domain'}.",
        tiles=tuple(Tile(number[verdict], verdict, tone) for verdict, (tone, _) in _VERDICTS.items()),
        cards=tuple(cards),
        listings=(
            *dns_listings(
                [item for item in result.records if item.environment in waiting], result.dns_notes, result.probes
            ),
            Listing(
                f"{len(fine):,} ready",
                [Line((item.environment, item.message, item.verdict), Tone.GOOD) for item in fine],
            ),
        ),
    )


def drift_page(result: DriftResult, style: Style) -> Page:
    """One card for each environment that drifted, is not served or could not be read; what is in sync in a list."""
    plan = result.plan
    findings: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in sorted(result.findings, key=_weight):
        findings[finding.environment].append(finding)
    unserved = {item.name for item in plan.environments if _unserved(item)}
    attention = [item for item in plan.environments if not _readable(item) or findings[item.name]]
    attention.sort(
        key=lambda item: (_readable(item), item.name not in unserved, *map(_weight, findings[item.name][:1]), item.name)
    )
    quiet = [item for item in plan.environments if _readable(item) and not findings[item.name]]
    causes = Counter(finding.cause for finding in result.findings if finding.counts)
    return Page(
        drift_total(result),
        tiles=(
            Tile(len(unserved), "not serving", Tone.BAD),
            Tile(len(plan.unreadable), "could not be read", Tone.BAD),
            *(
                (Tile(causes[None], "findings", Tone.WARN),)
                if causes[None]
                else (
                    Tile(causes[Cause.CHANGED_OUTSIDE], Cause.CHANGED_OUTSIDE.words, Tone.WARN),
                    Tile(causes[Cause.NOT_APPLIED], Cause.NOT_APPLIED.words, Tone.WARN),
                )
            ),
            Tile(len(quiet), "in sync", Tone.GOOD),
        ),
        cards=tuple(_drifted(item, findings[item.name], result, style) for item in attention),
        listings=(
            *dns_listings(result.records, result.dns_notes, result.probes),
            Listing(f"{len(quiet):,} in sync", [_line(item) for item in quiet]),
        ),
        nights=_nights(result),
    )


def _drifted(item: EnvironmentPlan, findings: Sequence[Finding], result: DriftResult, style: Style) -> Card:
    unserved = _unserved(item)
    notes = [*_notes(item)] if not _readable(item) else []
    for finding in findings:
        since = _since(finding.fingerprint, result.history)
        notes.append(f"`{finding.kind}`: {finding.sentence}{f', since {since}' if since else ''}")
    values = tuple(
        Value("" if change.path == "hostname" else change.path, change.before, change.after)
        for finding in findings
        for change in finding.changes
    )
    command = DRIFT_KINDS[findings[0].kind][1] if findings else None
    counts = any(finding.counts for finding in findings)
    return Card(
        item.name,
        f"{'another hostname' if item.before and item.changes else _state(item)} · not serving"
        if unserved
        else _state(item),
        Tone.BAD if unserved or not _readable(item) else Tone.WARN if counts else Tone.PLAIN,
        tuple(notes),
        values,
        place_of(item.environment.span, style),
        _fix(command, item.name, _moving(result.plan)) if command else None,
    )


def _weight(finding: Finding) -> tuple[bool, int]:
    return not finding.counts, list(DRIFT_KINDS).index(finding.kind)


def _nights(result: DriftResult) -> Nights | None:
    """The findings of now, and those that earlier runs had, with the runs in which each was seen."""
    if not result.history:
        return None
    names = {item.fingerprint: f"`{item.environment}`: {item.kind.replace('_', ' ')}" for item in result.findings}
    now = frozenset(names)
    for run in reversed(result.history):
        names = names | {key: f"`{name}`" for key, name in run.findings.items() if key not in names}
    seen = [*(frozenset(run.findings) for run in result.history), now]
    times = (*(run.created_at[:16].replace("T", " ") for run in result.history), "now")
    return Nights(times, tuple((name, tuple(key in run for run in seen)) for key, name in names.items()))


def _since(fingerprint: str, history: Iterable[EarlierDrift]) -> str:
    """When the finding was seen first, without a run in between that did not have it."""
    since = ""
    for run in history:
        since = (since or run.created_at[:16].replace("T", " ")) if fingerprint in run.findings else ""
    return since


def _unserved(item: EnvironmentPlan) -> bool:
    """The desired hostname is known not to serve."""
    desired = item.environment.hostname
    match item.live:
        case Present(domain):
            return desired is not None and (domain.hostname != desired or not domain.may_serve)
        case Absent():
            return desired is not None
        case _:
            return False


def _readable(item: EnvironmentPlan) -> bool:
    return not isinstance(item.live, Unreadable)


def _as_desired(item: Verified, unwanted: Container[str]) -> bool:
    return item.verdict is Verdict.ABSENT and item.environment in unwanted


def _state(item: EnvironmentPlan) -> str:
    match item.live:
        case Present(domain):
            return domain.short_health
        case Unreadable():
            return Health.UNREADABLE.words
        case _:
            return "no custom domain"


def _notes(item: EnvironmentPlan) -> tuple[str, ...]:
    match item.live:
        case Unreadable(error):
            return (error.message, error.hint) if error.hint else (error.message,)
        case Present(domain) if not item.changes:
            return (f"`{display_hostname(domain.hostname)}`",)
        case _:
            return ()


def _values(item: EnvironmentPlan) -> tuple[Value, ...]:
    desired = item.environment.hostname
    before, after = (display_hostname(name) if name else None for name in (item.before, desired))
    return (Value("", before, after),) if item.changes and _readable(item) else ()


def _line(item: EnvironmentPlan) -> Line:
    match item.live:
        case Present(domain):
            return Line(
                (item.name, f"`{display_hostname(domain.hostname)}`", domain.short_health),
                _HEALTH[health_of(item.live)],
            )
        case _:
            return Line((item.name, "no custom domain"))


def _moving(plan: Plan) -> frozenset[str]:
    """Half of a move is refused, so no command names one of its environments alone."""
    return frozenset(name for move in plan.moves for name in (move.source, move.target))


def _fix(command: str, name: str, moving: Container[str]) -> Fix:
    return Fix(_PURPOSES[command], f"reconciler {command}" + ("" if name in moving else f" --env {name}"))
