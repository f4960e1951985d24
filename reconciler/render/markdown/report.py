"""Reports for pull request comments. Nothing from outside can become markup or a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reconciler.model.domains import Present, Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import IDENTITY_CODES
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
from reconciler.render.markdown.steps import failures, step_tables, stuck
from reconciler.render.markup import Lines, alert, assemble, bullets, code, fence, prose, table
from reconciler.render.probes import verdict_words
from reconciler.render.standing import (
    HOSTNAME_DIFFERS,
    Standing,
    after_waiting,
    counted_standings,
    hostnames_of,
    mistaken_environments,
    of_finding,
    of_status,
    of_verify,
    reason,
)
from reconciler.render.text.apply import counted_steps, next_step, not_ready, records_to_remove, unpublished
from reconciler.render.text.drift import drift_total, next_of_drift, shown_findings
from reconciler.render.text.live import next_of_status, status_total
from reconciler.render.text.verify import next_of_lookups, next_to_ready, records_to_check

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.dns import DnsNote
    from reconciler.model.doctor import Check
    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.probe import Probe
    from reconciler.model.results import Read, Report
    from reconciler.render.standing import Assessed
    from reconciler.render.style import Style


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
            head = ("State", "Environment", "Live", "Desired", "Note")
            rows = table(head, [_status(*pair) for pair in of_status(content)])
            next_ = prose(next_of_status(content, style))
            mistaken = blocked(item for item in content.blocks if item.code in IDENTITY_CODES)
            return assemble(
                [marker(report, style), title, mistaken, rows, _probes(content.probes), *hints(plan), next_]
            )
        case ApplyResult():
            parts = [
                alert("CAUTION", [*failures(content), *stuck(content)]),
                *step_tables(content),
                _verdicts(after_waiting(content.verified), content.plan),
                unreadable(content.plan),
                "**DNS records to publish**" if unpublished(content) else "",
                *record_tables(unpublished(content)),
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
                _verdicts(of_verify(content), content.plan),
                "**DNS records**" if records else "",
                *record_tables(records),
                _notes(content.dns_notes),
                _probes(content.probes),
                *hints(content.plan),
                prose(next_to_ready(content, style)),
            ]
        case DriftResult(plan=plan):
            parts = [
                blocked(item for item in content.blocks if item.code in IDENTITY_CODES and not report.failed),
                _findings(content, style),
                fence("diff", _changes(content)),
                unreadable(plan),
                *record_tables(content.records),
                _notes(content.dns_notes),
                _probes(content.probes),
                *hints(plan),
                prose(next_of_drift(content, style)),
            ]
        case DnsCheckResult():
            lookups = [item.lookup for item in content.records if item.lookup is not None]
            parts = [
                unreadable(content.plan),
                *record_tables(content.records),
                _notes(content.dns_notes),
                prose(next_of_lookups(lookups, content.plan, style)),
            ]
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
        case ApplyResult():
            listed = "; ".join(part for part in (counted_steps(content), not_ready(content)) if part)
            return f"{start}{outcome} ({listed})" if listed else f"{start}{outcome}"
        case _ if report.failed:
            return f"{start}{outcome}"
        case VerifyResult():
            return f"{start}{counted_standings(standing for _, standing in of_verify(content)) or outcome}"
        case DriftResult():
            return f"{start}{drift_total(content).removesuffix('.')}"
        case StatusResult():
            return f"{start}{status_total(content).removeprefix('Status: ').removesuffix('.')}"
        case _:
            return f"{start}{outcome}"


def _findings(drift: DriftResult, style: Style) -> Lines:
    """One row for each finding. The hostnames and other values are in the diff below."""
    environments = {item.name: item for item in drift.plan.environments}
    rows = [
        (Standing.MISTAKEN.words, code(name), _place(environments[name], style), host(environments[name].before))
        for name in mistaken_environments(drift.blocks, drift.plan)
    ]
    for item in shown_findings(drift):
        plan = environments.get(item.environment)
        standing = of_finding(item, plan)
        notes = [] if standing in HOSTNAME_DIFFERS else [prose(item.message)]
        notes += [item.cause_words] if item.cause else []
        notes += ["protected"] if standing in HOSTNAME_DIFFERS and plan and plan.environment.protect else []
        rows.append((standing.words, code(item.environment), _place(plan, style), ", ".join(notes)))
    return table(("Drift", "Environment", "Where", "Note"), rows)


def _place(item: EnvironmentPlan | None, style: Style) -> str:
    span = item.environment.span if item else None
    return code(f"{style.path(span.file)}:{span.line}") if span else ""


def _changes(drift: DriftResult) -> Iterator[str]:
    """Each value that differs, as lines of a diff."""
    for item in shown_findings(drift):
        for change in item.changes:
            about = item.environment if change.path == "hostname" else f"{item.environment}: {change.path}"
            labels = ("before", "now") if item.is_since else ("live", "desired")
            for sign, value, label in zip("-+", (change.before, change.after), labels, strict=True):
                shown = display_hostname(value) if value and change.path == "hostname" else value
                yield from [f"{sign} {about}: {shown} ({label})"] if shown else []


def _verdicts(assessed: Assessed, plan: Plan) -> Lines:
    hostnames = hostnames_of((item for item, _ in assessed), plan)
    desired = {item.name: item.environment.hostname for item in plan.environments}
    rows = [
        (
            standing.words,
            code(item.environment),
            host(hostnames[item.environment]),
            prose(reason(item, standing, desired.get(item.environment))),
        )
        for item, standing in assessed
    ]
    return table(("Verdict", "Environment", "Hostname", "Why"), rows)


def _notes(notes: Iterable[DnsNote]) -> Lines:
    return bullets("DNS warnings", [f"{note.kind}: {prose(note.message)}" for note in notes])


def _probes(probes: Iterable[Probe]) -> Lines:
    rows = [(verdict_words(item), code(item.environment), code(item.hostname), prose(item.message)) for item in probes]
    return table(("Probe", "Environment", "Hostname", "Result"), rows)


def _status(item: EnvironmentPlan, standing: Standing) -> tuple[str, ...]:
    return (standing.words, code(item.name), host(item.before), host(item.environment.hostname), _note(item))


def _note(item: EnvironmentPlan) -> str:
    match item.live:
        case Unreadable(error):
            return prose(error.message)
        case Present(domain):
            return prose(domain.short_health)
        case _:
            return ""


def _check(item: Check) -> tuple[str, ...]:
    return (str(item.state), code(item.name), prose(item.message), prose(item.hint or ""))
