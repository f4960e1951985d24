"""The pages of `plan` and `apply`: what changes, and what has changed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import CHANGING, Action
from reconciler.model.report import RestoreFailure, StepState, Verdict
from reconciler.render.html.page import Card, Fix, Line, Listing, Page, Tile, Tone, Value, place_of
from reconciler.render.html.records import dns_listings, record_lines
from reconciler.render.text.apply import next_step, records_to_remove, unpublished
from reconciler.render.text.plan import Moved, arriving, counts, interruption, leaving

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.results import ApplyResult, PlanResult
    from reconciler.render.style import Style

_ACTIONS = {
    Action.UNREADABLE: ("could not be read", Tone.BAD),
    Action.DELETE: ("delete", Tone.BAD),
    Action.REPLACE: ("replace", Tone.WARN),
    Action.CREATE: ("create", Tone.PLAIN),
    Action.VERIFY: ("not ready", Tone.WARN),
}
_STATES = {
    StepState.FAILED: Tone.BAD,
    StepState.SKIPPED: Tone.WARN,
    StepState.NOT_STARTED: Tone.WARN,
    StepState.DONE: Tone.GOOD,
}
_VERDICTS = {Verdict.READY: Tone.GOOD, Verdict.WAITING: Tone.WARN}
_MAX_UNFOLDED = 20


def plan_page(result: PlanResult, style: Style) -> Page:
    """Each change with before and after, the steps, what goes offline, what is refused, and how to apply exactly this plan."""
    plan = result.plan
    number = {step.id: place for place, step in enumerate(plan.steps, 1)}
    moved = Moved(plan)
    actions = Counter(item.action for item in plan.environments if not moved.covers(item))
    blocks = tuple(
        f"Blocked (`{block.code}`): {block.message}" + (f". To override: `{block.override}`" if block.override else "")
        for block in result.blocks
    )
    unchanged = [item for item in plan.environments if item.action is Action.NONE]
    steps = [Line((f"{step.op} {step.environment}", display_hostname(step.hostname))) for step in plan.steps]
    applicable = plan.writes and plan.complete and not result.blocks
    return Page(
        f"Plan: {counts(plan)}." if plan.steps or plan.unreadable else "In sync: nothing to do.",
        tiles=tuple(
            tile
            for tile in (
                *(Tile(actions[action], words, tone) for action, (words, tone) in _ACTIONS.items()),
                Tile(len(plan.moves), "move", Tone.WARN),
                Tile(len(plan.interruptions), "interruptions", Tone.BAD),
                Tile(actions[Action.NONE], "unchanged", Tone.GOOD),
            )
            if tile.count
        ),
        alerts=(*blocks, *(interruption(item, number) for item in plan.interruptions)),
        cards=tuple(
            _change(item, moved, number, style)
            for action in _ACTIONS
            for item in plan.environments
            if item.action is action
        ),
        listings=(
            Listing(f"{len(steps):,} steps", steps, folded=len(steps) > _MAX_UNFOLDED, numbered=True),
            Listing(f"{len(unchanged):,} unchanged", [_state(item) for item in unchanged]),
        ),
        digest=result.digest,
        closing=Fix("Apply this plan only", f"reconciler apply --expect-digest {result.digest}")
        if applicable
        else None,
    )


def _change(item: EnvironmentPlan, moved: Moved, number: Mapping[str, int], style: Style) -> Card:
    words, tone = _ACTIONS[item.action]
    notes: list[str] = []
    values: list[Value] = []
    match item.live:
        case Unreadable(error):
            notes = [error.message, *([error.hint] if error.hint else [])]
        case Present(domain) if item.action is Action.VERIFY:
            notes = [f"`{display_hostname(domain.hostname)}`: {domain.health}"]
    if item.action in CHANGING:
        values = [_value(item, moved, number)]
    state = f"{words} · protected" if item.environment.protect and item.action in CHANGING else words
    return Card(item.name, state, tone, tuple(notes), tuple(values), place_of(item.environment.span, style))


def _value(item: EnvironmentPlan, moved: Moved, number: Mapping[str, int]) -> Value:
    desired = item.environment.hostname
    before, after = (display_hostname(name) if name else None for name in (item.before, desired))
    return Value(
        "", before, after, leaving(item, moved, number) if before else "", arriving(item, moved) if desired else ""
    )


def _state(item: EnvironmentPlan) -> Line:
    domain = item.live.domain if isinstance(item.live, Present) else None
    if domain is None:
        return Line((item.name, "no custom domain"))
    return Line(
        (item.name, display_hostname(domain.hostname), domain.short_health), Tone.GOOD if domain.ready else Tone.WARN
    )


def apply_page(result: ApplyResult, style: Style) -> Page:
    """What serves no traffic now, each failure, the records to publish and to remove, then every step."""
    applied = result.applied
    states = Counter(outcome.state for outcome in applied.results.values())
    steps = [
        Line(
            (
                f"{step.op} {step.environment}",
                display_hostname(step.hostname),
                outcome.error.message if (outcome := applied.results[step.id]).error else "",
                outcome.state.replace("_", " "),
            ),
            tone,
        )
        for state, tone in _STATES.items()
        for step in result.plan.steps
        if applied.results[step.id].state is state
    ]
    return Page(
        _summary(states),
        tiles=(
            Tile(len(applied.unserved), "serving no traffic now", Tone.BAD),
            *(Tile(states[state], state.replace("_", " "), tone) for state, tone in _STATES.items()),
            Tile(len(applied.restored), "restored", Tone.WARN),
        ),
        alerts=(
            *(
                f"`{display_hostname(item.hostname)}` serves no traffic now, since `{item.since}`"
                for item in applied.unserved
            ),
            *(
                f"`{display_hostname(item.hostname)}` in `{item.environment}` could not be restored: {item.error.message}"
                for item in applied.restores
                if isinstance(item, RestoreFailure)
            ),
            *(
                f"`{display_hostname(item.hostname)}` in `{item.environment}` was restored after a failed create"
                for item in applied.restored
            ),
        ),
        cards=(*_failures(result, style), *_unreadable(result.plan, style)),
        listings=(
            Listing("DNS records to publish", record_lines(unpublished(result)), folded=False),
            Listing(
                "DNS records to remove", [Line((name, "CNAME")) for name in records_to_remove(result)], folded=False
            ),
            Listing(
                "After waiting",
                [
                    Line((item.environment, item.message, item.verdict), _VERDICTS.get(item.verdict, Tone.BAD))
                    for item in result.verified
                ],
                folded=False,
            ),
            *dns_listings(result.records, result.dns_notes, ()),
            Listing(f"{len(steps):,} steps", steps),
        ),
        digest=result.digest,
        advice=next_step(result),
    )


def _summary(states: Counter[StepState]) -> str:
    if not states:
        return "In sync: nothing to do."
    counted = (f"{states[state]:,} {state.replace('_', ' ')}" for state in StepState if states[state])
    return f"Applied: {', '.join(counted)}."


def _failures(result: ApplyResult, style: Style) -> Iterator[Card]:
    spans = {item.name: item.environment.span for item in result.plan.environments}
    for step in result.plan.steps:
        outcome = result.applied.results[step.id]
        if outcome.state is StepState.FAILED and outcome.error is not None:
            notes = [f"`{display_hostname(step.hostname)}`: {outcome.error.message}"]
            notes += [f"Next: {outcome.error.hint}"] if outcome.error.hint else []
            place = place_of(spans.get(step.environment), style)
            yield Card(step.environment, f"{step.op} failed", Tone.BAD, tuple(notes), place=place)


def _unreadable(plan: Plan, style: Style) -> Iterator[Card]:
    for item in plan.environments:
        if isinstance(item.live, Unreadable):
            yield _change(item, Moved(plan), {}, style)
