"""The CNAMEs that each custom domain needs, in formats that people and DNS servers read."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.model.bind import bind_line
from reconciler.model.domains import NOT_KNOWN
from reconciler.model.escape import escape_control
from reconciler.render.layout import columns, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.report import Record


def render_table(records: Sequence[Record], width: int | None = None) -> str:
    """One line for each record, under a heading; where `width` columns are too few, records below each environment."""
    if not records:
        return "No custom domain is live, so there is no record to publish.\n"
    rows = [("ENVIRONMENT", "FOR", "NAME", "TYPE", "VALUE")]
    rows += [
        (escape_control(item.environment), item.purpose, absolute(item.name), "CNAME", absolute(item.value))
        for item in records
    ]
    lines = table(rows, None).split("\n")
    if width is not None and max(map(columns, lines)) > width:
        groups = groupby(records, lambda item: item.environment)
        lines = [line for name, group in groups for line in (f"{escape_control(name)}:", *_lines(group, width))]
    return "\n".join(lines) + "\n"


def _lines(records: Iterable[Record], width: int) -> list[str]:
    """The purpose, name and value of each record, as wide as the terminal allows."""
    rows = [(item.purpose, absolute(item.name), f"CNAME  {absolute(item.value)}") for item in records]
    return table(rows, width, indent="  ").split("\n")


def record_lines(records: Iterable[Record], width: int | None) -> list[str]:
    """`NAME. CNAME VALUE.` for each record, as in a zone file; the value of each is below where `width` columns are too few."""
    pairs = [(absolute(item.name), f"CNAME  {absolute(item.value)}") for item in records]
    lines = table(pairs, None, indent="  ").split("\n")
    if width is None or max(map(columns, lines)) <= width:
        return lines
    return [line for name, value in pairs for line in (f"  {name}", f"      {value}")]


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
