"""What is to be said of manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render.diagnostics import render_text as render_diagnostics
from reconciler.render.escape import escape_control
from reconciler.render.text.parts import joined, render_failure

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.render.ink import Ink


def render_validate(document: Document, ink: Ink) -> str:
    """Every problem with its place, or the word that there is none."""
    listed = render_diagnostics(document.diagnostics, colour=ink.colour).rstrip("\n")
    return joined([listed, escape_control(document.message or "")])


def render_import(document: Document, ink: Ink) -> str:
    """The manifest that was made, to be kept as it is."""
    return render_failure(document, ink) if document.plan is None else document.manifest or ""
