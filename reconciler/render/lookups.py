"""DNS lookups and publications for people: verdicts, values, and the line to add."""

from __future__ import annotations

from itertools import groupby, repeat
from typing import TYPE_CHECKING

from reconciler.model.bind import bind_line
from reconciler.model.dns import DnsAction, DnsVerdict, PublishState
from reconciler.model.escape import escape_control
from reconciler.render.dns import absolute
from reconciler.render.layout import columns, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from reconciler.model.dns import DnsNote, LookupResult, Publication
    from reconciler.model.report import Record
    from reconciler.render.style import Style

# Worst first.
_STYLES = {
    DnsVerdict.WRONG: "red",
    DnsVerdict.MISSING: "red",
    DnsVerdict.NOT_CHECKED: "yellow",
    DnsVerdict.FLATTENED: "yellow",
    DnsVerdict.OK: "green",
}
_ORDER = {verdict: place for place, verdict in enumerate(_STYLES)}

_MAX_SERVERS = 4
_DETAIL = " " * 6
_ACTIONS = {DnsAction.ADD: "to add", DnsAction.REPLACE: "to replace", None: "expected"}

_STATES = {
    PublishState.DONE: ("green", "done"),
    PublishState.FAILED: ("red", "failed"),
    PublishState.UNKNOWN: ("red", "unknown"),
    PublishState.REFUSED: ("red", "refused"),
    PublishState.NOT_STARTED: ("yellow", "not started"),
}


def render_lookups(records: Iterable[Record], style: Style) -> str:
    """One line for each record that was looked up, worst first, and its details below it where it is not right."""
    results = [(record, record.lookup) for record in records if record.lookup is not None]
    if not results:
        return ""
    servers = _servers(result for _, result in results)
    results.sort(key=lambda pair: _ORDER[pair[1].verdict])
    rows = [
        (
            f"  {style(_STYLES[result.verdict], words(result.verdict))}",
            escape_control(record.environment),
            record.purpose,
            absolute(record.name),
        )
        for record, result in results
    ]
    beside = table(rows, None).splitlines()
    narrow = style.width is not None and max(map(columns, beside)) > style.width
    # One indentation for all names, and one for all records, whatever the width: none where the widest does not fit.
    before_name = _indent_of((name for *_, name in rows), _DETAIL, style.width)
    shown = [bind_line(record) for record, result in results if _amiss(result)]
    labels = [f"{_DETAIL}{label}: " for label in _ACTIONS.values()] if style.width is not None else []
    beside_label = style.width is None or all(
        columns(label) + columns(line) <= style.width for label in labels for line in shown
    )
    before_record = "" if beside_label else _indent_of(shown, _DETAIL + "  ", style.width)
    lines = [f"DNS (servers: {servers}):"]
    notes = _notes([result.note for _, result in results])
    for line, (*about, name), (record, result), note in zip(beside, rows, results, notes, strict=True):
        lines += ["  ".join(about), f"{before_name}{name}"] if narrow else [line]
        lines += _found(result, note)
        lines += _to_paste(record, result, None if beside_label else before_record, style.width)
    return "\n".join(lines)


def _notes(notes: Sequence[str | None]) -> Iterator[str]:
    """The reason of each record; of several in a row with the same one only at the first, with their number."""
    for note, group in groupby(notes):
        count = len(list(group))
        following = "record" if count == 2 else f"{count - 1:,} records"
        more = f" (also for the next {following})" if count > 1 else ""
        yield f"{escape_control(note)}{more}" if note else ""
        yield from repeat("", count - 1)


def _indent_of(texts: Iterable[str], indent: str, width: int | None) -> str:
    """The indentation, or none where a text would not fit with it."""
    return indent if width is None or all(columns(indent) + columns(text) <= width for text in texts) else ""


def render_publications(publications: Sequence[Publication], style: Style) -> str:
    """One line for each record: what is or was to be done, where, and the value before."""
    rows = []
    for item in publications:
        colour, word = _STATES.get(item.state) or _planned(item)
        value = item.before if item.after is None else item.after
        details = [f"before: {item.before}."] if item.after is not None and item.before else []
        details += [f"deletes: {record}" for record in item.removes]
        details += ["delete"] if item.after is None and item.state in _STATES else []
        more = f" ({escape_control('; '.join(details))})" if details else ""
        why = f": {escape_control(item.error)}" if item.error else ""
        rows.append(
            (
                f"  {style(colour, word)}",
                escape_control(item.target or "-"),
                f"{escape_control(item.name)}.",
                f"CNAME  {escape_control(value or '')}.{more}{why}",
            )
        )
    return table(rows, style.width)


def publish_verb(publications: Iterable[Publication]) -> str:
    """`delete` where that is all there is to do."""
    removals = [item.after is None for item in publications]
    return "delete" if removals and all(removals) else "publish"


def publish_question(publications: Sequence[Publication]) -> str:
    """What is asked before records are changed."""
    count = len(publications)
    return f"{publish_verb(publications).capitalize()} {count:,} record{'s' * (count != 1)}?"


def _planned(item: Publication) -> tuple[str, str]:
    if item.after is None:
        return "red", "- delete"
    return ("yellow", "~ update") if item.before or item.removes else ("green", "+ create")


def render_notes(notes: Sequence[DnsNote], style: Style) -> str:
    """The warnings, one a line."""
    if not notes:
        return ""
    lines = [
        f"  {style('yellow', note.kind)}: {escape_control(note.environment)}: {escape_control(note.message)}"
        for note in notes
    ]
    return "\n".join(["DNS warnings:", *lines])


def _found(result: LookupResult, note: str) -> Iterator[str]:
    """What was found instead, and why."""
    if result.found and _amiss(result):
        yield f"{_DETAIL}found {', '.join(escape_control(value) for value in result.found)}"
    if note:
        yield f"{_DETAIL}{note}"


def _to_paste(record: Record, result: LookupResult, before: str | None, width: int | None) -> Iterator[str]:
    """The line to add or replace: beside the action, or below it with this indentation. One that is wider than the terminal goes
    on in a second line, as a master file allows in parentheses (RFC 1035, section 5.1)."""
    if not _amiss(result):
        return
    label, line = f"{_DETAIL}{_ACTIONS[result.action]}:", bind_line(record)
    first, _, value = line.rpartition(" ")
    if before is None:
        yield f"{label} {line}"
    elif width is None or columns(line) <= width or line.startswith(";") or columns(f"{first} (") > width:
        yield from [label, before + line]
    else:
        yield from [label, f"{first} (", f"    {value} )"]


def words(verdict: DnsVerdict) -> str:
    """The verdict as people read it."""
    return verdict.replace("_", " ")


def _amiss(result: LookupResult) -> bool:
    return result.verdict is not DnsVerdict.OK


def _servers(results: Iterable[LookupResult]) -> str:
    servers = list(dict.fromkeys(escape_control(server) for result in results for server in result.servers))
    rest = len(servers) - _MAX_SERVERS
    more = f" and {rest} more" if rest > 0 else ""
    return ", ".join(servers[:_MAX_SERVERS]) + more or "none"


def target_warnings(publications: Iterable[Publication]) -> Iterator[str]:
    """What to check before these records are published, in one line each."""
    for item in publications:
        if item.leaves_imgwire:
            yield f"{item.name} would point to {item.after}, which is not below imgwire.dev: check it first"
