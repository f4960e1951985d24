"""What a look for drift found, as annotations of a GitHub workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.domains import Unreadable
from reconciler.model.results import DriftResult
from reconciler.render import diagnostics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_diagnostics(report: Report, _style: Style) -> str:
    """One annotation for each diagnostic."""
    return diagnostics.render_github(report.diagnostics)


def render_drift(report: Report, _style: Style) -> str:
    """One annotation for each finding, at the environment's place in the manifest, and one for each thing that went wrong."""
    problems = [*report.diagnostics, *_failure(report)]
    if isinstance(report.content, DriftResult):
        problems += [*_unreadable(report, report.content), *_findings(report.content)]
    return diagnostics.render_github(problems)


def _findings(drift: DriftResult) -> Iterator[Diagnostic]:
    spans = {item.name: item.environment.span for item in drift.plan.environments}
    for finding in drift.findings:
        yield Diagnostic(Severity.WARNING, finding.kind, finding.sentence, span=spans.get(finding.environment))


def _failure(report: Report) -> Iterator[Diagnostic]:
    if report.message:
        yield Diagnostic(Severity.ERROR, report.conclusion.reason or "error", report.message, report.hint)


def _unreadable(report: Report, drift: DriftResult) -> Iterator[Diagnostic]:
    told = {item.environment for item in report.diagnostics if item.severity is Severity.ERROR}
    for item in drift.plan.environments:
        if isinstance(item.live, Unreadable) and item.name not in told:
            message = f"`{item.name}` could not be read: {item.live.error.message}"
            yield Diagnostic(Severity.ERROR, "unreadable", message, item.live.error.hint, item.environment.span)
