"""What apply did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import PublishState
from reconciler.model.hostnames import shown
from reconciler.model.report import RestoreFailure, StepState
from reconciler.model.results import ApplyResult, PlanResult
from reconciler.render.escape import escape_control
from reconciler.render.lookups import render_lookups, render_notes, render_publications
from reconciler.render.tables import format_table
from reconciler.render.text.sections import (
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
    from reconciler.model.dns import ZoneChange
    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied, Record
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_MARKS = {
    StepState.DONE: ("done", "green"),
    StepState.FAILED: ("failed", "red"),
    StepState.SKIPPED: ("skipped", "yellow"),
    StepState.NOT_STARTED: ("not started", "yellow"),
}


def render_apply(report: Report, style: Style) -> str:
    """What was done, what was not and why, what now serves no traffic, and the records to publish."""
    match report.content:
        case ApplyResult() as result:
            return _render_result(result, style)
        case PlanResult(blocks=found):
            told = blocks(found, style) if len(found) > 1 else ""
        case _:
            failed = report.failed
            told = blocks(failed.blocks, style) if failed and len(failed.blocks) > 1 else ""
    return joined([told, render_failure(report, style)])


def _render_result(result: ApplyResult, style: Style) -> str:
    return joined(
        [
            _steps(result.plan, result.applied, style),
            unreadable(result.plan, style),
            _restored(result.applied, style),
            _not_restored(result.applied, style),
            _unserved(result.applied, style),
            records_to_publish(unpublished(result), style),
            section("Published DNS records", render_publications(result.publications, style).splitlines()),
            section(
                style("red", "Other records that changed while publishing"), list(map(_change, result.other_changes))
            ),
            _waited(result, style),
            render_lookups(result.records, style),
            render_notes(result.dns_notes, style),
            _done(result, style),
        ]
    )


def unpublished(result: ApplyResult) -> tuple[Record, ...]:
    """The records that users must still publish."""
    done = {item.name for item in result.publications if item.state is PublishState.DONE}
    return tuple(record for record in result.records if record.name not in done)


def _change(change: ZoneChange) -> str:
    return f"  {escape_control(change.target)}: {escape_control(str(change))}"


def _steps(plan: Plan, applied: Applied, style: Style) -> str:
    rows = []
    earlier = {step.id for step in plan.done}
    for step in plan.steps:
        result = applied.results[step.id]
        word, colour = _MARKS[result.state]
        told = "by an earlier run" if step.id in earlier else ""
        if result.error is not None:
            told = result.error.message
        elif result.domain is not None:
            told = result.domain.health
        rows.append(
            (
                f"  {style(colour, word)}",
                step.op,
                escape_control(step.environment),
                escape_control(shown(step.hostname)),
                escape_control(told),
            )
        )
    return format_table(rows, style.width)


def _restored(applied: Applied, style: Style) -> str:
    lines = [
        f"  {escape_control(shown(item.hostname))} in {escape_control(item.environment)}" for item in applied.restored
    ]
    if lines:
        lines.append("  The saved plan is stale after a restore. Run plan again.")
    return section(style("yellow", "Restored after a failed create"), lines)


def _not_restored(applied: Applied, style: Style) -> str:
    lines = [
        f"  {escape_control(shown(item.hostname))} in {escape_control(item.environment)}: {escape_control(item.error.message)}"
        for item in applied.restores
        if isinstance(item, RestoreFailure)
    ]
    return section(style("red", "Could not be restored"), lines)


def _unserved(applied: Applied, style: Style) -> str:
    lines = [
        f"  {escape_control(shown(item.hostname))}, since {escape_control(item.since)}" for item in applied.unserved
    ]
    if lines:
        lines.append("  Run the same apply again: it continues from what is live.")
    return section(style("red", "Serves no traffic now"), lines)


def _waited(result: ApplyResult, style: Style) -> str:
    return section("After waiting", [verdicts(result.verified, style, "  ")] if result.verified else [])


def _done(result: ApplyResult, style: Style) -> str:
    results = result.applied.results.values()
    states = [step.state for step in results]
    if not states:
        return nothing_to_do(result.plan, style)
    counted = ", ".join(f"{count} {_MARKS[state][0]}" for state in StepState if (count := states.count(state)))
    lines = [f"Applied: {counted}."]
    hints = {step.error.hint for step in results if step.error and step.error.hint}
    lines += [f"hint: {escape_control(hint)}" for hint in sorted(hints)]
    return "\n".join(lines)
