"""Plans and reports for pull request comments. Nothing from outside can become markup or a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reconciler.model.domains import NOT_KNOWN, Present, Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import Action
from reconciler.model.report import RestoreFailure, StepState, Verdict
from reconciler.model.results import (
    ApplyResult,
    DnsCheckResult,
    DoctorResult,
    DriftResult,
    ImportResult,
    PlanResult,
    PublishResult,
    RecordsResult,
    StatusResult,
    ValidateResult,
    VerifyResult,
    is_complete,
)
from reconciler.render.lookups import words
from reconciler.render.markup import Lines, alert, assemble, bullets, code, details, fence, prose, table
from reconciler.render.priority import STEP_STATES, by_health, by_kind, by_verdict
from reconciler.render.probes import verdict_words
from reconciler.render.text.live import drift_total
from reconciler.render.text.plan import counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from reconciler.model.dns import DnsNote, Publication, ZoneChange
    from reconciler.model.doctor import Check
    from reconciler.model.plan import Block, EnvironmentPlan, Interruption, Move, Plan
    from reconciler.model.probe import Probe
    from reconciler.model.report import Applied, Finding, Record, Verified
    from reconciler.model.results import Read, Report
    from reconciler.render.style import Style

_MAX_DRAWN = 40  # moves: a larger picture cannot be read


def render_plan(report: Report, style: Style) -> str:
    """The plan: the numbers, what is dangerous, each change, the steps, then the digest and the line that applies it."""
    if not isinstance(report.content, PlanResult):
        return _failure(report, "Plan failed", style)
    proposal = report.content.proposal
    plan = proposal.plan
    total = len(plan.environments)
    same = "as the baseline" if proposal.offline else "in sync"
    title = counts(plan) if plan.steps or plan.unreadable else f"{same}, {total:,} environment{'s' * (total != 1)}"
    number = {step.id: place for place, step in enumerate(plan.steps, 1)}
    steps = [
        f"{place}. {step.op} {code(step.environment)} {_host(step.hostname)}"
        for place, step in enumerate(plan.steps, 1)
    ]
    unchanged = [code(item.name) for item in plan.environments if item.action is Action.NONE]
    return assemble(
        [
            _marker(report, style),
            f"### Imgwire plan{' (offline)' if proposal.offline else ''}: {title}",
            alert("WARNING", [prose(proposal.offline.message)] if proposal.offline else []),
            alert("CAUTION", (_interruption(item, number) for item in plan.interruptions)),
            alert("CAUTION", map(_block, proposal.blocks)),
            fence("diff", _changes(plan)),
            bullets(
                "Moves",
                (f"{_host(move.hostname)} from {code(move.source)} to {code(move.target)}" for move in plan.moves),
            ),
            _drawn(plan.moves),
            _unreadable(plan),
            details(f"{len(steps):,} steps", Lines(tuple(steps))),
            details(f"{len(unchanged):,} unchanged", bullets("Unchanged", unchanged) if steps else Lines(())),
            "" if proposal.offline else f"Digest {code(proposal.digest)}",
            f"Apply this plan only: {code(f'reconciler apply --expect-digest {proposal.digest}')}"
            if plan.writes and is_complete(report.content) and not proposal.blocks
            else "",
        ]
    )


def _marker(report: Report, style: Style) -> str:
    """Hidden in the first line, so that a pipeline finds its earlier comment."""
    key = f":{style.comment_key}" if style.comment_key else ""
    return f"<!-- imgwire-reconciler:{report.command or 'reconciler'}{key} -->"


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
    start = f"step {number[item.from_step]}" if item.from_step in number else code(item.from_step)
    return f"{_host(item.hostname)} goes offline at {start}, {until}"


def _block(block: Block) -> str:
    override = f". To override: {code(block.override)}" if block.override else ""
    return f"**blocked** ({code(block.code)}): {prose(block.message)}{override}"


def render_report(report: Report, style: Style) -> str:
    """What happened, of any command: steps, verdicts or findings, whichever it has."""
    content = report.content
    if content is None or (isinstance(content, ValidateResult) and content.message is None):
        return _failure(report, f"{(report.command or 'reconciler').capitalize()} failed", style)
    title = f"### Imgwire {report.command}: {report.conclusion.outcome}"
    parts: list[str | Lines]
    match content:
        case ValidateResult():
            return assemble([_marker(report, style), title, _why(report), _problems(report)])
        case DoctorResult(checks=checks):
            rows = table(("State", "Check", "Result", "Hint"), [_check(item) for item in checks])
            return assemble([_marker(report, style), title, rows])
        case _:
            title += _numbers(content)
    match content:
        case StatusResult(plan=plan):
            head = ("Environment", "Live", "Desired", "Note")
            rows = table(head, [_status(item) for item in by_health(plan.environments)])
            return assemble([_marker(report, style), title, rows, _probes(content.probes)])
        case ApplyResult():
            parts = [
                *_steps(content.plan, content.applied),
                _verdicts(content.verified),
                _unreadable(content.plan),
                *_records(content.records),
                _published(content.publications),
                _other_changes(content.other_changes),
                _notes(content.dns_notes),
            ]
        case VerifyResult():
            parts = [
                _verdicts(content.verified),
                _unreadable(content.plan),
                *_records(content.records),
                _notes(content.dns_notes),
                _probes(content.probes),
            ]
        case DriftResult(plan=plan, findings=findings):
            total = "" if report.failed else drift_total(content)
            parts = [
                total,
                _findings(findings),
                _unreadable(plan),
                *_records(content.records),
                _notes(content.dns_notes),
            ]
            parts.append(_probes(content.probes))
        case DnsCheckResult():
            parts = [_unreadable(content.plan), *_records(content.records), _notes(content.dns_notes)]
        case PublishResult():
            parts = [
                _unreadable(content.plan),
                *_records(content.records),
                _published(content.publications),
                _other_changes(content.other_changes),
            ]
        case PlanResult() | ImportResult() | RecordsResult():
            parts = [_unreadable(content.plan)]
        case _:
            assert_never(content)
    parts = [_why(report), *parts]
    return assemble([_marker(report, style), title, *parts, "" if any(parts) else "Nothing to report."])


def _numbers(content: Read) -> str:
    """How many environments ended how, for the heading."""
    match content:
        case ApplyResult(applied=applied):
            states = [result.state for result in applied.results.values()]
            number = {state.value.replace("_", " "): states.count(state) for state in StepState}
        case VerifyResult(verified=verified):
            number = {verdict.value: sum(item.verdict is verdict for item in verified) for verdict in Verdict}
        case DriftResult(findings=findings):
            number = {"drifted": len({item.environment for item in findings if item.counts})}
        case _:
            return ""
    listed = ", ".join(f"{count:,} {word}" for word, count in number.items() if count)
    return f" ({listed})" if listed else ""


def _findings(findings: Iterable[Finding]) -> Lines:
    rows = [(item.kind.value, code(item.environment), prose(item.sentence)) for item in by_kind(findings)]
    return table(("Drift", "Environment", "What"), rows)


def _verdicts(verified: Iterable[Verified]) -> Lines:
    rows = [(item.verdict.value, code(item.environment), prose(item.message)) for item in by_verdict(verified)]
    return table(("Verdict", "Environment", "Why"), rows)


def _unreadable(plan: Plan) -> Lines:
    lines = [
        f"{code(item.name)}: {prose(item.live.error.message)}"
        for item in plan.environments
        if isinstance(item.live, Unreadable)
    ]
    return bullets("Could not be read", lines)


def _notes(notes: Iterable[DnsNote]) -> Lines:
    return bullets("DNS warnings", [f"{note.kind}: {prose(note.message)}" for note in notes])


def _steps(plan: Plan, applied: Applied) -> list[Lines]:
    """What serves no traffic first, then each step, then what was restored."""
    rows = [
        (
            applied.results[step.id].state.value.replace("_", " "),
            step.op,
            code(step.environment),
            _host(step.hostname),
            prose(error.message) if (error := applied.results[step.id].error) else "",
        )
        for state in STEP_STATES
        for step in plan.steps
        if applied.results[step.id].state is state
    ]
    not_restored = [item for item in applied.restores if isinstance(item, RestoreFailure)]
    return [
        alert(
            "CAUTION",
            (f"{_host(item.hostname)} serves no traffic now, since {code(item.since)}" for item in applied.unserved),
        ),
        table(("State", "Step", "Environment", "Hostname", "Why"), rows),
        bullets(
            "Restored after a failed create",
            (f"{_host(item.hostname)} in {code(item.environment)}" for item in applied.restored),
        ),
        bullets(
            "Could not be restored",
            (
                f"{_host(item.hostname)} in {code(item.environment)}: {prose(item.error.message)}"
                for item in not_restored
            ),
        ),
    ]


def _records(records: Sequence[Record]) -> list[Lines]:
    unseen = [
        (_record_name(item.name), "CNAME", _record_name(item.value), item.purpose)
        for item in records
        if item.lookup is None
    ]
    seen = [
        (
            words(item.lookup.verdict),
            _record_name(item.name),
            "CNAME",
            _record_name(item.value),
            item.purpose,
            ", ".join(code(value) for value in item.lookup.found) or "-",
            prose(item.lookup.note or ""),
        )
        for item in records
        if item.lookup is not None
    ]
    return [
        table(("Name", "Type", "Value", "For"), unseen),
        table(("DNS", "Name", "Type", "Value", "For", "Found", "Note"), seen),
    ]


def _probes(probes: Iterable[Probe]) -> Lines:
    rows = [(verdict_words(item), code(item.environment), code(item.hostname), prose(item.message)) for item in probes]
    return table(("Probe", "Environment", "Hostname", "Result"), rows)


def _published(publications: Iterable[Publication]) -> Lines:
    rows = [
        (item.state.replace("_", " "), code(item.name), code(item.before), code(item.after), prose(item.error or ""))
        for item in publications
    ]
    return table(("Published", "Name", "Before", "After", "Why"), rows)


def _other_changes(changes: Iterable[ZoneChange]) -> Lines:
    rows = [
        (code(item.name), code(item.type), code(item.zone), code(item.before), code(item.after)) for item in changes
    ]
    return table(("Changed meanwhile", "Type", "Zone", "Before", "After"), rows)


def _status(item: EnvironmentPlan) -> tuple[str, ...]:
    return (code(item.name), _host(item.before), _host(item.environment.hostname), _note(item))


def _note(item: EnvironmentPlan) -> str:
    match item.live:
        case Unreadable(error):
            return prose(error.message)
        case Present(domain):
            return prose(domain.short_health)
        case _:
            return "absent"


def _check(item: Check) -> tuple[str, ...]:
    return (str(item.state), code(item.name), prose(item.message), prose(item.hint or ""))


def _failure(report: Report, title: str, style: Style) -> str:
    return assemble([_marker(report, style), f"### Imgwire: {title}", _why(report), _problems(report)])


def _problems(report: Report) -> Lines:
    problems = [
        (f"{code(f'{item.span.file}:{item.span.line}:{item.span.column}')} " if item.span else "")
        + f"{item.severity.value} {code(item.code)}: {prose(item.message)}"
        + (f" ({prose(item.hint)})" if item.hint else "")
        for item in report.diagnostics
    ]
    return bullets("Problems", problems)


def _why(report: Report) -> str:
    """What went wrong and what to do about it, as paragraphs."""
    lines = [report.message or "", *(report.hint or "").splitlines()]
    return "\n\n".join(prose(line.strip()) for line in lines if line.strip())


def _record_name(name: str | None) -> str:
    return NOT_KNOWN if name is None else code(name)


def _host(hostname: str | None) -> str:
    return code(None if hostname is None else display_hostname(hostname))
