"""DNS records in comments: what is needed, what DNS has, and what was published."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import NOT_KNOWN
from reconciler.render.lookups import words
from reconciler.render.markup import Lines, code, prose, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.dns import Publication, ZoneChange
    from reconciler.model.report import Record


def record_tables(records: Sequence[Record]) -> list[Lines]:
    """The CNAMEs that were not looked up, and those that were with what DNS has."""
    unseen = [
        (_record_name(item.name), "CNAME", _record_name(item.value), item.purpose)
        for item in records
        if item.lookup is None
    ]
    seen = [
        (
            words(item.lookup.verdict),
            _record_name(item.name),
            "CNAME",
            _record_name(item.value),
            item.purpose,
            ", ".join(code(value) for value in item.lookup.found) or "-",
            prose(item.lookup.note or ""),
        )
        for item in records
        if item.lookup is not None
    ]
    return [
        table(("Name", "Type", "Value", "For"), unseen),
        table(("DNS", "Name", "Type", "Value", "For", "Found", "Note"), seen),
    ]


def published(publications: Iterable[Publication]) -> Lines:
    """What was published, and what was not and why."""
    rows = [
        (item.state.replace("_", " "), code(item.name), code(item.before), code(item.after), prose(item.error or ""))
        for item in publications
    ]
    return table(("Published", "Name", "Before", "After", "Why"), rows)


def other_changes(changes: Iterable[ZoneChange]) -> Lines:
    """The other records of the zones that changed while publishing."""
    rows = [
        (code(item.name), code(item.type), code(item.zone), code(item.before), code(item.after)) for item in changes
    ]
    return table(("Changed meanwhile", "Type", "Zone", "Before", "After"), rows)


def _record_name(name: str | None) -> str:
    return NOT_KNOWN if name is None else code(name)
