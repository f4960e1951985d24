"""Polling until domains are ready: a table on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.failure import Interrupted
from reconciler.cli.looking import look_with
from reconciler.cli.output import is_terminal
from reconciler.cli.progress import Following
from reconciler.engine.verify import Waiting, verify_all
from reconciler.model.domains import domain_of
from reconciler.model.report import Verdict
from reconciler.render.escape import escape_control

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.table import Table

    from reconciler.api.backend import HttpBackend
    from reconciler.cli.log import Log
    from reconciler.cli.session import Session
    from reconciler.dns.lookup import Lookup
    from reconciler.model.report import Verified

_HEARTBEAT = 60.0  # seconds
_STYLES = {Verdict.READY: "green", Verdict.WAITING: "yellow"}


def wait_until_ready(
    session: Session,
    wishes: Sequence[tuple[str, str]],
    backend: HttpBackend,
    longest: float,
    resolvers: Lookup | None = None,
) -> tuple[Verified, ...]:
    """Verify until all is ready or nothing is left that could become so, or `longest` seconds have gone by.

    A signal ends it early: then `session.stop.requested` is set, and the verdicts are those of the last time each was asked.
    Raises Interrupted where not all were asked by then.
    """
    found: dict[str, Verified] = {}

    def heard(verified: Verified) -> None:
        found[verified.environment] = verified
        tell(verified)

    with _following(session.log, len(wishes), longest, found) as tell:
        waiting = Waiting(longest, look=look_with(resolvers))
        observer = Following(on_verdict=heard)
        try:
            return session.run(verify_all(wishes, backend, session.options.parallelism, waiting, observer))
        except Interrupted:
            if len(found) < len(wishes):
                raise
            session.log.say("info", "Stopped waiting.")
            return tuple(found[name] for name, _ in wishes)


@contextmanager
def _following(
    log: Log, total: int, longest: float, found: dict[str, Verified]
) -> Iterator[Callable[[Verified], None]]:
    """Gives a function to call at each verdict."""
    if not longest:
        yield lambda _verified: None
    elif log.as_json or not is_terminal(sys.stderr) or os.environ.get("TERM") == "dumb":
        yield Lines(log, total).tell
    else:
        from rich.console import Console
        from rich.live import Live

        began = time.monotonic()
        console = Console(stderr=True)

        def shown() -> Table:
            return _table(found, total, time.monotonic() - began, longest, console.size)

        # Whatever else is told meanwhile appears above the table.
        with Live(get_renderable=shown, console=console, refresh_per_second=2, transient=True, redirect_stdout=False):
            yield lambda _verified: None


class Lines:
    """A line for each change and, where nothing changes, one a minute."""

    def __init__(self, log: Log, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._log = log
        self._total = total
        self._clock = clock
        self._told_at = clock()
        self._last: dict[str, tuple[Verdict, str]] = {}

    def tell(self, verified: Verified) -> None:
        before = self._last.get(verified.environment)
        now = self._last[verified.environment] = (verified.verdict, verified.message)
        if now != before:
            text = f"{verified.environment}: {verified.verdict}: {verified.message}"
        elif self._clock() - self._told_at >= _HEARTBEAT:
            text = f"still waiting: {_counted([verdict for verdict, _ in self._last.values()], self._total)}"
        else:
            return
        self._told_at = self._clock()
        self._log.say("info", text)


def _counted(verdicts: Sequence[Verdict], total: int) -> str:
    counts = Counter(verdicts)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict]) + f" of {total}"


def _table(found: dict[str, Verified], total: int, seconds: float, longest: float, room: tuple[int, int]) -> Table:
    """What is not ready comes first; one line each, and what has no room (columns, lines) is only counted."""
    from rich.table import Table
    from rich.text import Text

    columns, lines = room
    in_order = sorted(found.values(), key=lambda item: (item.verdict is Verdict.READY, item.environment))
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
    left = columns
    for place, title in enumerate(titles):
        longest_text = max(len(text) for text in (title, *(row[place] for row in rows)))
        size = max(1, left - 1) if title == "WHY" else min(longest_text, max(7, columns // 3))
        left -= size + 2
        table.add_column(title, width=size, no_wrap=True, overflow="ellipsis")
    for verdict, *texts in rows:
        table.add_row(Text(verdict, style=_STYLES.get(verdict, "red")), *map(Text, texts))
    counted = _counted([item.verdict for item in found.values()], total)
    table.caption = Text(f"{counted}, {seconds:.0f} s of {longest:.0f} s", style="dim")
    table.caption_justify = "left"
    return table
