"""A counter on standard error for what takes long, on terminals only."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.output import is_terminal
from reconciler.model.observer import NullObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.progress import Progress

    from reconciler.cli.log import Log
    from reconciler.model.domains import Live
    from reconciler.model.plan import Step
    from reconciler.model.report import StepResult, Verified

_QUICK = 0.4  # seconds that nobody needs to be entertained for


def _ignore(*_: object) -> None:
    """Nobody follows events of this kind."""


class Following(NullObserver):
    """Calls a function at each event of one kind."""

    def __init__(
        self,
        on_read: Callable[[str, Live], None] = _ignore,
        on_step: Callable[[Step, StepResult], None] = _ignore,
        on_verdict: Callable[[Verified], None] = _ignore,
    ) -> None:
        self._read, self._step, self._verdict = on_read, on_step, on_verdict

    def on_read(self, environment: str, live: Live) -> None:
        self._read(environment, live)

    def on_step(self, step: Step, result: StepResult) -> None:
        self._step(step, result)

    def on_verdict(self, verified: Verified) -> None:
        self._verdict(verified)


@contextmanager
def counting(what: str, total: int, log: Log) -> Iterator[Callable[[], None]]:
    """Gives a function to call for each one done. rich is imported only when a terminal has been waiting for a while."""
    if log.as_json or not is_terminal(sys.stderr):
        yield lambda: None
        return
    from_ = time.monotonic()
    done = 0
    bar = None

    def advance() -> None:
        nonlocal done, bar
        done += 1
        if bar is None and time.monotonic() - from_ > _QUICK and done < total:
            bar = _bar()
            bar.start()
            bar.add_task(what, total=total)
        if bar is not None:
            bar.update(bar.task_ids[0], completed=done)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.stop()


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
