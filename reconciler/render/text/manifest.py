"""Manifests: their problems, and entries for existing custom domains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.escape import escape_control
from reconciler.model.results import ImportResult
from reconciler.render.diagnostics import render_text as render_diagnostics
from reconciler.render.diagnostics import render_total
from reconciler.render.text.sections import joined, render_failure

if TYPE_CHECKING:
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_validate(report: Report, style: Style) -> str:
    """Every problem with its place, or the word that there is none."""
    listed = render_diagnostics(report.diagnostics, style).rstrip("\n")
    return joined([listed, render_total(report.diagnostics), escape_control(report.message or "")])


def render_import(report: Report, style: Style) -> str:
    """The manifest that was made, to be kept as it is."""
    match report.content:
        case ImportResult(manifest=manifest):
            return manifest or ""
        case _:
            return render_failure(report, style)
