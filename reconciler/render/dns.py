"""The CNAMEs that each custom domain needs, in formats that people and DNS servers read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.render.safe import safe
from reconciler.render.tables import aligned

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.report import Record

# RFC 1035 master files give meaning to other characters; such a name is written as a comment, not as a record.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", re.ASCII)


def render_table(records: Iterable[Record], room: int | None = None) -> str:
    """One line for each record, under a heading; two where `room` columns are too few."""
    rows = [("ENVIRONMENT", "FOR", "NAME", "TYPE", "VALUE")]
    rows += [
        (safe(item.environment), item.purpose, f"{safe(item.name)}.", "CNAME", f"{safe(item.value)}.")
        for item in records
    ]
    return (
        aligned(rows, room) + "\n" if len(rows) > 1 else "No custom domain is live, so there is no record to publish.\n"
    )


def render_bind(records: Iterable[Record]) -> str:
    """Master file lines (RFC 1035, section 5) with absolute names."""
    lines: list[str] = []
    environment = None
    for item in records:
        if item.environment != environment:
            environment = item.environment
            lines.append(f"; {safe(item.environment)}: {safe(item.hostname)}")
        line = f"{item.name}. IN CNAME {item.value}."
        usable = _PLAIN_NAME.fullmatch(item.name) and _PLAIN_NAME.fullmatch(item.value)
        lines.append(line if usable else f"; not a usable name: {safe(line)}")
    return "\n".join(lines) + "\n" if lines else "; no custom domain is live\n"
