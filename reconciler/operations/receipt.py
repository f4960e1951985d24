"""The receipt of an apply: an observer that keeps the report of the run so far in a file."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

from reconciler.files import MAX_DOCUMENT_BYTES, descriptor_of, read_bounded, write_atomic
from reconciler.model.exit_codes import ExitCode
from reconciler.model.observer import NullObserver
from reconciler.model.results import Failed, PlanResult, Stopped
from reconciler.planning.earlier import Earlier, from_document
from reconciler.render.json_v1 import render_report

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.observer import Observer
    from reconciler.model.plan import Step
    from reconciler.model.proposal import Proposal
    from reconciler.model.report import StepResult
    from reconciler.model.results import Report


class Receipt(NullObserver):
    """Rewritten after each step. Where writing takes long (thousands of environments), it is rewritten as often as a quarter
    of the time allows. `report` gives the report so far; it is called only where the file is to be written."""

    def __init__(self, path: str, report: Callable[[], Report], observer: Observer) -> None:
        self._path = path
        self._report = report
        self._observer = observer
        self._not_before = 0.0
        self._broken = False

    def begin(self, proposal: Proposal) -> None:
        """Raises Stopped when the file cannot be written: then nothing else is."""
        try:
            self._rewrite()
        except OSError as error:
            message = f"could not write the receipt {self._path}: {error.strerror or error}; nothing was applied"
            hint = "give --receipt a path that can be written"
            failed = Failed(ExitCode.ERROR, "not_written", message, hint, so_far=PlanResult(proposal))
            raise Stopped(failed) from None

    def on_step(self, step: Step, result: StepResult) -> None:  # noqa: ARG002 - the report has them
        if time.monotonic() < self._not_before:
            return
        try:
            self._rewrite()
        except OSError as error:
            if not self._broken:
                self._broken = True
                message = f"could not write the receipt {self._path}: {error.strerror or error}; the run goes on"
                self._observer.on_notice("error", message)

    def end(self, report: Report) -> bool:
        """Write the final report: False where that failed."""
        try:
            write_atomic(self._path, render_report(report))
        except OSError as error:
            message = f"could not write the receipt {self._path}: {error.strerror or error}"
            self._observer.on_notice("error", message)
            return False
        return True

    def _rewrite(self) -> None:
        started = time.monotonic()
        write_atomic(self._path, render_report(self._report()))
        took = time.monotonic() - started
        self._not_before = time.monotonic() + (3 * took if took > 0.1 else 0.0)


def earlier_in(receipt: str | None) -> Earlier:
    """What an earlier receipt in this place knew; nothing when there is no such receipt."""
    if receipt is None or descriptor_of(receipt) is not None:
        return Earlier()
    try:
        return from_document(json.loads(read_bounded(receipt, MAX_DOCUMENT_BYTES)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Earlier()
