"""A problem with a place: what is wrong, why, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


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
