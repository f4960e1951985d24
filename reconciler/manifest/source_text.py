"""The text of one manifest file. Turns positions into spans, and into excerpts without secrets."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from typing import NamedTuple

from reconciler.manifest.masking import MASK, mask, secret_ranges
from reconciler.model.diagnostics import Diagnostic, Excerpt, Related, Severity, Span

TO_END_OF_LINE = -1
"""As the length of a position: up to the end of the line."""

MAX_PROBLEMS = 50_000
"""Problems of one run, more than twice its environments. Then the checks stop."""

TO_END = sys.maxsize

_MAX_DISTANCE = 400
"""Characters on each side of a position that an excerpt starts from; masked secrets make it shorter."""

_MAX_WIDTH = 160
_BEFORE_MARKER = 60
_BREAK = re.compile(r"\r\n|\r|\n")

Position = tuple[int, int, int]
"""Line and column from 0, as YAML marks count, and length in characters."""


class SourceText:
    """The path of a file for people, its text, and the parts of it that are secret."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.is_read = False
        """Whether all of it was read as YAML, so that every secret is known. Until then more is masked than necessary."""
        self.is_private = False
        """Whether no line may be shown, because the file may not be a manifest."""
        self._secrets: dict[int, list[tuple[int, int]]] = {}
        self._secret_blocks: list[tuple[int, int]] = []
        self._guessed: dict[tuple[int, bool], list[tuple[int, int]]] = {}
        self._lines: list[str] | None = None

    @property
    def lines(self) -> list[str]:
        """The lines as an editor counts them, without line breaks."""
        if self._lines is None:
            self._lines = _BREAK.split(self.text)
        return self._lines

    def hide(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Never show the text between two marks (line and column from 0). Called in the order of the text."""
        last = end[1] if end[0] == start[0] else TO_END
        self._secrets.setdefault(start[0], []).append((start[1], last))
        if end[0] > start[0]:
            self._secrets.setdefault(end[0], []).append((0, end[1]))
            self._secret_blocks.append((start[0] + 1, end[0]))

    def span(self, position: Position) -> Span:
        """The position as people count, from 1."""
        line, column, length = position
        if length == TO_END_OF_LINE:
            length = max(1, len(self._line(line).rstrip()) - column)
        return Span(self.file, line + 1, column + 1, max(1, length))

    def excerpt(self, position: Position) -> Excerpt | None:
        """The line at a position, with secrets masked, and shortened around the position. None if the file is private."""
        if self.is_private:
            return None
        line, start = self._line(position[0]), position[1]
        begin, stop = max(0, start - _MAX_DISTANCE), min(len(line), start + _MAX_DISTANCE)
        hidden = [(first - begin, last - begin) for first, last in self._hidden(position[0], begin, stop)]
        end = min(start + self.span(position).length, max(stop, start + 1))
        text, start, end = _without(line[begin:stop], hidden, start - begin, end - begin)
        return _cut(text, start, end, before=begin > 0, after=stop < len(line))

    def _hidden(self, number: int, begin: int, stop: int) -> list[tuple[int, int]]:
        """The secrets in a part of a line. A line may have a hundred thousand, so only these are checked."""
        if number >= len(self.lines):
            return []
        known = (number, not self.is_read)
        if known not in self._guessed:
            guessed = secret_ranges(self.lines, number, guess=not self.is_read)
            if secrets := self._secrets.get(number):  # a comment behind a key may hold the next one
                comment = self.lines[number].find(" #", secrets[-1][1])
                guessed += [(comment + 1, TO_END)] if comment >= 0 else []
            self._guessed[known] = _merged(guessed)
        found = []
        for ranges in (self._secrets.get(number, []), self._guessed[known]):
            first = max(0, bisect_right(ranges, (begin, begin)) - 1)
            found += ranges[first : bisect_right(ranges, (stop, stop))]
        block = bisect_right(self._secret_blocks, (number, TO_END)) - 1
        if block >= 0 and number < self._secret_blocks[block][1]:
            found.append((begin, stop))
        return _merged([(max(first, begin), min(last, stop)) for first, last in found])

    def _line(self, number: int) -> str:
        return self.lines[number] if number < len(self.lines) else ""


class Location(NamedTuple):
    """A position in a file."""

    source: SourceText
    position: Position

    @property
    def span(self) -> Span:
        return self.source.span(self.position)


def error(
    code: str,
    message: str,
    at: Location | None = None,
    *,
    hint: str | None = None,
    related: tuple[tuple[Location, str], ...] = (),
    environment: str | None = None,
    severity: Severity = Severity.ERROR,
) -> Diagnostic:
    """A diagnostic with its excerpts. Text that looks like a key is masked."""
    return Diagnostic(
        severity=severity,
        code=str(code),
        message=mask(message),
        hint=mask(hint) if hint else None,
        span=at.span if at else None,
        source=at.source.excerpt(at.position) if at else None,
        related=tuple(Related(there.span, label, there.source.excerpt(there.position)) for there, label in related),
        environment=mask(environment) if environment else None,
    )


def _without(line: str, hidden: list[tuple[int, int]], start: int, end: int) -> tuple[str, int, int]:
    """The line with each hidden range replaced by MASK, and the new position of the marker."""
    pieces = []
    done = 0
    new_start, new_end = start, end
    for first, last in hidden:
        pieces += [line[done:first], MASK]
        done = last
        shorter = last - first - len(MASK)
        if first < start:
            new_start -= shorter if last <= start else start - first
        if first < end:
            new_end -= shorter if last <= end else end - first - len(MASK)
    pieces.append(line[done:])
    return "".join(pieces), new_start, max(new_end, new_start + 1)


def _merged(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The ranges in order, without empty ones. Ranges that overlap are joined."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if first >= last:
            continue
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged


def _cut(text: str, start: int, end: int, *, before: bool, after: bool) -> Excerpt:
    """At most _MAX_WIDTH characters around the marker. `…` replaces omitted text, here or `before` and `after`."""
    first, last = 0, len(text)
    if last > _MAX_WIDTH:
        first = max(0, min(start - _BEFORE_MARKER, last - _MAX_WIDTH))
        last = first + _MAX_WIDTH
    left = "…" if before or first else ""
    right = "…" if after or last < len(text) else ""
    begin = start - first + len(left)
    return Excerpt(left + text[first:last] + right, begin, max(1, min(end, last) - first + len(left) - begin))
