"""What is live, and how it differs from the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict
from reconciler.model.domains import Present, Unreadable, or_not_known
from reconciler.model.hostnames import shown
from reconciler.model.results import DriftResult, StatusResult
from reconciler.render.escape import escape_control
from reconciler.render.lookups import render_lookups, render_notes
from reconciler.render.probes import render_probes
from reconciler.render.tables import format_table
from reconciler.render.text.sections import hints, joined, render_failure, unreadable

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_status(report: Report, style: Style) -> str:
    """The live state of each environment, beside what the manifest wants."""
    if not isinstance(report.content, StatusResult):
        return render_failure(report, style)
    plan = report.content.plan
    rows = [tuple(style("bold", title) for title in ("ENVIRONMENT", "STATUS", "CERTIFICATE", "HOSTNAME"))]
    for item in plan.environments:
        match item.live:
            case Present(domain):
                state = (
                    or_not_known(domain.status),
                    or_not_known(domain.certificate_status),
                    f"{shown(domain.hostname)}{_note(item)}",
                )
            case Unreadable(error):
                state = ("unreadable", "-", error.message)
            case _:
                state = ("absent", "-", f"-{_note(item)}")
        rows.append((escape_control(item.name), *(escape_control(part) for part in state)))
    return joined([format_table(rows, style.width), hints(plan)])


def _note(item: EnvironmentPlan) -> str:
    wanted = item.environment.hostname
    return f" (wanted: {shown(wanted) if wanted else 'none'})" if item.changes else ""


def render_drift(report: Report, style: Style) -> str:
    """What differs from the manifest, or the word that nothing does."""
    if not isinstance(report.result, DriftResult):
        return render_failure(report, style)
    drift = report.result
    rows = [
        (
            style("yellow" if item.counts else "dim", item.kind),
            escape_control(item.environment),
            escape_control(item.sentence),
        )
        for item in drift.findings
    ]
    looked_up = [record for record in drift.records if record.lookup and record.lookup.verdict is not DnsVerdict.OK]
    return joined(
        [
            format_table(rows, style.width),
            render_lookups(looked_up, style),
            render_notes(drift.dns_notes, style),
            render_probes(drift.probes, style),
            unreadable(drift.plan, style),
            drift_total(drift),
            hints(drift.plan),
        ]
    )


def drift_total(drift: DriftResult) -> str:
    """How many environments drifted and how many could not be read, in sentences."""
    total, unreadable = len(drift.plan.environments), len(drift.plan.unreadable)
    drifted = len({item.environment for item in drift.findings if item.counts})
    in_total = f"{total} environment{'s' * (total != 1)}"
    if drifted:
        told = f"{drifted} of {in_total} drifted."
    else:
        told = f"No drift in {total - unreadable} of {in_total}." if unreadable else f"No drift in {in_total}."
    if unreadable == total and total:
        told = f"{unreadable} of {in_total} could not be read."
    elif unreadable:
        told += f" {unreadable} could not be read."
    if not all(item.counts for item in drift.findings):
        told += " Health is no part of this verdict; --health makes it one."
    return told
