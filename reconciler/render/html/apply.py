"""The page of `apply`: what failed, what serves no traffic now, and what to publish."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable, domain_of
from reconciler.model.hostnames import display_hostname
from reconciler.model.report import RestoreFailure, StepState, Verdict
from reconciler.model.steps import step_name
from reconciler.render.endings import Ending, ending_of, endings, state_words
from reconciler.render.html.page import MAX_CARDS, TONES, Card, Line, Page, Tile, Tone, bounded, listing, place_of
from reconciler.render.html.records import dns_listings, publication_listing, record_lines
from reconciler.render.priority import STEP_STATES
from reconciler.render.restored import restored_state
from reconciler.render.standing import Standing, after_waiting, of_verdict
from reconciler.render.style import PLAIN
from reconciler.render.text.apply import next_step, not_ready, records_to_remove, unpublished
from reconciler.render.text.sections import nothing_to_do

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.results import ApplyResult
    from reconciler.render.style import Style

_STATES = {
    StepState.FAILED: Tone.BAD,
    StepState.SKIPPED: Tone.WARN,
    StepState.NOT_STARTED: Tone.WARN,
    StepState.DONE: Tone.GOOD,
}


# Worst first. `skipped` and `not started` steps are consequences of these, and are listed with the steps.
_UNSERVED, _FAILED, _NOT_RESTORED, _UNREADABLE, _STUCK, _RESTORED = range(6)


@dataclass(slots=True)
class _Trouble:
    """What happened to one environment: the states, worst first, and sentences."""

    states: dict[int, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def add(self, weight: int, state: str, *notes: str | None) -> None:
        self.states[weight] = f"{self.states[weight]}, {state}" if weight in self.states else state
        self.notes += [note for note in notes if note]

    @property
    def weight(self) -> int:
        return min(self.states)


def apply_page(result: ApplyResult, style: Style) -> Page:
    """What serves no traffic now and each failure, then what to do, the records to publish and to remove, and every step."""
    applied = result.applied
    states = Counter(outcome.state for outcome in applied.results.values())
    waiting = not_ready(result)
    troubles = _troubles(result)
    spans = {item.name: item.environment.span for item in result.plan.environments}
    failures = sorted(troubles.items(), key=lambda pair: (pair[1].weight, pair[0]))
    counted = ", ".join(f"{states[state]:,} {state_words(state)}" for state in StepState if states[state])
    return Page(
        f"Applied: {counted}.{f' {waiting}.' if waiting else ''}" if states else nothing_to_do(result.plan, PLAIN),
        tiles=(
            Tile(len(applied.unserved), "serving no traffic now", Tone.BAD),
            *(Tile(states[state], state_words(state), _STATES[state]) for state in STEP_STATES),
            Tile(len(result.plan.unreadable), "could not be read", Tone.BAD),
            Tile(len(applied.restored), "restored", Tone.WARN),
        ),
        cards=bounded(
            (
                Card(
                    name,
                    " · ".join(text for _, text in sorted(trouble.states.items())),
                    Tone.WARN if trouble.weight == _RESTORED else Tone.BAD,
                    tuple(trouble.notes),
                    place=place_of(spans.get(name), style),
                )
                for name, trouble in failures
            ),
            MAX_CARDS,
        ),
        listings=(
            listing("DNS records to publish", record_lines(unpublished(result))),
            listing(
                "DNS records to remove",
                [Line((f"`{name.removesuffix('.')}`", "CNAME")) for name in records_to_remove(result)],
            ),
            publication_listing(result.publications),
            listing(
                "Other records that changed while publishing",
                [Line((change.target, str(change)), Tone.BAD) for change in result.other_changes],
            ),
            listing(
                "After waiting",
                [
                    Line((item.environment, item.message, standing.words), TONES[standing.colour])
                    for item, standing in after_waiting(result.verified)
                ],
            ),
            *dns_listings(result.records, result.dns_notes, ()),
            listing("Steps", _steps(result)),
        ),
        digest=result.digest,
        advice=next_step(result, style),
    )


def _troubles(result: ApplyResult) -> dict[str, _Trouble]:
    troubles: defaultdict[str, _Trouble] = defaultdict(_Trouble)
    for lost in result.applied.unserved:
        note = f"`{display_hostname(lost.hostname)}` {lost.state}, since `{step_name(lost.since)}`{lost.earlier_run}."
        troubles[lost.environment].add(_UNSERVED, "serving no traffic now", note)
    for step in result.plan.steps:
        outcome = result.applied.results[step.id]
        if outcome.state is StepState.FAILED and outcome.error is not None:
            message = f"`{step.op} {display_hostname(step.hostname)}`: {outcome.error.message}"
            hint = f"Next: {outcome.error.hint}" if outcome.error.hint else None
            how = "unknown" if ending_of(step, outcome, None) is Ending.UNKNOWN else "failed"
            troubles[step.environment].add(_FAILED, f"{step.op} {how}", message, hint)
    for item in result.applied.restores:
        hostname, trouble = display_hostname(item.hostname), troubles[item.environment]
        match item:
            case RestoreFailure(error=error):
                trouble.add(_NOT_RESTORED, "not restored", f"`{hostname}` could not be restored: {error.message}")
            case _:
                note = f"`{hostname}` was restored after a failure: {restored_state(item, result)}."
                trouble.add(_RESTORED, "restored", note)
    for environment in result.plan.environments:
        match environment.live:
            case Unreadable(error=cause):
                troubles[environment.name].add(_UNREADABLE, "could not be read", cause.message, cause.hint)
    for step, _, ending in endings(result.plan, result.applied) if not result.verified else ():
        domain = domain_of(result.applied.live.get(step.environment))
        if ending is Ending.FAILING and domain is not None:
            troubles[step.environment].add(
                _STUCK, Standing.STUCK.words, f"`{display_hostname(step.hostname)}`: {domain.health}."
            )
    for verified in result.verified:
        if verified.verdict in {Verdict.STUCK, Verdict.UNKNOWN}:
            troubles[verified.environment].add(_STUCK, of_verdict(verified).words, verified.message)
    return dict(troubles)


def _steps(result: ApplyResult) -> Iterator[Line]:
    earlier = result.done_before
    for step, outcome, ending in endings(result.plan, result.applied):
        domain = domain_of(result.applied.live.get(step.environment)) if ending.is_checked else None
        detail = outcome.error.message if outcome.error else domain.short_health if domain else ""
        yield Line(
            (
                step_name(step.id),
                f"`{display_hostname(step.hostname)}`",
                "done before this run" if step.id in earlier else detail,
                ending.words.lower(),
            ),
            TONES[ending.colour],
        )
