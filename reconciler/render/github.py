"""What a look for drift found, as annotations of a GitHub workflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Diagnostic, Severity
from reconciler.model.domains import Unreadable
from reconciler.render import diagnostics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.document import Document


def render_drift(document: Document) -> str:
    """One annotation for each finding, at the environment's place in the manifest, and one for each thing that went wrong."""
    return diagnostics.render_github((*document.diagnostics, *_problems(document), *_findings(document)))


def _findings(document: Document) -> Iterator[Diagnostic]:
    spans = {item.name: item.environment.span for item in document.plan.items} if document.plan else {}
    for finding in document.findings:
        yield Diagnostic(Severity.WARNING, finding.kind, finding.sentence, span=spans.get(finding.environment))


def _problems(document: Document) -> Iterator[Diagnostic]:
    if document.message:
        yield Diagnostic(Severity.ERROR, document.reason or "error", document.message, document.hint)
    told = {item.environment for item in document.diagnostics if item.severity is Severity.ERROR}
    for item in document.plan.items if document.plan else ():
        if isinstance(item.live, Unreadable) and item.name not in told:
            message = f"`{item.name}` could not be read: {item.live.error.message}"
            yield Diagnostic(Severity.ERROR, "unreadable", message, item.live.error.hint, item.environment.span)
