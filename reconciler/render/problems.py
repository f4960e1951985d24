"""Everything in a report that a code review should point at, as diagnostics with a place in the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.domains import Unreadable
from reconciler.model.errors import NotInBaseline
from reconciler.model.plan import IDENTITY_CODES, override_label
from reconciler.model.report import RestoreFailure, StepState, Verdict
from reconciler.model.results import ApplyResult, DoctorResult, DriftResult, PlanResult, ValidateResult, VerifyResult
from reconciler.model.steps import step_name
from reconciler.render.standing import Standing, of_verify, sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.diagnostics import Span
    from reconciler.model.plan import Plan
    from reconciler.model.results import Report

    Spans = Mapping[str, Span | None]

_SEVERITY = {
    Verdict.STUCK: Severity.ERROR,
    Verdict.UNKNOWN: Severity.ERROR,
    Verdict.WAITING: Severity.WARNING,
    Verdict.ABSENT: Severity.WARNING,
    Verdict.DIFFERENT: Severity.WARNING,
}


def problems(report: Report) -> Iterator[Diagnostic]:
    """The diagnostics, the failure of the run, and what its result has: unreadable environments, blocks, findings, verdicts."""
    yield from report.diagnostics
    if report.failed and report.failed.message and not report.message_has_place:
        yield Diagnostic(
            Severity.ERROR, report.conclusion.reason or "error", report.failed.message, _one_line(report.hint)
        )
    content = report.content
    if content is None or isinstance(content, ValidateResult | DoctorResult):
        yield from _unserved(report, {})
        return
    spans = {item.name: item.environment.span for item in content.plan.environments}
    yield from _unreadable(report, content.plan)
    match content:
        case PlanResult() if not report.failed:
            if content.offline:
                yield Diagnostic(Severity.WARNING, "offline", content.offline.message)
            yield from _blocks(content, spans)
        case ApplyResult():
            yield from _applied(content, spans)
        case VerifyResult():
            yield from _verified(content, spans)
        case DriftResult():
            yield from _drift(content, spans)
        case _:
            pass
    yield from _unserved(report, spans)


def _one_line(hint: str | None) -> str | None:
    """The lines of a hint joined: a diagnostic has one line, and shows a line break as an escape."""
    return "; ".join(line.rstrip(".") for line in hint.splitlines()) if hint else None


def _unserved(report: Report, spans: Spans) -> Iterator[Diagnostic]:
    for item in report.unserved:
        message = f"{item.hostname} {item.state}, since {step_name(item.since)}{item.earlier_run}"
        yield Diagnostic(Severity.ERROR, "unserved", message, span=spans.get(item.environment))


def _unreadable(report: Report, plan: Plan) -> Iterator[Diagnostic]:
    reported = {item.environment for item in report.diagnostics if item.severity is Severity.ERROR}
    for item in plan.environments:
        if isinstance(item.live, Unreadable) and item.name not in reported:
            message = f"`{item.name}` could not be read: {item.live.error.message}"
            severity = Severity.WARNING if isinstance(item.live.error, NotInBaseline) else Severity.ERROR
            yield Diagnostic(severity, "unreadable", message, item.live.error.hint, item.environment.span)


def _blocks(content: PlanResult | DriftResult, spans: Spans) -> Iterator[Diagnostic]:
    for block in content.blocks:
        option = f"{override_label([block]).lower()}: {block.override}" if block.override else None
        hint = "; ".join(part for part in (block.fix, option) if part) or None
        yield Diagnostic(Severity.ERROR, block.code, block.message, hint, spans.get(block.environment or ""))


def _applied(content: ApplyResult, spans: Spans) -> Iterator[Diagnostic]:
    steps = {step.id: step for step in content.plan.steps}
    for id_, result in content.applied.results.items():
        if result.state is StepState.FAILED and result.error:
            span = spans.get(steps[id_].environment) if id_ in steps else None
            message = f"{step_name(id_)} failed: {result.error.message}"
            yield Diagnostic(Severity.ERROR, result.error.kind, message, result.error.hint, span)
    for item in content.applied.restores:
        if isinstance(item, RestoreFailure):
            message = f"could not restore {item.hostname} in `{item.environment}`: {item.error.message}"
            yield Diagnostic(Severity.ERROR, "restore_failed", message, span=spans.get(item.environment))


def _verified(content: VerifyResult, spans: Spans) -> Iterator[Diagnostic]:
    desired = {item.name: item.environment.hostname for item in content.plan.environments}
    for item, standing in of_verify(content):
        severity = _SEVERITY.get(item.verdict)
        if severity and standing not in {Standing.UNREADABLE, Standing.AS_DESIRED}:
            message = sentence(item, standing, desired.get(item.environment))
            yield Diagnostic(severity, str(item.verdict), message, span=spans.get(item.environment))


def _drift(content: DriftResult, spans: Spans) -> Iterator[Diagnostic]:
    for diagnostic, block in zip(_blocks(content, spans), content.blocks, strict=True):
        if block.code in IDENTITY_CODES:
            yield diagnostic
    for finding in content.findings:
        yield Diagnostic(Severity.WARNING, finding.kind, finding.sentence, span=spans.get(finding.environment))
