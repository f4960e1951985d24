"""What a person sees on standard error while a run goes on: log lines, a counter for what takes long, a table while waiting."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

from reconciler.cli.terminal import drawing_console, is_terminal, style_for
from reconciler.cli.waiting import follower
from reconciler.model.observer import NullObserver, Phase
from reconciler.model.report import StepState
from reconciler.render.log import request_fields, step_fields
from reconciler.render.text.progress import Counter
from reconciler.render.text.steps import StepLines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.log import Log
    from reconciler.cli.waiting import Lines, LiveTable
    from reconciler.model.domains import Live
    from reconciler.model.observer import RequestEvent
    from reconciler.model.report import Restore, StepResult, Verified
    from reconciler.model.results import ApplyResult
    from reconciler.model.steps import Step

_TITLES = {Phase.READING: "Reading", Phase.APPLYING: "Applying"}


class Progress(NullObserver):
    """The observer of the command line. `wait` is how many seconds are waited for readiness at most."""

    def __init__(self, log: Log, wait: float = 0.0) -> None:
        self._log = log
        self._wait = wait
        self._listed = False  # steps, since the last blank line
        self._lines = StepLines()
        self._started: dict[str, float] = {}  # by step id, of the monotonic clock
        self._counter: Counter | None = None
        self._follower: LiveTable | Lines | None = None

    def on_phase(self, phase: Phase, total: int) -> None:
        self.close()
        if phase in _TITLES and is_terminal(sys.stderr) and not self._log.as_json:
            self._counter = Counter(_TITLES[phase], total, drawing_console)
        elif phase is Phase.VERIFYING:
            self._follower = follower(self._log, total, self._wait)

    def on_read(self, environment: str, live: Live) -> None:  # noqa: ARG002 - it is only counted
        if self._counter is not None:
            self._counter.advance()

    def on_steps(self, steps: Sequence[Step]) -> None:
        self._lines = StepLines.of(steps, style_for(sys.stderr).width)

    def on_step_start(self, step: Step) -> None:
        self._started[step.id] = time.monotonic()

    def on_step(self, step: Step, result: StepResult) -> None:
        if self._counter is not None:  # before the line, which is drawn together with the counter
            self._counter.advance()
        took = time.monotonic() - self._started.pop(step.id) if step.id in self._started else None
        if self._log.as_json or result.state is not StepState.SKIPPED:  # the report lists what was not started
            self._listed = True
            self._log.say("info", self._lines.ended(step, result, took), **step_fields(step, result, took))

    def on_restore(self, restore: Restore) -> None:
        self._log.say("info", self._lines.restored(restore), environment=restore.environment)

    def on_applied(self, result: ApplyResult) -> None:
        """Before waiting, what makes it end: the records to publish."""
        self.close()
        from reconciler.render.text.apply import render_before_wait

        self._log.show(f"{render_before_wait(result, self._wait, style_for(sys.stderr))}\n")

    def on_verdict(self, verified: Verified) -> None:
        if self._follower is not None:
            self._follower.show(verified)

    def on_request(self, request: RequestEvent) -> None:
        self._log.say(request.kind, request.text, **request_fields(request))

    def on_notice(self, level: str, text: str) -> None:
        self._log.say(level, text)

    def close(self) -> None:
        """Take away what is drawn, and end the list of steps with a blank line."""
        if self._listed and not self._log.as_json:
            self._log.write("\n")
        self._listed = False
        for drawn in (self._counter, self._follower):
            if drawn is not None:
                drawn.close()
        self._counter = self._follower = None
