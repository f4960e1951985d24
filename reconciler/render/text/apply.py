"""What apply did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.hostnames import shown
from reconciler.model.report import RestoreFailure, StepState
from reconciler.render.escape import escape_control
from reconciler.render.lookups import render_lookups, render_notes
from reconciler.render.tables import aligned
from reconciler.render.text.parts import (
    blocks,
    joined,
    nothing_to_do,
    records_to_publish,
    render_failure,
    section,
    unreadable,
)
from reconciler.render.text.verify import verdicts

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied
    from reconciler.render.ink import Ink

_MARKS = {
    StepState.DONE: ("done", "green"),
    StepState.FAILED: ("failed", "red"),
    StepState.SKIPPED: ("skipped", "yellow"),
    StepState.NOT_STARTED: ("not started", "yellow"),
}


def render_apply(document: Document, ink: Ink) -> str:
    """What was done, what was not and why, what now serves no traffic, and the records to publish."""
    if document.plan is None or document.applied is None:
        told = blocks(document, ink) if len(document.blocks) > 1 else ""
        return joined([told, render_failure(document, ink)])
    return joined(
        [
            _steps(document.plan, document.applied, ink),
            unreadable(document.plan, ink),
            _restored(document.applied, ink),
            _not_restored(document.applied, ink),
            _unserved(document.applied, ink),
            records_to_publish(document.records, ink),
            _waited(document, ink),
            render_lookups(document.records, ink),
            render_notes(document.dns_notes, ink),
            _done(document, ink),
        ]
    )


def _steps(plan: Plan, applied: Applied, ink: Ink) -> str:
    rows = []
    earlier = {step.id for step in plan.done}
    for step in plan.steps:
        result = applied.results[step.id]
        word, style = _MARKS[result.state]
        told = "by an earlier run" if step.id in earlier else ""
        if result.error is not None:
            told = result.error.message
        elif result.domain is not None:
            told = result.domain.health
        rows.append(
            (
                f"  {ink(style, word)}",
                step.op,
                escape_control(step.environment),
                escape_control(shown(step.hostname)),
                escape_control(told),
            )
        )
    return aligned(rows, ink.width)


def _restored(applied: Applied, ink: Ink) -> str:
    lines = [
        f"  {escape_control(shown(item.hostname))} in {escape_control(item.environment)}" for item in applied.restored
    ]
    if lines:
        lines.append("  The saved plan is stale after a restore. Run plan again.")
    return section(ink("yellow", "Restored after a failed create"), lines)


def _not_restored(applied: Applied, ink: Ink) -> str:
    lines = [
        f"  {escape_control(shown(item.hostname))} in {escape_control(item.environment)}: {escape_control(item.error.message)}"
        for item in applied.restores
        if isinstance(item, RestoreFailure)
    ]
    return section(ink("red", "Could not be restored"), lines)


def _unserved(applied: Applied, ink: Ink) -> str:
    lines = [
        f"  {escape_control(shown(item.hostname))}, since {escape_control(item.since)}" for item in applied.unserved
    ]
    if lines:
        lines.append("  Run the same apply again: it continues from what is live.")
    return section(ink("red", "Serves no traffic now"), lines)


def _waited(document: Document, ink: Ink) -> str:
    return section("After waiting", [verdicts(document, ink, "  ")] if document.verified else [])


def _done(document: Document, ink: Ink) -> str:
    assert document.applied is not None  # noqa: S101 - the caller has looked
    assert document.plan is not None  # noqa: S101
    states = [result.state for result in document.applied.results.values()]
    if not states:
        return nothing_to_do(document.plan, ink)
    counted = ", ".join(f"{count} {_MARKS[state][0]}" for state in StepState if (count := states.count(state)))
    lines = [f"Applied: {counted}."]
    hints = {result.error.hint for result in document.applied.results.values() if result.error and result.error.hint}
    lines += [f"hint: {escape_control(hint)}" for hint in sorted(hints)]
    return "\n".join(lines)
