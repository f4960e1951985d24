"""Plans and reports for pull request comments. Nothing from outside can become markup or a mention."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, assert_never

from reconciler.model.domains import NOT_KNOWN, Present, Unreadable
from reconciler.model.hostnames import shown
from reconciler.model.plan import Action
from reconciler.model.report import RestoreFailure
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
)
from reconciler.render.escape import escape_control
from reconciler.render.lookups import words
from reconciler.render.probes import verdict_words
from reconciler.render.text.live import drift_total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.dns import DnsNote, Publication
    from reconciler.model.plan import Block, EnvironmentPlan, Plan
    from reconciler.model.probe import Probe
    from reconciler.model.report import Applied, Finding, Record, Verified
    from reconciler.model.results import Report
    from reconciler.render.style import Style

# What CommonMark and GitHub's dialect give meaning to, some of it only where a line begins.
_MARKUP = re.compile(r"[\\*_{}\[\]()#+!|~>`]|^[-=]|(?<=^\d)\.")
# Mentions, references and addresses become links without any markup; an invisible space keeps them from it.
_LINKING = re.compile(r"@|#|:(?=//)|www(?=\.)", re.IGNORECASE)


def render_plan(report: Report, _style: Style) -> str:
    """The plan: a heading with the numbers, a table of changes, interruptions and blocks by name, the digest to approve."""
    if not isinstance(report.content, PlanResult):
        return _failure(report, "Plan failed")
    proposal = report.content.proposal
    plan = proposal.plan
    count = plan.summary()
    parts = [f"{count[key]} to {key}" for key in ("create", "delete", "replace", "verify") if count[key]]
    if count["unreadable"]:
        parts.append(f"{count['unreadable']} unreadable")
    total = count["environments"]
    title = ", ".join(parts) or f"in sync, nothing to do in {total} environment{'s' * (total != 1)}"
    rows = [
        (item.action.value, code(item.name), _host(item.before), _host(item.environment.hostname), _note(item))
        for item in plan.environments
        if item.action is not Action.NONE
    ]
    interruptions = [
        f"{_host(item.hostname)} stops being served with {code(item.from_step)}, "
        + (f"until {code(item.until)} finds it connected" if item.until else "for good")
        for item in plan.interruptions
    ]
    moves = [f"{_host(move.hostname)} from {code(move.source)} to {code(move.target)}" for move in plan.moves]
    return _joined(
        [
            f"### Imgwire plan: {title}",
            _table(("Action", "Environment", "Live", "Desired", "Note"), rows),
            _list("Moves", moves),
            _list("Interruptions", interruptions),
            _blocks(proposal.blocks),
            f"Digest {code(proposal.digest)}" if plan.writes else "",
        ]
    )


def render_report(report: Report, _style: Style) -> str:
    """What happened, of any command: steps, verdicts or findings, whichever it has."""
    content = report.content
    if content is None or isinstance(content, ValidateResult | DoctorResult):
        return _failure(report, f"{(report.command or 'reconciler').capitalize()} failed")
    title = f"### Imgwire {report.command}: {report.conclusion.outcome}"
    match content:
        case StatusResult(plan=plan):
            head = ("Environment", "Live", "Desired", "Note")
            table = _table(head, [_status(item) for item in plan.environments])
            return _joined([title, table, _probes(content.probes)])
        case ApplyResult():
            parts = [
                _steps(content.plan, content.applied),
                _verdicts(content.verified),
                _unreadable(content.plan),
                _records(content.records),
                _published(content.publications),
                _notes(content.dns_notes),
            ]
        case VerifyResult():
            parts = [
                _verdicts(content.verified),
                _unreadable(content.plan),
                _records(content.records),
                _notes(content.dns_notes),
                _probes(content.probes),
            ]
        case DriftResult(plan=plan, findings=findings):
            total = "" if report.failed else drift_total(content)
            parts = [
                total,
                _findings(findings),
                _unreadable(plan),
                _records(content.records),
                _notes(content.dns_notes),
            ]
            parts.append(_probes(content.probes))
        case DnsCheckResult():
            parts = [_unreadable(content.plan), _records(content.records), _notes(content.dns_notes)]
        case PublishResult():
            parts = [_unreadable(content.plan), _records(content.records), _published(content.publications)]
        case PlanResult() | ImportResult() | RecordsResult():
            parts = [_unreadable(content.plan)]
        case _:
            assert_never(content)
    parts = [_why(report), *parts]
    return _joined([title, *parts, "" if any(parts) else "Nothing to tell."])


def _findings(findings: Iterable[Finding]) -> str:
    rows = [(item.kind.value, code(item.environment), prose(item.sentence)) for item in findings]
    return _table(("Drift", "Environment", "What"), rows)


def _verdicts(verified: Iterable[Verified]) -> str:
    rows = [(item.verdict.value, code(item.environment), prose(item.message)) for item in verified]
    return _table(("Verdict", "Environment", "Why"), rows)


def _unreadable(plan: Plan) -> str:
    lines = [
        f"{code(item.name)}: {prose(item.live.error.message)}"
        for item in plan.environments
        if isinstance(item.live, Unreadable)
    ]
    return _list("Could not be read", lines)


def _notes(notes: Iterable[DnsNote]) -> str:
    return _list("DNS warnings", [f"{note.kind}: {prose(note.message)}" for note in notes])


def _steps(plan: Plan, applied: Applied) -> str:
    rows = [
        (
            applied.results[step.id].state.value.replace("_", " "),
            step.op,
            code(step.environment),
            _host(step.hostname),
            prose(error.message) if (error := applied.results[step.id].error) else "",
        )
        for step in plan.steps
    ]
    return _joined(
        [
            _table(("State", "Step", "Environment", "Hostname", "Why"), rows),
            _list("Put back", [f"{_host(item.hostname)} in {code(item.environment)}" for item in applied.restored]),
            _list(
                "Could not be restored",
                [
                    f"{_host(item.hostname)} in {code(item.environment)}: {prose(item.error.message)}"
                    for item in applied.restores
                    if isinstance(item, RestoreFailure)
                ],
            ),
            _list(
                "Serves no traffic now",
                [f"{_host(item.hostname)}, since {code(item.since)}" for item in applied.unserved],
            ),
        ]
    ).rstrip("\n")


def _records(records: Sequence[Record]) -> str:
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
    tables = (
        _table(("Name", "Type", "Value", "For"), unseen),
        _table(("DNS", "Name", "Type", "Value", "For", "Found", "Note"), seen),
    )
    return "\n\n".join(table for table in tables if table)


def _probes(probes: Iterable[Probe]) -> str:
    rows = [(verdict_words(item), code(item.environment), code(item.hostname), prose(item.message)) for item in probes]
    return _table(("Probe", "Environment", "Hostname", "Result"), rows)


def _published(publications: Iterable[Publication]) -> str:
    rows = [
        (item.state.replace("_", " "), code(item.name), code(item.before), code(item.after), prose(item.error or ""))
        for item in publications
    ]
    return _table(("Published", "Name", "Before", "After", "Why"), rows)


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


def _failure(report: Report, title: str) -> str:
    problems = [
        (f"{code(f'{item.span.file}:{item.span.line}:{item.span.column}')} " if item.span else "")
        + f"{item.severity.value} {code(item.code)}: {prose(item.message)}"
        + (f" ({prose(item.hint)})" if item.hint else "")
        for item in report.diagnostics
    ]
    return _joined([f"### Imgwire: {title}", _why(report), _list("Problems", problems)])


def _why(report: Report) -> str:
    """What went wrong and what to do about it, as paragraphs."""
    lines = [report.message or "", *(report.hint or "").splitlines()]
    return "\n\n".join(prose(line.strip()) for line in lines if line.strip())


def _blocks(blocks: Iterable[Block]) -> str:
    lines = [
        f"{code(block.code)}: {prose(block.message)}"
        + (f"; to go ahead all the same: {code(block.override)}" if block.override else "")
        for block in blocks
    ]
    return _list("Apply will refuse this plan", lines)


def code(text: str | None) -> str:
    """Outside text as a code span that it cannot leave, not even inside a table; a dash for none."""
    if not text:
        return "-"
    # Parsers disagree about an escaped bar behind a backslash in a table, so there is no bar.
    kept = escape_control(text).replace("`", "'").replace("|", "¦")
    return f"`{kept}`"


def _record_name(name: str | None) -> str:
    return NOT_KNOWN if name is None else code(name)


def _host(hostname: str | None) -> str:
    return code(None if hostname is None else shown(hostname))


def prose(text: str) -> str:
    """Outside text as plain words: no markup but code spans, no link, no mention, no reference, no table cell, no HTML."""
    parts = escape_control(text).split("`")
    if len(parts) % 2 == 0 or not all(parts[1::2]):
        return _plain("`".join(parts))
    return "".join(code(part) if index % 2 else _plain(part) for index, part in enumerate(parts))


def _plain(text: str) -> str:
    escaped = _MARKUP.sub(r"\\\g<0>", text).replace("&", "&amp;").replace("<", "&lt;")
    return _LINKING.sub("\\g<0>\u200b", escaped)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _list(title: str, lines: list[str]) -> str:
    return "\n".join([f"**{title}**", "", *(f"- {line}" for line in lines)]) if lines else ""


def _joined(parts: Iterable[str]) -> str:
    return "\n\n".join(part for part in parts if part) + "\n"
