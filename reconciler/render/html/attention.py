"""The page of a report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Severity
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import ApplyResult, DriftResult, PlanResult, StatusResult, VerifyResult
from reconciler.render.html.changes import apply_page, plan_page
from reconciler.render.html.live import drift_page, status_page, verify_page
from reconciler.render.html.page import Card, Page, Tone, place_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def page_of(report: Report, style: Style) -> Page:
    """What needs attention first, the rest in folded lists. A run that failed early has only its problems to show."""
    match report.content:
        case PlanResult() as result:
            page = plan_page(result, style)
        case ApplyResult() as result:
            page = apply_page(result, style)
        case DriftResult() as result:
            page = drift_page(result, style)
        case StatusResult() as result:
            page = status_page(result, style)
        case VerifyResult() as result:
            page = verify_page(result, style)
        case _:
            page = Page("The manifest cannot be used.")
    summary = (report.failed.message if report.failed else None) or page.summary
    cards = (*_problems(report.diagnostics, style), *page.cards)
    return replace(page, summary=summary, tone=_tone(report.conclusion.exit_code, cards), cards=cards)


def _tone(code: ExitCode, cards: tuple[Card, ...]) -> Tone:
    """Green only where nothing needs attention."""
    match code:
        case ExitCode.OK:
            return Tone.PLAIN if cards else Tone.GOOD
        case ExitCode.WAITING:
            return Tone.WARN
        case _:
            return Tone.BAD


def _problems(diagnostics: Iterable[Diagnostic], style: Style) -> Iterator[Card]:
    for item in diagnostics:
        tone = Tone.BAD if item.severity is Severity.ERROR else Tone.WARN
        notes = (item.message, item.hint) if item.hint else (item.message,)
        yield Card(str(item.code), str(item.severity), tone, notes, place=place_of(item.span, style))
