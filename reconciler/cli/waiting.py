"""Polling until domains are ready: a table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from reconciler.cli.terminal import is_terminal
from reconciler.model.domains import domain_of
from reconciler.model.report import Verdict
from reconciler.render.escape import escape_control

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from reconciler.cli.log import Log
    from reconciler.model.report import Verified

_HEARTBEAT = 60.0  # seconds
_STYLES = {Verdict.READY: "green", Verdict.WAITING: "yellow"}


class Follower(Protocol):
    """Shows the verdicts of a wait."""

    def show(self, verified: Verified) -> None: ...

    def close(self) -> None: ...


def follower(log: Log, total: int, max_seconds: float) -> Follower | None:
    """A table on a terminal, lines elsewhere; None where nothing is waited for."""
    if not max_seconds:
        return None
    if log.as_json or not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        return Lines(log, total)
    return LiveTable(total, max_seconds)


class LiveTable:
    """A table that is drawn again as verdicts come. Whatever else is logged meanwhile appears above it."""

    def __init__(self, total: int, max_seconds: float) -> None:
        from rich.console import Console
        from rich.live import Live

        self._verdicts: dict[str, Verified] = {}
        began = time.monotonic()
        console = Console(stderr=True)

        def table() -> Table:
            return _table(self._verdicts, total, time.monotonic() - began, max_seconds, console.size)

        self._live = Live(
            get_renderable=table, console=console, refresh_per_second=2, transient=True, redirect_stdout=False
        )
        self._live.start()

    def show(self, verified: Verified) -> None:
        self._verdicts[verified.environment] = verified

    def close(self) -> None:
        self._live.stop()


class Lines:
    """A line for each change and, where nothing changes, one a minute."""

    def __init__(self, log: Log, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._total = total
        self._clock = clock
        self._told_at = clock()
        self._last: dict[str, tuple[Verdict, str]] = {}

    def show(self, verified: Verified) -> None:
        before = self._last.get(verified.environment)
        now = self._last[verified.environment] = (verified.verdict, verified.message)
        if now != before:
            text = f"{verified.environment}: {verified.verdict}: {verified.message}"
        elif self._clock() - self._told_at >= _HEARTBEAT:
            text = f"still waiting: {_counted([verdict for verdict, _ in self._last.values()], self._total)}"
        else:
            return
        self._told_at = self._clock()
        self._log.say(
            "info", text, environment=verified.environment, verdict=verified.verdict.value, message=verified.message
        )

    def close(self) -> None:
        """There is nothing to take away."""


def _counted(verdicts: Sequence[Verdict], total: int) -> str:
    counts = Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]) + f" of {total}"


def _table(
    verdicts: dict[str, Verified], total: int, seconds: float, max_seconds: float, room: tuple[int, int]
) -> Table:
    """What is not ready comes first; one line each, and what has no room (columns, lines) is only counted."""
    from rich.table import Table
    from rich.text import Text

    columns, lines = room
    in_order = sorted(verdicts.values(), key=lambda item: (item.verdict is Verdict.READY, item.environment))
    rows = []
    for item in in_order[: max(3, lines // 2)]:
        domain = domain_of(item.live)
        rows.append(
            (
                item.verdict,
                escape_control(item.environment),
                escape_control(domain.hostname) if domain else "-",
                escape_control(item.message),
            )
        )
    table = Table(box=None, pad_edge=False)
    titles = ("VERDICT", "ENVIRONMENT", "HOSTNAME", "WHY")
    rest = columns
    for place, title in enumerate(titles):
        text_width = max(len(text) for text in (title, *(row[place] for row in rows)))
        size = max(1, rest - 1) if title == "WHY" else min(text_width, max(7, columns // 3))
        rest -= size + 2
        table.add_column(title, width=size, no_wrap=True, overflow="ellipsis")
    for verdict, *texts in rows:
        table.add_row(Text(verdict, style=_STYLES.get(verdict, "red")), *map(Text, texts))
    counted = _counted([item.verdict for item in verdicts.values()], total)
    table.caption = Text(f"{counted}, {seconds:.0f} s of {max_seconds:.0f} s", style="dim")
    table.caption_justify = "left"
    return table
