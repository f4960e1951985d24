"""Reports for pull request comments. Nothing from outside can become markup or a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reconciler.model.domains import Present, Unreadable
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.report import DriftKind, StepState
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
from reconciler.render.condition import conditions, status_total
from reconciler.render.markdown.records import other_changes, published, record_tables
from reconciler.render.markdown.sections import (
    blocked,
    failure,
    hints,
    host,
    marker,
    problems,
    unreadable,
    unserved,
    why,
)
from reconciler.render.markdown.steps import failures, step_tables
from reconciler.render.markup import Lines, alert, assemble, bullets, code, fence, prose, table
from reconciler.render.next_command import NextCommand
from reconciler.render.priority import DRIFT_COMMANDS, by_kind
from reconciler.render.probes import verdict_words
from reconciler.render.readiness import assess, assess_all, counted, hostnames_of
from reconciler.render.text.apply import next_step, records_to_remove
from reconciler.render.text.drift import drift_total, next_of_drift
from reconciler.render.text.live import next_of_status
from reconciler.render.text.verify import next_to_ready, records_to_check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.dns import DnsNote
    from reconciler.model.doctor import Check
    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.probe import Probe
    from reconciler.model.report import Finding
    from reconciler.model.results import Read, Report
    from reconciler.render.readiness import Assessed
    from reconciler.render.style import Style

_VALUES_BELOW = {DriftKind.RECREATED, DriftKind.DNS_TARGETS_CHANGED}


def render_report(report: Report, style: Style) -> str:
    """What happened, of any command: steps, verdicts or findings, whichever it has."""
    content = report.content
    if content is None or (isinstance(content, ValidateResult) and content.message is None):
        return failure(report, style)
    title = f"### Imgwire {report.command}: {report.conclusion.outcome}"
    parts: list[str | Lines]
    match content:
        case ValidateResult():
            return assemble([marker(report, style), title, why(report), problems(report)])
        case DoctorResult(checks=checks):
            rows = table(("State", "Check", "Result", "Hint"), [_check(item) for item in checks])
            return assemble([marker(report, style), title, rows])
        case _:
            title = _title(report, content)
    match content:
        case StatusResult(plan=plan):
            head = ("Environment", "Live", "Desired", "Note")
            rows = table(head, [_status(item) for item, _ in conditions(content)])
            next_ = prose(next_of_status(content, style))
            mistaken = blocked(item for item in content.blocks if item.code in IDENTITY_CODES)
            return assemble(
                [marker(report, style), title, mistaken, rows, _probes(content.probes), *hints(plan), next_]
            )
        case ApplyResult():
            parts = [
                alert("CAUTION", failures(content)),
                *step_tables(content.plan, content.applied),
                _verdicts(assess(content.verified), content.plan),
                unreadable(content.plan),
                "**DNS records to publish**" if content.records else "",
                *record_tables(content.records),
                bullets("DNS records to remove", (f"{code(name)} CNAME" for name in records_to_remove(content))),
                published(content.publications),
                other_changes(content.other_changes),
                _notes(content.dns_notes),
                *hints(content.plan),
                prose(next_step(content, style)),
            ]
        case VerifyResult():
            records = records_to_check(content)
            parts = [
                _verdicts(assess_all(content), content.plan),
                unreadable(content.plan),
                "**DNS records**" if records else "",
                *record_tables(records),
                _notes(content.dns_notes),
                _probes(content.probes),
                *hints(content.plan),
                prose(next_to_ready(content, style)),
            ]
        case DriftResult(plan=plan, findings=findings):
            parts = [
                blocked(item for item in content.blocks if item.code in IDENTITY_CODES and not report.failed),
                _findings(content, style),
                fence("diff", _changes(findings)),
                unreadable(plan),
                *record_tables(content.records),
                _notes(content.dns_notes),
                _probes(content.probes),
                *hints(plan),
                prose(next_of_drift(content, style)),
            ]
        case DnsCheckResult():
            parts = [unreadable(content.plan), *record_tables(content.records), _notes(content.dns_notes)]
        case PublishResult():
            parts = [
                unreadable(content.plan),
                *record_tables(content.records),
                published(content.publications),
                other_changes(content.other_changes),
            ]
        case PlanResult() | ImportResult() | RecordsResult():
            parts = [unserved(report.unserved), unreadable(content.plan)]
        case _:
            assert_never(content)
    parts = [why(report), *parts]
    return assemble([marker(report, style), title, *parts, "" if any(parts) else "Nothing to report."])


def _title(report: Report, content: Read) -> str:
    """How many environments ended how; the outcome in one word where nothing is counted, or a failure ended the run."""
    start, outcome = f"### Imgwire {report.command}: ", report.conclusion.outcome
    match content:
        case ApplyResult(applied=applied):
            states = [result.state for result in applied.results.values()]
            listed = _listed({state.value.replace("_", " "): states.count(state) for state in StepState})
            return f"{start}{outcome} ({listed})" if listed else f"{start}{outcome}"
        case _ if report.failed:
            return f"{start}{outcome}"
        case VerifyResult():
            return f"{start}{counted(assess_all(content)) or outcome}"
        case DriftResult():
            return f"{start}{drift_total(content).removesuffix('.')}"
        case StatusResult():
            return f"{start}{status_total(conditions(content)) or outcome}"
        case _:
            return f"{start}{outcome}"


def _listed(number: Mapping[str, int]) -> str:
    return ", ".join(f"{count:,} {word}" for word, count in number.items() if count)


def _findings(drift: DriftResult, style: Style) -> Lines:
    next_command = NextCommand(drift.plan, style)
    spans = {item.name: item.environment.span for item in drift.plan.environments}
    rows = []
    for item in by_kind(drift.findings):
        span = spans.get(item.environment)
        place = code(f"{style.path(span.file)}:{span.line}") if span else ""
        command = next_command.line(DRIFT_COMMANDS[item.kind], item.environment)
        rows.append((item.words, code(item.environment), prose(item.sentence), place, code(command)))
    return table(("Drift", "Environment", "What", "Where", "Next"), rows)


def _changes(findings: Iterable[Finding]) -> Iterator[str]:
    """Each value that differs and that no sentence of the table has, as lines of a diff."""
    for item in by_kind(findings):
        for change in item.changes if item.kind in _VALUES_BELOW else ():
            yield f"- {item.environment}: {change.path}: {change.before or 'none'}"
            yield f"+ {item.environment}: {change.path}: {change.after or 'none'}"


def _verdicts(assessed: Assessed, plan: Plan) -> Lines:
    hostnames = hostnames_of((item for item, _ in assessed), plan)
    rows = [
        (readiness.words, code(item.environment), host(hostnames[item.environment]), prose(item.message))
        for item, readiness in assessed
    ]
    return table(("Verdict", "Environment", "Hostname", "Why"), rows)


def _notes(notes: Iterable[DnsNote]) -> Lines:
    return bullets("DNS warnings", [f"{note.kind}: {prose(note.message)}" for note in notes])


def _probes(probes: Iterable[Probe]) -> Lines:
    rows = [(verdict_words(item), code(item.environment), code(item.hostname), prose(item.message)) for item in probes]
    return table(("Probe", "Environment", "Hostname", "Result"), rows)


def _status(item: EnvironmentPlan) -> tuple[str, ...]:
    return (code(item.name), host(item.before), host(item.environment.hostname), _note(item))


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
