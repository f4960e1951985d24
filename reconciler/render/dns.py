"""The CNAMEs that each custom domain needs, in formats that people and DNS servers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.bind import bind_line
from reconciler.model.domains import NOT_KNOWN
from reconciler.model.escape import escape_control
from reconciler.render.layout import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.report import Record


def render_table(records: Iterable[Record], room: int | None = None) -> str:
    """One line for each record, under a heading; two where `room` columns are too few."""
    rows = [("ENVIRONMENT", "FOR", "NAME", "TYPE", "VALUE")]
    rows += [
        (escape_control(item.environment), item.purpose, absolute(item.name), "CNAME", absolute(item.value))
        for item in records
    ]
    return (
        table(rows, room) + "\n" if len(rows) > 1 else "No custom domain is live, so there is no record to publish.\n"
    )


def render_bind(records: Iterable[Record]) -> str:
    """Master file lines (RFC 1035, section 5) with absolute names."""
    lines: list[str] = []
    environment = None
    for item in records:
        if item.environment != environment:
            environment = item.environment
            lines.append(f"; {escape_control(item.environment)}: {escape_control(item.hostname)}")
        lines.append(bind_line(item))
    return "\n".join(lines) + "\n" if lines else "; no custom domain is live\n"


def absolute(name: str | None) -> str:
    """The name with its trailing dot, for people."""
    return NOT_KNOWN if name is None else f"{escape_control(name)}."
