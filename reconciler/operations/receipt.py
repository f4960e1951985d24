"""The receipt of an apply: the report in a file, and a journal beside it that keeps the file true while the run goes on."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.documents.applied import restore_object, result_object
from reconciler.documents.domains import live_object
from reconciler.documents.earlier import Earlier, earlier_of
from reconciler.documents.journal import HEADER, is_journal, is_running, merge
from reconciler.documents.json_text import to_json
from reconciler.documents.reports import render_report, render_running
from reconciler.documents.steps import NotAPlan
from reconciler.engine.failures import INTERRUPTED, interrupted_live
from reconciler.files import (
    MAX_DOCUMENT_BYTES,
    Appender,
    check_unlocked,
    descriptor_of,
    read_bounded,
    remove,
    write_atomic,
)
from reconciler.model.exit_codes import ExitCode
from reconciler.model.observer import NullObserver
from reconciler.model.report import StepError, StepResult, StepState
from reconciler.model.results import ApplyResult, Failed, Stopped
from reconciler.model.steps import Delete, Verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.engine.stop import Stop
    from reconciler.model.domains import Live
    from reconciler.model.observer import Observer
    from reconciler.model.report import Restore
    from reconciler.model.results import PlanResult, Report, Result
    from reconciler.model.steps import Step, Write


def journal_path(receipt: str) -> str | None:
    """Where the journal of a receipt is; None for `/dev/null` and open descriptors, which have none."""
    return None if receipt == os.devnull or descriptor_of(receipt) is not None else f"{receipt}.journal"


class Receipt(NullObserver):
    """Every event is in the journal, on disk, before the lane goes on, at the same cost for each. The file itself is
    written twice: `begin` and `end`. `live` is what was last seen of an environment.

    Where the journal can no longer be written, the run is halted: only a create that completes a delete still runs.
    """

    def __init__(self, path: str, live: Callable[[str], Live], stop: Stop, observer: Observer) -> None:
        self._path = path
        self._live = live
        self._stop = stop
        self._observer = observer
        self._journal: Appender | None = None

    def begin(self, report: Report, so_far: PlanResult) -> None:
        """Write the report of the run that begins. Raises Stopped when that is impossible: then nothing else is written."""
        journal = journal_path(self._path)
        if journal is None:
            return
        try:
            check_unlocked(journal)
            self._warn_unreadable()
            _settle(self._path, journal)
            write_atomic(self._path, render_running(report))
            self._journal = Appender(journal, like=self._path)
            self._journal.append(HEADER)
        except OSError as error:
            message = f"could not write the receipt {error.filename or self._path}: {_why(error)}; nothing was applied"
            hint = "give --receipt a path that can be written and that no other run uses"
            raise Stopped(Failed(ExitCode.ERROR, "not_written", message, hint, so_far=so_far)) from None

    def _warn_unreadable(self) -> None:
        with contextlib.suppress(OSError):
            if Path(self._path).stat().st_size and _earlier(self._path) is None:
                message = (
                    f"{self._path} is no receipt, or a damaged one, and is replaced. "
                    "If its run left hostnames offline, they are no longer known"
                )
                self._observer.on_notice("warning", message)

    def on_send(self, step: Write) -> None:
        """What the next run must know if this one is killed before the answer: the hostname may be gone."""
        if isinstance(step, Delete):
            event = {"step": step.id, **result_object(StepResult(StepState.FAILED, INTERRUPTED))}
            self._append({**event, "environment": step.environment}, interrupted_live(step), durable=True)

    def on_step(self, step: Step, result: StepResult) -> None:
        # No write of the lane follows a check: its line survives kill -9 without waiting for the disk.
        event = {"step": step.id, **result_object(result), "environment": step.environment}
        self._record(event, step.environment, durable=not isinstance(step, Verify))

    def on_restore(self, restore: Restore) -> None:
        event = {"restored": restore_object(restore), "environment": restore.environment}
        self._record(event, restore.environment, durable=True)

    def end(self, report: Report) -> bool:
        """Write the report of the run that has ended, and remove the journal: False where that failed."""
        try:
            write_atomic(self._path, render_report(report))
            if self._journal is not None:
                self._journal.close()
                remove(f"{self._path}.journal")
        except OSError as error:
            self._observer.on_notice("error", f"could not write the receipt {self._path}: {_why(error)}")
            return False
        return True

    def _record(self, event: dict[str, Any], environment: str, *, durable: bool) -> None:
        self._append(event, self._live(environment), durable=durable)

    def _append(self, event: dict[str, Any], state: Live, *, durable: bool) -> None:
        if self._journal is None:
            return
        live = live_object(state)
        line = json.dumps({**event, "live": live["live"], "live_error": live["error"]})
        try:
            self._journal.append(line + "\n", durable=durable)
        except OSError as error:
            self._halt(_why(error))

    def _halt(self, why: str) -> None:
        if self._stop.halted is not None:
            return
        self._stop.halt(
            StepError(
                "receipt_not_written",
                f"not started: the receipt {self._path} could not be written: {why}",
                hint="make room for the receipt, then run apply again",
            )
        )
        message = f"could not write the receipt {self._path}: {why}; no new step starts, except creates that complete a delete"
        self._observer.on_notice("error", message)


def corrected(path: str | None, on_error: Callable[[str], object], report: Report, code: ExitCode) -> ExitCode:
    """Give the receipt of an apply the end that came after the run: a failure, or an output that could not be written.

    The exit code is `code`, or 1 where that was 0 and the receipt could not be written; `on_error` gets the message then.
    """
    late = report.conclusion.reason in {"report_not_written", "output_not_written"}
    if path is None or not isinstance(report.content, ApplyResult):
        return code
    journal = journal_path(path)
    if not report.failed and (not late or journal is None):
        return code
    try:
        write_atomic(path, render_report(report))
        if journal is not None:
            remove(journal)
    except OSError:
        on_error(f"could not write the receipt {path}")
        return code or ExitCode.ERROR
    return code


def read_receipt(path: str) -> object:
    """The JSON document in a file. That of a run that goes on, or was killed, is complete with its journal.

    Raises OSError; ValueError or RecursionError where it is not JSON, or a damaged receipt.
    """
    document: object = json.loads(read_bounded(path, MAX_DOCUMENT_BYTES))
    journal = journal_path(path)
    if journal is None or not isinstance(document, dict) or not is_running(document):
        return document
    try:
        content = read_bounded(journal, MAX_DOCUMENT_BYTES)
    except FileNotFoundError:
        return document
    try:
        return merge(document, content) if is_journal(content) else document
    except (KeyError, TypeError, AttributeError, NotAPlan) as error:
        raise ValueError(f"its journal does not fit: {error}") from None


def earlier_in(receipt: str | None, api_url: str) -> Earlier:
    """What an earlier receipt in this place knew; nothing when there is no such receipt.

    Raises Stopped where its run left hostnames unserved at another API: this run cannot see them, and would forget them.
    """
    earlier = _earlier(receipt) or Earlier()
    if not earlier.unserved or earlier.api_url == api_url:
        return earlier
    message = f"the receipt {receipt} is for {earlier.api_url}, and this run uses {api_url}; nothing was written"
    hint = "The run of the receipt left hostnames offline. Finish that run, or give --receipt another file."
    raise Stopped(Failed(ExitCode.REFUSED, "other_api_url", message, hint, unserved=earlier.unserved))


def with_unserved(receipt: str | None, result: Result) -> Result:
    """The result of an apply. One that failed before it read gets what the run of the receipt left unserved."""
    if not isinstance(result, Failed) or result.so_far or result.unserved is not None:
        return result
    if result.exit_code is ExitCode.USAGE:  # the path may be one that is not to be read
        return result
    return replace(result, unserved=(_earlier(receipt) or Earlier()).unserved)


def _earlier(receipt: str | None) -> Earlier | None:
    """What the receipt knows; None where there is none, or none that can be read."""
    if receipt is None or journal_path(receipt) is None:
        return None
    try:
        document: Any = read_receipt(receipt)
        return earlier_of(document)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _settle(path: str, journal: str) -> None:
    """Leave no journal of an earlier run. What it has goes into the receipt of that run first. Raises OSError."""
    try:
        content = read_bounded(journal, MAX_DOCUMENT_BYTES)
    except FileNotFoundError:
        return
    if not is_journal(content):
        raise FileExistsError(errno.EEXIST, "a file that is not the journal of a receipt has its name", journal)
    with contextlib.suppress(FileNotFoundError, ValueError, RecursionError):
        document = read_receipt(path)
        if is_running(document):
            write_atomic(path, to_json(document))
    remove(journal)


def _why(error: OSError) -> str:
    return error.strerror or str(error)
