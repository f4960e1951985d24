"""Plans for pull request comments. Nothing from outside can become markup or a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import Action
from reconciler.model.results import (
    PlanResult,
    is_complete,
)
from reconciler.model.steps import step_name
from reconciler.render.given import Given
from reconciler.render.markdown.sections import blocked, failure, host, marker, unreadable
from reconciler.render.markup import Lines, alert, assemble, bullets, code, details, fence, prose
from reconciler.render.text.plan import BLOCKED_WITHOUT_STEPS, counts
from reconciler.render.text.sections import left_unread, unchecked_pins, unpinned_moves

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.plan import Interruption, Move, Plan
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_MAX_DRAWN = 40  # moves: a larger picture cannot be read


def render_plan(report: Report, style: Style) -> str:
    """The plan: the numbers, what is dangerous, each change, the steps, then the digest and the line that applies it."""
    if not isinstance(report.content, PlanResult):
        return failure(report, style)
    proposal = report.content.proposal
    plan = proposal.plan
    total = len(plan.environments)
    same = "as the baseline" if proposal.offline else "in sync"
    if proposal.blocks:
        same = BLOCKED_WITHOUT_STEPS.lower()
    title = counts(plan) if plan.steps or plan.unreadable else f"{same}, {total:,} environment{'s' * (total != 1)}"
    number = {step.id: place for place, step in enumerate(plan.steps, 1)}
    steps = [
        f"{place}. {step.op} {code(step.environment)} {host(step.hostname)}" for place, step in enumerate(plan.steps, 1)
    ]
    unchanged = [code(item.name) for item in plan.environments if item.action is Action.NONE]
    return assemble(
        [
            marker(report, style),
            f"### Imgwire plan{' (offline)' if proposal.offline else ''}{' (blocked)' if proposal.blocks else ''}: {title}",
            alert("WARNING", [prose(proposal.offline.message)] if proposal.offline else []),
            alert("CAUTION", (_interruption(item, number) for item in plan.interruptions)),
            blocked(proposal.blocks),
            fence("diff", _changes(plan)),
            bullets(
                "Moves",
                (f"{host(move.hostname)} from {code(move.source)} to {code(move.target)}" for move in plan.moves),
            ),
            _drawn(plan.moves),
            prose(unpinned_moves(proposal)),
            prose(unchecked_pins(proposal)),
            unreadable(plan),
            prose(left_unread(proposal)),
            details(f"{len(steps):,} step{'s' * (len(steps) != 1)}", Lines(tuple(steps))),
            details(f"{len(unchanged):,} unchanged", bullets("Unchanged", unchanged) if steps else Lines(())),
            "" if proposal.offline else f"Digest {code(proposal.digest)}",
            f"Apply this plan only: {code((style.given or Given()).apply('--expect-digest', proposal.digest))}"
            if plan.writes and is_complete(report.content) and not proposal.blocks
            else "",
        ]
    )


def _changes(plan: Plan) -> Iterator[str]:
    """Before and after of each environment that changes, as lines of a diff."""
    for item in plan.environments:
        before, after = (display_hostname(name) if name else None for name in (item.before, item.environment.hostname))
        protected = " (protected)" if item.environment.protect else ""
        if item.action in {Action.DELETE, Action.REPLACE}:
            yield f"- {item.name}: {before}{protected}"
        if item.action in {Action.CREATE, Action.REPLACE}:
            yield f"+ {item.name}: {after}{protected}"
        if item.action is Action.VERIFY:
            yield f"! {item.name}: {before} is not ready"


def _drawn(moves: Sequence[Move]) -> str:
    """The moves as a picture, where there are few enough to read it."""
    if not 1 < len(moves) <= _MAX_DRAWN:
        return ""
    names = sorted({name for move in moves for name in (move.source, move.target)})
    place = {name: f"e{index}" for index, name in enumerate(names)}
    nodes = [f'  {place[name]}["{_label(name)}"]' for name in names]
    arrows = [f'  {place[move.source]} -->|"{_label(move.hostname)}"| {place[move.target]}' for move in moves]
    return "\n".join(["```mermaid", "flowchart LR", *nodes, *arrows, "```"])


def _label(text: str) -> str:
    """Only what names and hostnames consist of: Mermaid gives meaning to most other characters."""
    return "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_.") else "?" for letter in text)


def _interruption(item: Interruption, number: Mapping[str, int]) -> str:
    until = f"until step {number[item.until]}" if item.until and item.until in number else "permanently"
    start = f"step {number[item.from_step]}" if item.from_step in number else code(step_name(item.from_step))
    return f"{host(item.hostname)} goes offline at {start}, {until}"
