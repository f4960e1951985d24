"""The page of `plan`: what changes, what goes offline, and what apply refuses."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.model.domains import Present
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import CHANGING, Action, override_label
from reconciler.model.results import is_complete
from reconciler.render.given import Given
from reconciler.render.html.environments import hostname_values, live_line, notes_on
from reconciler.render.html.page import (
    MAX_ALERTS,
    MAX_CARDS,
    Alert,
    Bounded,
    Card,
    Fix,
    Line,
    Page,
    Tile,
    Tone,
    bounded,
    listing,
    place_of,
)
from reconciler.render.text.plan import BLOCKED_WITHOUT_STEPS, Moved, arriving, counts, interruption, leaving
from reconciler.render.text.sections import left_unread, unchecked_pins, unpinned_moves

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.plan import Block, EnvironmentPlan
    from reconciler.model.results import PlanResult
    from reconciler.render.style import Style

# Worst first.
_ACTIONS = {
    Action.UNREADABLE: ("could not be read", Tone.BAD),
    Action.DELETE: ("delete", Tone.BAD),
    Action.REPLACE: ("replace", Tone.WARN),
    Action.CREATE: ("create", Tone.PLAIN),
    Action.VERIFY: ("not ready", Tone.WARN),
}


def plan_page(result: PlanResult, style: Style) -> Page:
    """Each change with before and after, the steps, what goes offline, what is refused, and how to apply exactly this plan."""
    plan = result.plan
    number = {step.id: place for place, step in enumerate(plan.steps, 1)}
    moved = Moved(plan)
    actions = Counter(item.action for item in plan.environments if not moved.covers(item))
    blocked = {block.environment for block in result.blocks}
    unchanged = [item for item in plan.environments if item.action is Action.NONE]
    ready = [item for item in unchanged if item.name not in blocked]
    offline, limit = len(plan.interruptions), result.proposal.max_interruptions
    moving = {item.environment: interruption(item, number) for item in plan.interruptions if item.until}
    attention = [
        *(item for item in unchanged if item.name in blocked),
        *(item for action in _ACTIONS for item in plan.environments if item.action is action),
    ]
    attention.sort(key=lambda item: item.name not in blocked)
    applicable = plan.writes and is_complete(result) and not result.blocks
    same = "No difference from the baseline." if result.offline else "In sync: nothing to do."
    same = f"Blocked plan: {BLOCKED_WITHOUT_STEPS.lower()}." if result.blocks else same
    summary = (
        f"{'Blocked plan' if result.blocks else 'Plan'}: {counts(plan)}." if plan.steps or plan.unreadable else same
    )
    return Page(
        f"{result.offline.message} {summary}" if result.offline else summary,
        tiles=(
            Tile(len(result.blocks), "blocked", Tone.BAD),
            *(Tile(actions[action], words, tone) for action, (words, tone) in _ACTIONS.items()),
            Tile(len(plan.moves), "move", Tone.WARN),
            Tile(offline, "goes offline" if offline == 1 else "go offline", Tone.BAD),
            Tile(len(ready), "unchanged", Tone.GOOD if all(map(_ready, ready)) else Tone.PLAIN),
        ),
        cards=bounded(
            (
                _card(item, moved, number, style, blocked=item.name in blocked, offline=moving.get(item.name))
                for item in attention
            ),
            MAX_CARDS,
        ),
        listings=(
            listing(
                f"Interruptions{'' if limit is None else f' (at most {limit:,})'}",
                [Line((interruption(item, number),)) for item in plan.interruptions],
            ),
            listing(
                "Steps",
                [Line((f"{step.op} {step.environment}", display_hostname(step.hostname))) for step in plan.steps],
                numbered=True,
            ),
            listing("Unchanged", [live_line(item) for item in ready], folded=True),
        ),
        advice=" ".join(
            filter(None, (note(result.proposal) for note in (unpinned_moves, unchecked_pins, left_unread)))
        ),
        digest=result.digest,
        closing=Fix("Apply this plan only", (style.given or Given()).apply("--expect-digest", result.digest))
        if applicable
        else None,
    )


def block_alerts(blocks: Iterable[Block]) -> Bounded[Alert]:
    """What apply refuses, with the option that overrides it, or what to correct."""
    return bounded(
        (
            Alert(
                f"Blocked (`{block.code}`): {block.message}{f'. Next: {block.fix}.' if block.fix else ''}",
                Fix(override_label([block]), block.override) if block.override else None,
            )
            for block in blocks
        ),
        MAX_ALERTS,
    )


def _card(
    item: EnvironmentPlan, moved: Moved, number: Mapping[str, int], style: Style, *, blocked: bool, offline: str | None
) -> Card:
    """What happens to one environment. `number` has the place of each step; `offline` is when a moving hostname is not served."""
    words, tone = _ACTIONS.get(item.action, ("unchanged", Tone.PLAIN))
    if moved.covers(item):
        words, tone = "move", Tone.WARN
    changes = item.action in CHANGING
    notes = [*notes_on(item), *([offline] if offline else [])]
    if isinstance(item.live, Present) and item.action is Action.VERIFY:
        notes = [f"`{display_hostname(item.live.domain.hostname)}`: {item.live.domain.health}"]
    values = hostname_values(
        item,
        leaving(item, moved, number) if changes and item.before else "",
        arriving(item, moved) if changes and item.environment.hostname else "",
    )
    states = [
        words,
        *(["protected"] if item.environment.protect and changes else []),
        *(["blocked"] if blocked else []),
    ]
    return Card(
        item.name,
        " · ".join(states),
        Tone.BAD if blocked else tone,
        tuple(notes),
        values if changes else (),
        place_of(item.environment.span, style),
    )


def _ready(item: EnvironmentPlan) -> bool:
    return not isinstance(item.live, Present) or item.live.domain.ready
