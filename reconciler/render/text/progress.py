"""What is shown of a run while it goes on: a line for each verdict, and the table of a wait."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.model.domains import domain_of
from reconciler.model.durations import format_duration
from reconciler.model.escape import escape_control
from reconciler.model.report import Verdict
from reconciler.render.standing import counted_standings, of_verdict, place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console
    from rich.progress import Progress
    from rich.table import Table

    from reconciler.model.report import Verified

_HEARTBEAT = 60.0  # seconds
_QUICK = 0.4  # seconds that nobody needs to be entertained for
MAX_PADDED = 32
"""Columns: a longer name does not push the others away from theirs."""


def _counted(verified: Iterable[Verified], total: int) -> str:
    """How many of `total` environments have which standing."""
    return f"{counted_standings(map(of_verdict, verified))} of {total}"


def _sentence(verified: Verified) -> str:
    """What is wrong with a hostname is a sentence about its environment. Every other reason follows the verdict."""
    if verified.verdict in {Verdict.ABSENT, Verdict.DIFFERENT}:
        return f"{verified.environment} {verified.message}"
    return f"{verified.environment}: {of_verdict(verified).words}: {verified.message}"


class VerdictLines:
    """A line for each change of a verdict and, where nothing changes, one a minute. Times are in seconds of one clock."""

    def __init__(self, total: int, now: float) -> None:
        self._total = total
        self._last_line = now
        self._last: dict[str, Verified] = {}

    def line(self, verified: Verified, now: float) -> str | None:
        """The line for a verdict; None where nothing is new."""
        before = self._last.get(verified.environment)
        self._last[verified.environment] = verified
        if before is None or (before.verdict, before.message) != (verified.verdict, verified.message):
            text = _sentence(verified)
        elif now - self._last_line >= _HEARTBEAT:
            text = f"still waiting: {_counted(self._last.values(), self._total)}"
        else:
            return None
        self._last_line = now
        return text


class Counter:
    """A bar for `total` things. rich is imported, and `new_console` called, only when a terminal has been waiting for a while."""

    def __init__(self, title: str, total: int, new_console: Callable[[], Console]) -> None:
        self._title, self._total = title, total
        self._new_console = new_console
        self._began = time.monotonic()
        self._done = 0
        self._bar: Progress | None = None

    def advance(self) -> None:
        """One more is done."""
        self._done += 1
        if self._bar is None and time.monotonic() - self._began > _QUICK and self._done < self._total:
            self._bar = _counter_bar(self._new_console())
            self._bar.start()
            self._bar.add_task(self._title, total=self._total, completed=self._done)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=self._done)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()


def _counter_bar(console: Console) -> Progress:
    """A bar that counts things on the console until it is stopped."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


def waiting_table(
    verdicts: Iterable[Verified], total: int, seconds: float, max_seconds: float, room: tuple[int, int]
) -> Table:
    """The verdicts after `seconds` of waiting. `room` is the size of the terminal in columns and lines.

    What is not ready comes first, in one line each. What has no room is only counted.
    """
    from rich.table import Table
    from rich.text import Text

    columns, lines = room
    in_order = sorted(verdicts, key=lambda item: (place(of_verdict(item)), item.environment))
    rows = [_cells(item) for item in in_order[: max(3, lines // 2)]]
    table = Table(box=None, pad_edge=False)
    for title, width in _widths(rows, columns).items():
        table.add_column(title, width=width, no_wrap=True, overflow="ellipsis")
    for item, cells in zip(in_order, rows, strict=False):
        verdict, *others = map(Text, cells)
        verdict.stylize(of_verdict(item).colour)
        table.add_row(verdict, *others)
    counted = _counted(in_order, total)
    table.caption = Text(f"{counted}, {format_duration(seconds)} of {format_duration(max_seconds)}", style="dim")
    table.caption_justify = "left"
    return table


def _cells(item: Verified) -> tuple[str, ...]:
    domain = domain_of(item.live)
    hostname = domain.hostname if domain else "-"
    return (of_verdict(item).words, *map(escape_control, (item.environment, hostname, item.message)))


def _widths(rows: Sequence[Sequence[str]], columns: int) -> dict[str, int]:
    """The width of each column by its title. The last one has what the others leave."""
    titles = ("VERDICT", "ENVIRONMENT", "HOSTNAME")
    widths = {
        title: min(max(len(text) for text in (title, *(row[place] for row in rows))), max(7, columns // 3))
        for place, title in enumerate(titles)
    }
    return {**widths, "WHY": max(1, columns - sum(width + 2 for width in widths.values()) - 1)}
