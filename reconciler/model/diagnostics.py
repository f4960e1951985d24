"""A problem with a place: what is wrong, why, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class Severity(StrEnum):
    """How much a diagnostic weighs. Any error keeps the run from going on."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a file. `line` and `column` count from 1, `column` and `length` in characters (code points)."""

    file: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What to show of a source line: at most a few hundred characters of it, secrets masked, no line break.

    The marker covers `length` characters of `text` from index `start`.
    """

    text: str
    start: int
    length: int


@dataclass(frozen=True, slots=True)
class Related:
    """A second place that explains the first, such as the other claim on one hostname."""

    span: Span
    label: str
    source: Excerpt | None = None


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `code` is stable: scripts and users match on it.

    `span` is None only where no text is to blame. `source` shows the line that `span` points at; `environment` names the
    entry it belongs to.
    """

    severity: Severity
    code: str
    message: str
    hint: str | None = None
    span: Span | None = None
    source: Excerpt | None = None
    related: tuple[Related, ...] = ()
    environment: str | None = None

    def map_files(self, path: Callable[[str], str]) -> Diagnostic:
        """The same problem with other paths of its files."""
        span = replace(self.span, file=path(self.span.file)) if self.span else None
        related = tuple(replace(item, span=replace(item.span, file=path(item.span.file))) for item in self.related)
        return replace(self, span=span, related=related)

    def sort_key(self) -> tuple[str, int, int, str, str]:
        """Order of place: file, line, column, then code and words. What has no place comes last."""
        if self.span is None:
            return ("\U0010ffff", 0, 0, self.code, self.message)
        return (self.span.file, self.span.line, self.span.column, self.code, self.message)


class InvalidInput(Exception):
    """Diagnostics keep the run from going on. Raised with all of them, errors and warnings, in order of place."""

    def __init__(self, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.diagnostics = diagnostics
        super().__init__("; ".join(f"{item.code}: {item.message}" for item in diagnostics[:5]))
