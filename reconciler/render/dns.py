"""The CNAMEs that each custom domain needs, in formats that people and DNS servers read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import plain_name
from reconciler.model.domains import NOT_KNOWN
from reconciler.render.escape import escape_control
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


def bind_line(record: Record) -> str:
    """The record as a master file line, or a comment where its names cannot be written in one."""
    if not record.known:
        return f"; {unknown_record(record)}"
    line = f"{record.name}. IN CNAME {record.value}."
    return (
        line if plain_name(record.name) and plain_name(record.value) else f"; not a usable name: {escape_control(line)}"
    )


def absolute(name: str | None) -> str:
    """The name with its trailing dot, for people."""
    return NOT_KNOWN if name is None else f"{escape_control(name)}."


def unknown_record(record: Record) -> str:
    """What the API has not given yet of a record, in one sentence."""
    missing = " and ".join(word for word, text in (("name", record.name), ("value", record.value)) if text is None)
    return f"the {missing} of the {record.purpose} record of {escape_control(record.hostname)} is {NOT_KNOWN}"
