"""What apply did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import PublishState
from reconciler.model.domains import Present, domain_of
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.report import RestoreFailure, StepState, Verdict
from reconciler.model.results import ApplyResult, PlanResult
from reconciler.model.steps import Create, Delete, Verify
from reconciler.render.dns import absolute
from reconciler.render.layout import table
from reconciler.render.lookups import render_lookups, render_notes, render_publications
from reconciler.render.next_command import NextCommand
from reconciler.render.standing import after_waiting, counted_standings, of_verdict
from reconciler.render.text.sections import (
    blocks,
    counted,
    hints,
    joined,
    nothing_to_do,
    records_to_publish,
    render_failure,
    section,
    unreadable,
    unserved,
)
from reconciler.render.text.verify import next_check, publishing_with, verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.dns import ZoneChange
    from reconciler.model.domains import Live
    from reconciler.model.report import Record, StepResult
    from reconciler.model.results import Report
    from reconciler.render.style import Style

# Worst first.
_MARKS = {
    StepState.FAILED: ("FAILED", "red"),
    StepState.SKIPPED: ("skipped", "yellow"),
    StepState.NOT_STARTED: ("not started", "yellow"),
    StepState.DONE: ("done", "green"),
}


def render_apply(report: Report, style: Style) -> str:
    """The steps, the records to publish and to remove, then the numbers, each failure with its cause, and what to do next.

    On a terminal the run has printed each step as it ended and, before waiting, the records. `-v` and `show` print all.
    """
    return _render(report, style, below_progress=style.width is not None and not style.verbose)


def render_below_progress(report: Report, style: Style) -> str:
    """The same for a log that has the progress of the run, without what that has printed."""
    return _render(report, style, below_progress=True)


def _render(report: Report, style: Style, *, below_progress: bool) -> str:
    match report.content:
        case ApplyResult() as result:
            return _render_result(result, style, below_progress=below_progress)
        case PlanResult(blocks=found):
            blocked = blocks(found, style)
        case _:
            blocked = blocks(report.failed.blocks, style) if report.failed else ""
    return joined([blocked, render_failure(report, style)])


def render_next(result: ApplyResult, style: Style) -> str:
    """The records to publish and to remove, and what to do now."""
    return joined(
        [
            records_to_publish(unpublished(result), result.plan, style),
            _records_to_remove(result),
            next_step(result, style),
        ]
    )


def _render_result(result: ApplyResult, style: Style, *, below_progress: bool) -> str:
    return joined(
        [
            _steps(result, style, below_progress=below_progress),
            unreadable(result.plan, style),
            section("Published DNS records", render_publications(result.publications, style).splitlines()),
            section(
                style("red", "Other records that changed while publishing"), list(map(_change, result.other_changes))
            ),
            records_to_publish(unpublished(result), result.plan, style),
            "" if result.verified and below_progress else _records_to_remove(result),
            section(
                "After waiting",
                [verdicts(after_waiting(result.verified), result.plan, style, "  ")] if result.verified else [],
            ),
            render_lookups(result.records, style),
            render_notes(result.dns_notes, style),
            _restored(result, style),
            _not_ready(result, style),
            _done(result, style),
            *_failures(result, style),
            _not_restored(result, style),
            unserved(result.applied.unserved, style),
            hints(result.plan),
            next_step(result, style),
        ]
    )


def _steps(result: ApplyResult, style: Style, *, below_progress: bool) -> str:
    """The steps, worst first; below the progress of the run only those that it has not printed."""
    printed = {StepState.DONE, StepState.FAILED, StepState.SKIPPED} if below_progress else set()
    earlier = {step.id for step in result.plan.done}
    rows = []
    for state, (word, colour) in _MARKS.items():
        for step in result.plan.steps:
            outcome = result.applied.results[step.id]
            if outcome.state is not state or state in printed:
                continue
            rows.append(
                (
                    f"  {style(colour, word)}",
                    step.op,
                    escape_control(step.environment),
                    escape_control(display_hostname(step.hostname)),
                    "done before this run" if step.id in earlier else _detail(outcome),
                )
            )
    return table(rows, style.width)


def _detail(outcome: StepResult) -> str:
    """The cause of a step that was not done, or the state of its domain. The cause of a failure has its own section."""
    if outcome.error is not None:
        why = "" if outcome.state is StepState.FAILED else outcome.error.message
        return escape_control(why.removeprefix("not started: "))
    return escape_control(outcome.domain.health) if outcome.domain is not None else ""


def unpublished(result: ApplyResult) -> tuple[Record, ...]:
    """The records that users must still publish: neither published by this run nor in use by a ready domain."""
    done = {item.name for item in result.publications if item.state is PublishState.DONE}
    ready = {item.environment for item in result.verified if item.verdict is Verdict.READY}
    return tuple(record for record in result.records if record.name not in done and record.environment not in ready)


def _change(change: ZoneChange) -> str:
    return f"  {escape_control(change.target)}: {escape_control(str(change))}"


def records_to_remove(result: ApplyResult) -> list[str]:
    """The names of CNAMEs whose hostname no environment of the run has any more. Left in DNS, anyone could claim it."""
    held = {domain.hostname for live in result.applied.live.values() if (domain := domain_of(live)) is not None}
    held |= {item.environment.hostname for item in result.plan.environments if item.environment.hostname}
    held |= {item.hostname for item in result.applied.unserved}
    before = {item.name: item.live.domain for item in result.plan.environments if isinstance(item.live, Present)}
    needed = {record.name for record in result.records}
    lines: list[str] = []
    for step in result.plan.steps:
        domain = before.get(step.environment)
        done = result.applied.results[step.id].state is StepState.DONE
        if not isinstance(step, Delete) or not done or step.hostname in held:
            continue
        if step in result.plan.done and not _in_its_environment(step, result.applied.live.get(step.environment)):
            continue  # this run has not seen it: another key reads the same
        # The documented names, where an earlier run has deleted it, or a document shows its hostname only.
        names = (step.hostname, f"_acme-challenge.{step.hostname}")
        if domain is not None and domain.hostname == step.hostname:
            names = (domain.cname_record or names[0], domain.dcv_cname_record or names[1])
        lines += (absolute(name) for name in names if name not in needed)
    return lines


def _in_its_environment(step: Delete, live: Live | None) -> bool:
    """The Environment that the step deletes from has another custom domain now."""
    domain = domain_of(live)
    return domain is not None and domain.environment_id == step.precondition.environment_id


def _records_to_remove(result: ApplyResult) -> str:
    return section("DNS records to remove", [f"  {name} CNAME" for name in records_to_remove(result)])


def _not_ready(result: ApplyResult, style: Style) -> str:
    """After a signal: hostnames that this run created and that are not ready, which serve no traffic yet."""
    if result.applied.interrupted is None and result.wait_interrupted is None:
        return ""
    lines = []
    for step in result.plan.steps:
        domain = domain_of(result.applied.live.get(step.environment))
        done = result.applied.results[step.id].state is StepState.DONE
        if isinstance(step, Create) and done and domain is not None and not domain.ready:
            name, hostname = escape_control(step.environment), escape_control(display_hostname(step.hostname))
            lines.append(f"  {hostname} in {name}: {escape_control(domain.health)}")
    return section(style("yellow", "Created and not ready"), lines)


def _restored(result: ApplyResult, style: Style) -> str:
    lines = [
        f"  {escape_control(display_hostname(item.hostname))} in {escape_control(item.environment)}"
        for item in result.applied.restored
    ]
    return section(style("yellow", "Restored after a failed create"), lines)


def _not_restored(result: ApplyResult, style: Style) -> str:
    failures = [item for item in result.applied.restores if isinstance(item, RestoreFailure)]
    lines = [f"  {display_hostname(item.hostname)} in {item.environment}: {item.error.message}" for item in failures]
    return section(style("red", "Could not be restored"), list(map(escape_control, lines)))


def _done(result: ApplyResult, style: Style) -> str:
    states = [step.state for step in result.applied.results.values()]
    if not states:
        return nothing_to_do(result.plan, style)
    earlier = len(result.plan.done)
    if earlier == len(states):
        return f"Nothing to do: all {counted(earlier, 'step')} were done before this run."
    numbers = {_MARKS[state][0].lower(): states.count(state) for state in StepState}
    numbers |= {"done": numbers["done"] - earlier, "done before this run": earlier}
    unread = len(result.plan.unreadable)
    of_all = f"{unread:,} of {counted(len(result.plan.environments), 'environment')} could not be read."
    applied = ", ".join(f"{count:,} {words}" for words, count in numbers.items() if count)
    return f"Applied: {applied}.{f' {of_all}' if unread else ''}{_waited(result)}"


def _waited(result: ApplyResult) -> str:
    """How many are not ready after waiting, by verdict."""
    standings = [of_verdict(item) for item in result.verified if item.verdict is not Verdict.READY]
    return f" {len(standings):,} not ready: {counted_standings(standings)}." if standings else ""


def _failures(result: ApplyResult, style: Style) -> Iterator[str]:
    """Each failure again, where it stays visible on a terminal: the cause, then what to do."""
    for step in result.plan.steps:
        outcome = result.applied.results[step.id]
        if outcome.state is not StepState.FAILED or outcome.error is None:
            continue
        what = f"{step.op} {escape_control(step.environment)}  {escape_control(display_hostname(step.hostname))}"
        lines = [style("red", f"FAILED  {what}"), f"        {escape_control(outcome.error.message)}"]
        lines += [f"        Next: {escape_control(outcome.error.hint)}"] if outcome.error.hint else []
        yield "\n".join(lines)


def next_step(result: ApplyResult, style: Style) -> str:
    """What to do now. After a failure the same apply continues from what is live."""
    results = result.applied.results.values()
    next_command = NextCommand(result.plan, style)
    command = next_command.line
    if result.applied.restored:
        again = f"`{command('plan')}` and `{command('apply')}`"
        return f"Next: fix the error above, then run {again} again. A saved plan is stale now."
    in_run = {item.name for item in result.plan.environments}
    outside = [item.environment for item in result.applied.unserved if item.environment not in in_run]
    if outside and len(outside) == len(result.applied.unserved) and all(item.finished for item in results):
        return f"Next: run `{command('apply', outside[0])}` again."
    if result.applied.unserved or any(not item.finished for item in results):
        wrong = any(item.error is not None and item.error.kind != "interrupted" for item in results)
        return f"Next: {'fix the error above, then ' if wrong else ''}run `{next_command.again()}` again: it does what is left."
    if result.plan.unreadable:
        return f"Next: fix the error above, then run `{next_command.again()}` again."
    if any(item.verdict is Verdict.STUCK for item in result.verified):
        return next_check(Verdict.STUCK, next_command)
    live = {name: domain for name, state in result.applied.live.items() if (domain := domain_of(state))}
    ready = {name for name, domain in live.items() if domain.ready}
    waiting = [item for item in result.records if item.environment not in ready]
    if waiting and unpublished(result):
        publish = publishing_with(next_command, result.plan)
        return f"Next: publish these records{publish}, then run `{command('verify --wait 15m')}`."
    checked = {step.environment for step in result.plan.steps if isinstance(step, Verify)}
    if waiting or any(name in live and name not in ready for name in checked):
        return next_check(Verdict.WAITING, next_command)
    return ""
