"""The CNAMEs that live custom domains need, in each format of `dns show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.results import RecordsResult
from reconciler.render import dns, zones
from reconciler.render.next_command import NextCommand
from reconciler.render.text.sections import counted, hints, joined, read_again, render_failure

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.model.report import Record
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_table(report: Report, style: Style) -> str:
    """One line for each record; two where the terminal is too narrow."""
    return _rendered(report, style, lambda records: dns.render_table(records, style.width))


def render_bind(report: Report, style: Style) -> str:
    return _rendered(report, style, dns.render_bind)


def render_octodns(report: Report, style: Style) -> str:
    return _rendered(report, style, zones.render_octodns)


def render_dnscontrol(report: Report, style: Style) -> str:
    return _rendered(report, style, zones.render_dnscontrol)


def render_terraform(report: Report, style: Style) -> str:
    return _rendered(report, style, zones.render_terraform)


def render_external_dns(report: Report, style: Style) -> str:
    return _rendered(report, style, zones.render_external_dns)


def render_csv(report: Report, style: Style) -> str:
    return _rendered(report, style, zones.render_csv)


def render_note(report: Report, style: Style) -> str:
    """Below the records, where some environments could not be read: how many, and what to do."""
    if report.failed or not isinstance(report.content, RecordsResult) or report.content.plan.complete:
        return ""
    plan = report.content.plan
    unread, total = len(plan.unreadable), counted(len(plan.environments), "environment")
    return "\n" + joined(
        [
            f"{counted(len(report.content.records), 'record')} shown. {unread:,} of {total} could not be read.",
            hints(plan, report.diagnostics),
            read_again("dns show", NextCommand(plan, style)),
        ]
    )


def _rendered(report: Report, style: Style, render: Callable[[Sequence[Record]], str]) -> str:
    match report.content:
        case RecordsResult(plan=plan, records=records):
            # That nothing could be read does not mean that nothing is live.
            return render(records) if records or plan.complete else ""
        case _:
            return render_failure(report, style)
