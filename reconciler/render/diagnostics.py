"""Diagnostics for people and for pull requests."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Severity
from reconciler.model.escape import break_commands, escape_control
from reconciler.render.layout import columns
from reconciler.render.style import PLAIN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.diagnostics import Diagnostic, Excerpt, Span
    from reconciler.render.style import Style

_TAB = "    "
_NARROWEST = 40


def render_text(diagnostics: Iterable[Diagnostic], style: Style = PLAIN) -> str:
    """Each diagnostic with its source line, a marker under the place, what it collides with, and a hint.

    Source lines wider than the terminal are cut around the marker. Messages are not cut. Diagnostics of one line that follow
    each other with the same hint have it once. The text ends with a line break, and is empty where there are no diagnostics.
    """
    blocks = (_block(list(alike), style) for _, alike in groupby(diagnostics, _likeness))
    return "\n".join(f"{block}\n" for block in blocks)


def render_total(diagnostics: Sequence[Diagnostic]) -> str:
    """How many problems there are, and where to read about them; empty where there are none."""
    if not diagnostics:
        return ""
    number = {severity: sum(item.severity is severity for item in diagnostics) for severity in Severity}
    counts = ", ".join(f"{count:,} {severity}{'s' * (count != 1)}" for severity, count in number.items() if count)
    files = len({item.span.file for item in diagnostics if item.span})
    place = f" in {files} file{'s' * (files != 1)}" if files else ""
    return f"{counts}{place}. For details of a code, run `reconciler explain {diagnostics[0].code}`."


def render_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Workflow commands that GitHub shows as annotations of a pull request, a line for each diagnostic."""
    return "".join(f"{_annotation(diagnostic)}\n" for diagnostic in diagnostics)


def _likeness(diagnostic: Diagnostic) -> object:
    """Equal for those that share a hint."""
    one_line = diagnostic.source is None and not diagnostic.related
    return (diagnostic.code, diagnostic.hint) if one_line and diagnostic.hint else object()


def _block(alike: Sequence[Diagnostic], style: Style) -> str:
    """The problems, then the hint that they share."""
    lines = [line for diagnostic in alike for line in _problem(diagnostic, style)]
    if hint := alike[0].hint:
        lines.append(f"{style('cyan', 'hint')}: {escape_control(hint)}")
    return "\n".join(lines)


def _problem(diagnostic: Diagnostic, style: Style) -> list[str]:
    """All but the text of the hint."""
    colour = "red" if diagnostic.severity == Severity.ERROR else "yellow"
    spans = [span for span in (diagnostic.span, *(other.span for other in diagnostic.related)) if span]
    gutter = " " * max((len(str(span.line)) for span in spans), default=0)
    width = style.width
    kind = style("bold", style(colour, f"{diagnostic.severity}[{diagnostic.code}]"))
    lines = [f"{_location(diagnostic.span)}{kind}: {escape_control(diagnostic.message)}"]
    lines += _source(diagnostic.span, diagnostic.source, "^", gutter, style, colour, width)
    for other in diagnostic.related:
        lines.append(f"{_location(other.span)}{style('cyan', 'note')}: {escape_control(other.label)}")
        lines += _source(other.span, other.source, "-", gutter, style, "cyan", width)
    if diagnostic.hint and len(lines) > 1:
        lines.append(style("dim", f"{gutter} |"))
    return lines


def _location(span: Span | None) -> str:
    return f"{escape_control(span.file)}:{span.line}:{span.column}: " if span else ""


def _source(
    span: Span | None, excerpt: Excerpt | None, sign: str, gutter: str, style: Style, colour: str, width: int | None
) -> list[str]:
    """The line and the marker under it, placed by what a terminal shows and not by the count of characters."""
    if span is None or excerpt is None or not excerpt.text.strip():
        return []
    end = excerpt.start + excerpt.length
    before, marked, after = (
        _shown(part) for part in (excerpt.text[: excerpt.start], excerpt.text[excerpt.start : end], excerpt.text[end:])
    )
    if width is not None:
        before, marked, after = _fit(before, marked, after, max(width, _NARROWEST) - len(gutter) - 3)
    marker = " " * columns(before) + style(colour, sign * max(1, columns(marked)))
    number = str(span.line).rjust(len(gutter))
    bar = style("dim", "|")
    return [
        f"{gutter} {bar}",
        f"{style('dim', number)} {bar} {before}{marked}{after}".rstrip(),
        f"{gutter} {bar} {marker}",
    ]


def _shown(text: str) -> str:
    return escape_control(text.replace("\t", _TAB))


def _fit(before: str, marked: str, after: str, room: int) -> tuple[str, str, str]:
    """The three parts cut to `room` columns; `…` stands for what is left out."""
    if columns(before) + columns(marked) + columns(after) <= room:
        return before, marked, after
    kept = min(columns(before), max(room // 3, room - columns(marked) - columns(after)))
    if kept < columns(before):
        before = "…" + _last(before, kept - 1)
    left = room - columns(before)
    if columns(marked) + columns(after) <= left:
        return before, marked, after
    if columns(marked) >= left:
        return before, _first(marked, left - 1) + "…", ""
    return before, marked, _first(after, left - columns(marked) - 1) + "…"


def _first(text: str, room: int) -> str:
    """As many characters from the beginning as fit into `room` columns."""
    taken = 0
    for count, character in enumerate(text):
        taken += columns(character)
        if taken > room:
            return text[:count]
    return text


def _last(text: str, room: int) -> str:
    return _first(text[::-1], room)[::-1]


def _annotation(diagnostic: Diagnostic) -> str:
    properties = {}
    if span := diagnostic.span:
        properties = {"file": span.file, "line": str(span.line), "col": str(span.column)}
        properties["endColumn"] = str(span.column + span.length)
    properties["title"] = str(diagnostic.code)
    listed = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    lines = [diagnostic.message]
    lines += [f"{other.span.file}:{other.span.line}:{other.span.column}: {other.label}" for other in diagnostic.related]
    lines += [f"hint: {diagnostic.hint}"] if diagnostic.hint else []
    return f"::{diagnostic.severity} {listed}::{'%0A'.join(_data(line) for line in lines)}"


def _data(text: str) -> str:
    """GitHub's own escapes (actions/toolkit, command.ts)."""
    return break_commands(escape_control(text)).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
