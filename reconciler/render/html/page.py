"""What a page shows, before any markup: totals, what needs attention, and lists that are folded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.diagnostics import Span
    from reconciler.render.style import Style

MAX_CARDS = 300
"""More cannot be read on a page. They are counted."""

MAX_LINES = 2_000
"""Lines of one list. More are counted."""


class Tone(StrEnum):
    """The colour of a thing: what is wrong or unknown is never GOOD."""

    BAD = "bad"
    WARN = "warn"
    GOOD = "good"
    PLAIN = "plain"


@dataclass(frozen=True, slots=True)
class Tile:
    """One total. `tone` is how it looks where the count is not zero."""

    count: int
    label: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Value:
    """One value before and after; None for none. The notes are what happens to each."""

    path: str
    before: str | None
    after: str | None
    before_note: str = ""
    after_note: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do: the purpose in words, and the command line."""

    purpose: str
    command: str


@dataclass(frozen=True, slots=True)
class Card:
    """One environment, or one failure, that needs attention. `notes` are sentences with outside text in backticks."""

    name: str
    state: str
    tone: Tone
    notes: tuple[str, ...] = ()
    values: tuple[Value, ...] = ()
    place: str = ""
    fix: Fix | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list: words in columns, the first of them a name. `tone` colours the last."""

    words: tuple[str, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Listing:
    """A list below a title. `folded` hides it until a reader opens it; `numbered` numbers its lines."""

    title: str
    lines: Sequence[Line]
    folded: bool = True
    numbered: bool = False

    @property
    def shown(self) -> Sequence[Line]:
        return self.lines[:MAX_LINES]

    @property
    def left_out(self) -> int:
        return max(0, len(self.lines) - MAX_LINES)


@dataclass(frozen=True, slots=True)
class Nights:
    """Which runs of the past had which drift. Each row has a name and a mark for each time."""

    times: tuple[str, ...]
    rows: tuple[tuple[str, tuple[bool, ...]], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """One report. `alerts` are sentences that come before everything else, `advice` is what to do next, and `closing` comes
    last."""

    summary: str
    tone: Tone = Tone.GOOD
    tiles: tuple[Tile, ...] = ()
    alerts: tuple[str, ...] = ()
    cards: tuple[Card, ...] = ()
    listings: tuple[Listing, ...] = ()
    nights: Nights | None = None
    advice: str = ""
    digest: str = ""
    closing: Fix | None = None

    @property
    def shown(self) -> tuple[Card, ...]:
        return self.cards[:MAX_CARDS]

    @property
    def left_out(self) -> int:
        return max(0, len(self.cards) - MAX_CARDS)


def place_of(span: Span | None, style: Style) -> str:
    """`imgwire.yaml:7`, or nothing."""
    return f"{style.path(span.file)}:{span.line}" if span else ""
