"""What a page shows, before any markup: totals, what needs attention, and lists that are folded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.diagnostics import Span
    from reconciler.render.style import Style

T = TypeVar("T")

MAX_ALERTS = 20
MAX_OPEN = 20
"""Cards that are unfolded, and lines of a list that is not folded."""
MAX_CARDS = 300
MAX_LINES = 2_000
"""More of a kind cannot be read on a page. They are counted."""


class Tone(StrEnum):
    """The colour of a thing: what is wrong or unknown is never GOOD."""

    BAD = "bad"
    WARN = "warn"
    GOOD = "good"
    PLAIN = "plain"


TONES = {"red": Tone.BAD, "yellow": Tone.WARN, "green": Tone.GOOD, "dim": Tone.PLAIN}
"""By the colour that a terminal shows."""


@dataclass(frozen=True, slots=True)
class Bounded(Generic[T]):
    """The first items of a sequence, and the number of those that are left out."""

    shown: tuple[T, ...] = ()
    left_out: int = 0

    @property
    def total(self) -> int:
        return len(self.shown) + self.left_out


def bounded(items: Iterable[T], limit: int) -> Bounded[T]:
    """At most `limit` of the items."""
    every = tuple(items)
    return Bounded(every[:limit], max(0, len(every) - limit))


@dataclass(frozen=True, slots=True)
class Tile:
    """One total."""

    count: int
    label: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Value:
    """One value before and after; None for none. The notes are what each of them is, or what happens to it."""

    path: str
    before: str | None
    after: str | None
    before_note: str = ""
    after_note: str = ""


@dataclass(frozen=True, slots=True)
class Fix:
    """What to do: the purpose in words, and the command line or the option."""

    purpose: str
    command: str


@dataclass(frozen=True, slots=True)
class Alert:
    """A sentence that comes before everything else, with outside text in backticks."""

    text: str
    fix: Fix | None = None


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
    lines: Bounded[Line]
    folded: bool = True
    numbered: bool = False

    @property
    def columns(self) -> int:
        return max((len(line.words) for line in self.lines.shown), default=0)


def listing(title: str, lines: Iterable[Line], *, folded: bool | None = None, numbered: bool = False) -> Listing:
    """A list within the bounds of a page. Unless `folded` is given, a long list is folded."""
    part = bounded(lines, MAX_LINES)
    return Listing(title, part, part.total > MAX_OPEN if folded is None else folded, numbered)


@dataclass(frozen=True, slots=True)
class Row:
    """One finding and, for each run, `drift`, `-` where there was none, or `?` where the environment was not read."""

    environment: str
    kind: str
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Nights:
    """Which run had which drift, the newest first: the date and the time of each run, and a row for each finding."""

    times: tuple[tuple[str, str], ...]
    rows: Bounded[Row]
    skipped: Bounded[str] = Bounded()


@dataclass(frozen=True, slots=True)
class Page:
    """One report. `advice` is what to do next, below the cards, and `closing` comes last."""

    summary: str
    tone: Tone = Tone.GOOD
    tiles: tuple[Tile, ...] = ()
    alerts: Bounded[Alert] = Bounded()
    cards: Bounded[Card] = Bounded()
    listings: tuple[Listing, ...] = ()
    nights: Nights | None = None
    advice: str = ""
    digest: str = ""
    closing: Fix | None = None


def place_of(span: Span | None, style: Style) -> str:
    """`imgwire.yaml:7`, or nothing."""
    return f"{style.path(span.file)}:{span.line}" if span else ""
