"""The text of one manifest file: turns places into spans and into excerpts that are safe to show."""

from __future__ import annotations

import re
from bisect import bisect_right
from typing import NamedTuple

from reconciler.manifest.masking import MASK, mask, secret_ranges
from reconciler.model.diagnostics import Diagnostic, Excerpt, Related, Severity, Span

TO_END_OF_LINE = -1
"""As the length of a place: what stands there goes on beyond its line."""

_WIDEST = 160
_BEFORE_MARKER = 60
_BREAK = re.compile(r"\r\n|\r|\n")

Place = tuple[int, int, int]
"""Line and column from 0, as YAML marks count, and length; all in characters."""


class SourceText:
    """A file's path as shown, its text, and what of it is a secret."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.is_read = False
        """Whether all of it was read as YAML, so that `hide` was told of every secret. Until then more is masked than need be."""
        self._secrets: dict[int, list[tuple[int, int]]] = {}
        self._secret_blocks: list[tuple[int, int]] = []
        self._lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """The lines as an editor counts them, without their breaks."""
        if self._lines is None:
            self._lines = _BREAK.split(self.text)
        return self._lines

    def hide(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Never show the text between two marks (line and column from 0). Called in the order of the text."""
        last = end[1] if end[0] == start[0] else TO_END_OF_LINE
        self._secrets.setdefault(start[0], []).append((start[1], last))
        if end[0] > start[0]:
            self._secrets.setdefault(end[0], []).append((0, end[1]))
            self._secret_blocks.append((start[0] + 1, end[0]))

    def span(self, place: Place) -> Span:
        """The place as a person counts, from 1."""
        line, column, length = place
        if length == TO_END_OF_LINE:
            length = max(1, len(self._line(line).rstrip()) - column)
        return Span(self.file, line + 1, column + 1, max(1, length))

    def excerpt(self, place: Place) -> Excerpt:
        """The line at a place with its secrets masked and, where it is long, cut around the place."""
        span = self.span(place)
        line = self._line(place[0])
        start, end = place[1], place[1] + span.length
        hidden = self._hidden(place[0]) if place[0] < len(self.lines) else []
        text, start, end = _without(line, hidden, start, end)
        return _cut(text, start, end)

    def _hidden(self, line: int) -> list[tuple[int, int]]:
        found = self._secrets.get(line, []) + secret_ranges(self.lines, line, guess=not self.is_read)
        block = bisect_right(self._secret_blocks, (line, line)) - 1
        for first, last in self._secret_blocks[max(0, block) : block + 2]:
            if first <= line < last:
                found.append((0, TO_END_OF_LINE))
        return found

    def _line(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else ""


class At(NamedTuple):
    """A place in a file."""

    source: SourceText
    place: Place

    @property
    def span(self) -> Span:
        return self.source.span(self.place)


def error(
    code: str,
    message: str,
    at: At | None = None,
    *,
    hint: str | None = None,
    related: tuple[tuple[At, str], ...] = (),
    environment: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic with its excerpts. What looks like a key is masked in every word of it."""
    return Diagnostic(
        severity=severity,
        code=str(code),
        message=mask(message),
        hint=mask(hint) if hint else None,
        span=at.span if at else None,
        source=at.source.excerpt(at.place) if at else None,
        related=tuple(Related(there.span, label, there.source.excerpt(there.place)) for there, label in related),
        environment=mask(environment) if environment else None,
    )


def _without(line: str, hidden: list[tuple[int, int]], start: int, end: int) -> tuple[str, int, int]:
    """The line with each hidden range as one MASK, and where the marker then stands."""
    pieces = []
    done = 0
    new_start, new_end = start, end
    for first, last in _merged(hidden, len(line)):
        pieces += [line[done:first], MASK]
        done = last
        shorter = last - first - len(MASK)
        if first < start:
            new_start -= shorter if last <= start else start - first
        if first < end:
            new_end -= shorter if last <= end else end - first - len(MASK)
    pieces.append(line[done:])
    return "".join(pieces), new_start, max(new_end, new_start + 1)


def _merged(ranges: list[tuple[int, int]], length: int) -> list[tuple[int, int]]:
    """The ranges in order, overlaps joined, within a line of this length."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(
        (first, length if last == TO_END_OF_LINE else min(last, length)) for first, last in ranges
    ):
        if first >= last:
            continue
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _cut(text: str, start: int, end: int) -> Excerpt:
    """At most _WIDEST characters around the marker; `…` stands for what is left out."""
    if len(text) <= _WIDEST:
        return Excerpt(text, start, end - start)
    first = max(0, min(start - _BEFORE_MARKER, len(text) - _WIDEST))
    last = min(len(text), first + _WIDEST)
    before = "…" if first else ""
    after = "…" if last < len(text) else ""
    begin = start - first + len(before)
    return Excerpt(before + text[first:last] + after, begin, max(1, min(end, last) - first + len(before) - begin))
