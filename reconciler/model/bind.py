"""A record as a line of a master file (RFC 1035, section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import is_at_or_below, plain_name
from reconciler.model.domains import NOT_KNOWN
from reconciler.model.escape import escape_control

if TYPE_CHECKING:
    from reconciler.model.report import Record


def bind_line(record: Record) -> str:
    """The record as a master file line, or a comment where its names must not be written in one."""
    if not record.known:
        return f"; {unknown_record(record)}"
    line = f"{record.name}. IN CNAME {record.value}."
    problem = name_problem(record)
    return f"; {problem}: {escape_control(line)}" if problem else line


def name_problem(record: Record) -> str:
    """Why a record must not be pasted into a zone, in a few words; empty where it may be."""
    if not (plain_name(record.name) and plain_name(record.value)):
        return "not a usable name"
    if not is_at_or_below(record.name, record.hostname):
        return f"not at or below {escape_control(record.hostname)}"
    return ""


def unknown_record(record: Record) -> str:
    """What the API has not given yet of a record, in one sentence."""
    missing = " and ".join(word for word, text in (("name", record.name), ("value", record.value)) if text is None)
    return f"the {missing} of the {record.purpose} record of {escape_control(record.hostname)} is {NOT_KNOWN}"
