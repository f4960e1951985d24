"""What apply did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import PublishState
from reconciler.model.domains import Present, domain_of
from reconciler.model.durations import format_duration
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.report import RestoreFailure, StepState, Verdict
from reconciler.model.results import ApplyResult, PlanResult
from reconciler.model.steps import Create, Delete, Verify
from reconciler.render.dns import absolute
from reconciler.render.endings import Ending, ending_of, endings, state_words
from reconciler.render.left_out import left_out
from reconciler.render.lookups import render_lookups, render_notes, render_publications
from reconciler.render.next_command import NextCommand
from reconciler.render.restored import next_of_restored, restored_state
from reconciler.render.standing import Standing, after_waiting, counted_standings, of_verdict
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
from reconciler.render.text.steps import failures, render_steps
from reconciler.render.text.verify import next_check, publishing_with, verdicts

if TYPE_CHECKING:
    from reconciler.model.dns import ZoneChange
    from reconciler.model.domains import Live
    from reconciler.model.report import Record
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_PASSING = frozenset({"not_sent", "no_answer", "throttled", "server_fault", "step_timeout", "unknown"})
"""Kinds of errors of the API or the network, which may pass."""
_FOLLOWING = frozenset({"interrupted", "dependency", "stopped"})
"""Kinds of what follows from a signal or from another error."""
_CHECKED = {Ending.FAILING: Standing.STUCK, Ending.WAITING: Standing.WAITING}


def render_apply(report: Report, style: Style) -> str:
    """What was not done, the records to publish and to remove, then the numbers, each failure with its cause, and what to do.

    The run has printed each step as it ended and, before waiting, the records. `-v` and `show` list every step.
    """
    match report.content:
        case ApplyResult() as result:
            return _render_result(result, style)
        case PlanResult(blocks=found):
            blocked = blocks(found, style)
        case _:
            blocked = blocks(report.failed.blocks, style) if report.failed else ""
    return joined([blocked, render_failure(report, style)])


def render_before_wait(result: ApplyResult, seconds: float, style: Style) -> str:
    """What is awaited for `seconds` at most, and the records that make it end."""
    records = records_to_publish(unpublished(result), result.plan, style)
    publish = ". Publish these records now" if records else ""
    failing = any(domain.failing for live in result.applied.live.values() if (domain := domain_of(live)) is not None)
    end = ", or until a check confirms the failed ones" if failing else ""
    return joined([records, f"Waiting for readiness, at most {format_duration(seconds)}{end}{publish}."])


def _render_result(result: ApplyResult, style: Style) -> str:
    return joined(
        [
            render_steps(result, style),
            unreadable(result.plan, style),
            section("Published DNS records", render_publications(result.publications, style).splitlines()),
            section(
                style("red", "Other records that changed while publishing"), list(map(_change, result.other_changes))
            ),
            records_to_publish([item for item in unpublished(result) if item.lookup is None], result.plan, style),
            section("DNS records to remove", [f"  {name} CNAME" for name in records_to_remove(result)]),
            section(
                "After waiting",
                [verdicts(after_waiting(result.verified), result.plan, style, "  ")] if result.verified else [],
            ),
            render_lookups(result.records, style),
            render_notes(result.dns_notes, style),
            _restored(result, style),
            _not_ready(result, style),
            _done(result, style),
            *failures(result, style),
            _not_restored(result, style),
            unserved(result.applied.unserved, style),
            hints(result.plan),
            next_step(result, style),
        ]
    )


def unpublished(result: ApplyResult) -> tuple[Record, ...]:
    """The records that users must still publish: neither published by this run nor in use by a ready domain.

    Where this run published for an environment, the others of its records were in the zone before.
    """
    states = {item.name: item.state for item in result.publications}
    attempted = {record.environment for record in result.records if record.name in states}
    ready = {item.environment for item in result.verified if item.verdict is Verdict.READY}
    return tuple(
        record
        for record in result.records
        if record.environment not in ready
        and (
            states.get(str(record.name)) is not PublishState.DONE
            if record.name in states
            else record.environment not in attempted
        )
    )


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
        names = _documented_names(step.hostname)
        if domain is not None and domain.hostname == step.hostname:
            names = (domain.cname_record or names[0], domain.dcv_cname_record or names[1])
        lines += (absolute(name) for name in names if name not in needed)
    for hostname in result.given_up:
        if hostname not in held:
            lines += (absolute(name) for name in _documented_names(hostname) if name not in needed)
    return list(dict.fromkeys(lines))


def _documented_names(hostname: str) -> tuple[str, str]:
    """Where the Imgwire guide puts the two CNAMEs of a hostname."""
    return hostname, f"_acme-challenge.{hostname}"


def _in_its_environment(step: Delete, live: Live | None) -> bool:
    """The Environment that the step deletes from has another custom domain now."""
    domain = domain_of(live)
    return domain is not None and domain.environment_id == step.precondition.environment_id


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
        f"  {display_hostname(item.hostname)} in {item.environment}: {restored_state(item, result)}"
        for item in result.applied.restored
    ]
    return section(style("yellow", "Restored after a failure"), list(map(escape_control, lines)))


def _not_restored(result: ApplyResult, style: Style) -> str:
    failures = [item for item in result.applied.restores if isinstance(item, RestoreFailure)]
    lines = [f"  {display_hostname(item.hostname)} in {item.environment}: {item.error.message}" for item in failures]
    return section(style("red", "Could not be restored"), list(map(escape_control, lines)))


def _done(result: ApplyResult, style: Style) -> str:
    states = [step.state for step in result.applied.results.values()]
    if not states:
        return nothing_to_do(result.plan, style)
    earlier = len(result.done_before)
    if earlier == len(states):
        return f"Nothing to do: all {counted(earlier, 'step')} were done before this run."
    unread = len(result.plan.unreadable)
    of_all = f"{unread:,} of {counted(len(result.plan.environments), 'environment')} could not be read."
    waiting = not_ready(result)
    return f"Applied: {counted_steps(result)}.{f' {of_all}' if unread else ''}{f' {waiting}.' if waiting else ''}"


def counted_steps(result: ApplyResult) -> str:
    """How many steps ended how, in words; empty where the plan has none."""
    states, earlier = [step.state for step in result.applied.results.values()], len(result.done_before)
    unknown = [ending for *_, ending in endings(result.plan, result.applied)].count(Ending.UNKNOWN)
    numbers = {state_words(state): states.count(state) for state in StepState}
    numbers |= {"failed": numbers["failed"] - unknown, "unknown": unknown}
    numbers |= {"done": numbers["done"] - earlier, "done before this run": earlier}
    return ", ".join(f"{count:,} {words}" for words, count in numbers.items() if count)


def not_ready(result: ApplyResult) -> str:
    """How many domains are not ready: after waiting by verdict, else what the checks found. Empty where all are."""
    if result.verified:
        standings = [of_verdict(item) for item in result.verified if item.verdict is not Verdict.READY]
    else:
        standings = [_CHECKED[ending] for *_, ending in endings(result.plan, result.applied) if ending in _CHECKED]
    return f"{len(standings):,} not ready: {counted_standings(standings)}" if standings else ""


def next_step(result: ApplyResult, style: Style) -> str:
    """What to do now. After a failure the same apply continues from what is live; a saved plan without other environments."""
    left = left_out(result, style)
    next_ = _next_step(result, style)
    return f"{next_} {left}" if next_ and left else next_ or (f"Next: {left[0].lower()}{left[1:]}" if left else "")


def _next_step(result: ApplyResult, style: Style) -> str:
    results = result.applied.results.values()
    next_command = NextCommand(result.plan, style)
    command = next_command.line
    if result.applied.restored:
        return next_of_restored(result, next_command)
    in_run = {item.name for item in result.plan.environments}
    outside = [item.environment for item in result.applied.unserved if item.environment not in in_run]
    if outside and len(outside) == len(result.applied.unserved) and all(item.finished for item in results):
        again = ", then ".join(f"`{command('apply', name)}`" for name in dict.fromkeys(outside))
        return f"Next: run {again} again."
    new = "publish these records. Then " if unpublished(result) else ""
    if result.applied.unserved or any(not item.finished for item in results):
        kinds = {item.error.kind for item in results if item.error is not None} - _FOLLOWING
        if "changed" in kinds:
            then = f"run `{command('plan')}`: it shows what an apply would replace."
            return f"Next: {new}check the change above, then {then}{_instead(result)}"
        later = " later" if kinds and kinds <= _PASSING else ""
        fix = f"fix the error above, {'and' if new else 'then'} " if kinds - _PASSING else ""
        saved = " A changed manifest needs a new plan instead." if fix and style.given and style.given.saved else ""
        again = f"run `{next_command.again()}` again{later}: it does what is left."
        return f"Next: {new}{fix}{again}{saved}{_instead(result)}"
    if result.plan.unreadable and not (style.given and style.given.saved):
        return f"Next: {new}fix the error above, {'and' if new else 'then'} run `{next_command.again()}` again."
    stuck = {item.environment for item in result.verified if item.verdict is Verdict.STUCK}
    if stuck - _without_records(result):
        return next_check(Verdict.STUCK, next_command)
    live = {name: domain for name, state in result.applied.live.items() if (domain := domain_of(state))}
    ready = {name for name, domain in live.items() if domain.ready}
    waiting = [item for item in result.records if item.environment not in ready]
    if waiting and unpublished(result):
        publish = publishing_with(next_command, result.plan)
        return f"Next: publish these records{publish}, then run `{command('verify --wait 15m')}`."
    if not waiting and unpublished(result) and not result.verified:
        return f"Next: publish these records where DNS lacks them, then run `{command('verify')}`."
    if any(ending is Ending.FAILING for *_, ending in endings(result.plan, result.applied)):
        return next_check(Verdict.STUCK, next_command)
    checked = {step.environment for step in result.plan.steps if isinstance(step, Verify)}
    if waiting or any(name in live and name not in ready for name in checked):
        return next_check(Verdict.WAITING, next_command)
    return ""


def _without_records(result: ApplyResult) -> set[str]:
    """Environments whose records DNS lacks. Of a domain that the plan creates, it lacks what was not looked up."""
    created = {step.environment for step in result.plan.steps if isinstance(step, Create)}
    return {
        item.environment
        for item in unpublished(result)
        if (item.lookup.bad if item.lookup is not None else item.environment in created)
    }


def _instead(result: ApplyResult) -> str:
    """How to serve again what could not be restored: the command alone would try the new hostname once more."""
    refused = {
        step.environment: step.hostname
        for step in result.plan.steps
        if isinstance(step, Create) and ending_of(step, result.applied.results[step.id], None) is Ending.FAILED
    }
    for item in result.applied.unserved:
        if item.run is None and item.target is None and refused.get(item.environment, item.hostname) != item.hostname:
            hostname, name = escape_control(display_hostname(item.hostname)), escape_control(item.environment)
            return (
                f" To serve {hostname} again instead, set it as the hostname of `{name}` in the manifest, then apply."
            )
    return ""
