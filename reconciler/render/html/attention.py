"""The page of any report."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Severity
from reconciler.model.doctor import CheckState
from reconciler.model.exit_codes import ExitCode
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.results import (
    ApplyResult,
    DnsCheckResult,
    DoctorResult,
    DriftResult,
    PlanResult,
    PublishResult,
    RecordsResult,
    StatusResult,
    VerifyResult,
)
from reconciler.model.steps import step_name
from reconciler.render.html.apply import apply_page
from reconciler.render.html.drift import drift_page
from reconciler.render.html.live import status_page, verify_page
from reconciler.render.html.page import (
    MAX_ALERTS,
    MAX_CARDS,
    Alert,
    Bounded,
    Card,
    Line,
    Page,
    Tone,
    bounded,
    listing,
    place_of,
)
from reconciler.render.html.plan import block_alerts, plan_page
from reconciler.render.html.records import dns_listings, publication_listing, record_lines
from reconciler.render.problems import problems
from reconciler.render.text.sections import UNFINISHED

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.doctor import Check
    from reconciler.model.plan import Block
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def page_of(report: Report, style: Style) -> Page:
    """What needs attention first, the rest in lists. A run that failed early has only its problems to show."""
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
            return _other_page(report, style)
    cards = _with_problems(report.diagnostics, page.cards, style)
    blocks = report.content.blocks or (report.failed.blocks if report.failed else ())
    if not report.failed and not isinstance(
        report.content, PlanResult
    ):  # only what concerns reading, not a later apply
        blocks = tuple(block for block in blocks if block.code in IDENTITY_CODES)
    summary = (report.failed.message if report.failed else None) or page.summary
    return replace(
        page,
        summary=f"{UNFINISHED} {summary}" if report.conclusion.outcome == "running" else summary,
        tone=_tone(report, cards),
        tiles=tuple(tile for tile in page.tiles if tile.count),
        alerts=_alerts(report, blocks),
        cards=cards,
    )


def _other_page(report: Report, style: Style) -> Page:
    """A run that ended before it had a result, or whose command writes no page of its own: its problems and its records."""
    cards = _with_problems(problems(report) if not report.failed else report.diagnostics, Bounded(), style)
    fallback = "The manifest cannot be used." if report.failed else f"Outcome: {report.conclusion.outcome}."
    page = Page(
        report.message or fallback,
        _tone(report, cards),
        alerts=_alerts(report, report.failed.blocks if report.failed else ()),
        cards=cards,
    )
    match report.content:
        case DoctorResult(checks=checks):
            return replace(page, listings=(listing("Checks", map(_check, checks)),))
        case DnsCheckResult(records=records, dns_notes=notes):
            return replace(page, listings=dns_listings(records, notes, ()))
        case RecordsResult(records=records):
            return replace(page, listings=(listing("DNS records", record_lines(records)),))
        case PublishResult(publications=publications):
            return replace(page, listings=(publication_listing(publications),))
        case _:
            return page


def _alerts(report: Report, blocks: Iterable[Block]) -> Bounded[Alert]:
    """What serves no traffic and what apply refuses. The page of an apply that ran has the former on cards."""
    lost = () if isinstance(report.content, ApplyResult) else report.unserved
    texts = (
        f"`{display_hostname(item.hostname)}` {item.state}, since `{step_name(item.since)}`{item.earlier_run}."
        for item in lost
    )
    first, refused = bounded(map(Alert, texts), MAX_ALERTS), block_alerts(blocks)
    return Bounded(first.shown + refused.shown, first.left_out + refused.left_out)


def _check(item: Check) -> Line:
    words = (item.name, item.message, *([item.hint] if item.hint else []), str(item.state))
    return Line(words, Tone.BAD if item.state is CheckState.FAILED else Tone.PLAIN)


def _tone(report: Report, cards: Bounded[Card]) -> Tone:
    """Green only where nothing needs attention. The changes of a plan are no failure."""
    if report.conclusion.outcome == "running":  # a receipt whose run has not ended, or was killed
        return Tone.WARN
    match report.conclusion.exit_code:
        case ExitCode.OK:
            offline = isinstance(report.content, PlanResult) and report.content.offline
            return Tone.PLAIN if cards.total or offline else Tone.GOOD
        case ExitCode.WAITING:
            return Tone.WARN
        case ExitCode.CHANGES if isinstance(report.result, PlanResult):
            return Tone.PLAIN
        case _:
            return Tone.BAD


def _with_problems(diagnostics: Iterable[Diagnostic], cards: Bounded[Card], style: Style) -> Bounded[Card]:
    """The diagnostics as cards, before the others."""
    first = bounded((_problem(item, style) for item in diagnostics), MAX_CARDS)
    both = bounded((*first.shown, *cards.shown), MAX_CARDS)
    return Bounded(both.shown, both.left_out + first.left_out + cards.left_out)


def _problem(item: Diagnostic, style: Style) -> Card:
    tone = Tone.BAD if item.severity is Severity.ERROR else Tone.WARN
    notes = (item.message, item.hint) if item.hint else (item.message,)
    return Card(str(item.code), str(item.severity), tone, notes, place=place_of(item.span, style))
