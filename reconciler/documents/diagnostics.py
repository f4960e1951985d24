"""Diagnostics in documents. Their source lines are not written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Diagnostic, Related, Severity, Span
from reconciler.model.escape import escape_control

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def diagnostic_object(diagnostic: Diagnostic) -> Object:
    """`file`, `line` and `column` are null where no text is to blame.

    `environment` is the entry concerned, or null; `related` are other places, with a `label` each.
    """
    return {
        "severity": str(diagnostic.severity),
        "code": str(diagnostic.code),
        "message": escape_control(diagnostic.message),
        "hint": escape_control(diagnostic.hint) if diagnostic.hint is not None else None,
        **_place_object(diagnostic.span),
        "environment": escape_control(diagnostic.environment) if diagnostic.environment is not None else None,
        "related": [{"label": escape_control(one.label), **_place_object(one.span)} for one in diagnostic.related],
    }


def diagnostic_of(item: Object) -> Diagnostic:
    return Diagnostic(
        Severity(item["severity"]),
        item["code"],
        item["message"],
        item["hint"],
        None if item["file"] is None else _span_of(item),
        related=tuple(Related(_span_of(one), one["label"]) for one in item["related"]),
        environment=item["environment"],
    )


def _place_object(span: Span | None) -> Object:
    if span is None:
        return {"file": None, "line": None, "column": None}
    return {"file": escape_control(span.file), "line": span.line, "column": span.column}


def _span_of(item: Object) -> Span:
    return Span(item["file"], item["line"], item["column"])
