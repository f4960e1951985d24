"""Polling until domains are ready: a table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING

from reconciler.cli.terminal import drawing_console, is_terminal
from reconciler.render.log import verdict_fields
from reconciler.render.text.progress import VerdictLines, waiting_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from reconciler.cli.log import Log
    from reconciler.model.report import Verified


def follower(log: Log, total: int, max_seconds: float) -> LiveTable | Lines | None:
    """A table on a terminal, lines elsewhere; None where nothing is waited for."""
    if not max_seconds:
        return None
    if log.as_json or not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        return Lines(log, total)
    return LiveTable(total, max_seconds)


class LiveTable:
    """A table that is drawn again as verdicts come. Whatever else is logged meanwhile appears above it."""

    def __init__(self, total: int, max_seconds: float) -> None:
        from rich.live import Live

        self._verdicts: dict[str, Verified] = {}
        began = time.monotonic()
        console = drawing_console()

        def table() -> Table:
            return waiting_table(self._verdicts.values(), total, time.monotonic() - began, max_seconds, console.size)

        self._live = Live(
            get_renderable=table, console=console, refresh_per_second=2, transient=True, redirect_stdout=False
        )
        self._live.start()

    def show(self, verified: Verified) -> None:
        self._verdicts[verified.environment] = verified

    def close(self) -> None:
        self._live.stop()


class Lines:
    """Lines of the log."""

    def __init__(self, log: Log, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._clock = clock
        self._lines = VerdictLines(total, clock())

    def show(self, verified: Verified) -> None:
        if text := self._lines.line(verified, self._clock()):
            self._log.say("info", text, **verdict_fields(verified))

    def close(self) -> None:
        """There is nothing to take away."""
