"""What several texts are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.render.diagnostics import render_text as render_diagnostics
from reconciler.render.dns import absolute
from reconciler.render.escape import escape_control
from reconciler.render.tables import format_table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Record
    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_failure(report: Report, style: Style) -> str:
    """Why a run ended before it had anything to show: diagnostics, the error, what to do next."""
    parts: list[str] = [_stale(report.failed.blocks, style)] if report.failed else []
    if report.diagnostics:
        parts.append(render_diagnostics(report.diagnostics, colour=style.colour).rstrip("\n"))
    if report.message:
        parts.append(f"{style('red', 'error')}: {escape_control(report.message)}")
    if report.hint:
        parts.append(_hint(report.hint))
    return joined(parts)


def _stale(found: Iterable[Block], style: Style) -> str:
    """How a saved plan differs from the manifest and live. What would be planned now is not shown: it was not approved."""
    lines = [f"  {escape_control(block.message)}" for block in found if block.code == "stale_plan"]
    return section(style("yellow", "Saved plan (stale)"), lines)


def _hint(text: str) -> str:
    """Further lines, such as commands to choose from, stand under the first."""
    first, *more = text.splitlines()
    return "\n".join([f"hint: {escape_control(first)}", *(f"      {escape_control(line)}" for line in more)])


def blocks(found: Iterable[Block], style: Style) -> str:
    """What keeps the plan from being applied, and what would lift it."""
    lines = []
    for block in found:
        lines.append(f"  {style('red', block.code)}: {escape_control(block.message)}")
        if block.override:
            lines.append(f"    to go ahead all the same: {escape_control(block.override)}")
    return section(style("red", "Apply will refuse this plan"), lines)


def unreadable(plan: Plan, style: Style) -> str:
    """The environments that could not be read, and why."""
    lines = [
        f"  {escape_control(item.name)}: {escape_control(item.live.error.message)}"
        for item in plan.environments
        if isinstance(item.live, Unreadable)
    ]
    return section(style("red", "Could not be read"), lines)


def nothing_to_do(plan: Plan, style: Style) -> str:
    """The word for a plan without steps."""
    total = len(plan.environments)
    readable = total - len(plan.unreadable)
    if readable == total:
        return style("green", f"In sync: nothing to do in {total} environment{'s' * (total != 1)}.")
    if not readable:
        return f"{total} of {total} environment{'s' * (total != 1)} could not be read."
    return f"Nothing to do in {readable} of {total} environments; the others could not be read."


def hints(plan: Plan) -> str:
    """What to do about environments that could not be read, once for each kind of trouble."""
    found = dict.fromkeys(live.error.hint for live in plan.unreadable if live.error.hint)
    return "\n".join(f"hint: {escape_control(hint)}" for hint in found)


def records_to_publish(records: Iterable[Record], style: Style) -> str:
    """The CNAMEs that Imgwire needs."""
    rows = [(f"  {item.purpose}", absolute(item.name), "CNAME", absolute(item.value)) for item in records]
    return section("DNS records to publish", [format_table(rows, style.width)] if rows else [])


def section(title: str, lines: list[str]) -> str:
    """A title over indented lines; nothing without lines."""
    return "\n".join([f"{title}:", *lines]) if lines else ""


def joined(parts: Iterable[str]) -> str:
    """The parts that say something, a blank line between them."""
    text = "\n\n".join(part for part in parts if part)
    return text + "\n" if text else ""
