"""The receipt of an apply: the report in a file, and a journal beside it that keeps the file true while the run goes on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import json
import math
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from reconciler.documents.applied import restore_object, result_object
from reconciler.documents.domains import live_object
from reconciler.documents.earlier import Earlier, earlier_of
from reconciler.documents.format import REPORT
from reconciler.documents.journal import HEADER, is_journal, is_running, merge
from reconciler.documents.json_text import to_json
from reconciler.documents.reports import render_report, render_running
from reconciler.documents.steps import NotAPlan
from reconciler.engine.failures import INTERRUPTED, interrupted_live
from reconciler.engine.policy import WritePolicy
from reconciler.files import (
    MAX_DOCUMENT_BYTES,
    LockedFile,
    descriptor_of,
    read_bounded,
    write_atomic,
)
from reconciler.model.exit_codes import ExitCode
from reconciler.model.listing import first_of
from reconciler.model.observer import NullObserver
from reconciler.model.report import RestoreFailure, StepError, StepResult, StepState
from reconciler.model.results import ApplyResult, Failed, Stopped
from reconciler.model.steps import Create, Delete, Verify

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from reconciler.engine.stop import Stop
    from reconciler.model.domains import Live
    from reconciler.model.observer import Observer
    from reconciler.model.report import Restore
    from reconciler.model.results import PlanResult, Report, Result
    from reconciler.model.steps import Step, Write


_IN_FLIGHT = sum(WritePolicy().visibility_delays)
"""Seconds in which the API may still do a write whose connection broke."""


def journal_path(receipt: str) -> str | None:
    """Where the journal of a receipt is; None for `/dev/null` and open descriptors, which have none."""
    return None if receipt == os.devnull or descriptor_of(receipt) is not None else f"{receipt}.journal"


class ReceiptFile:
    """A receipt and the journal beside it: `with ReceiptFile("receipt.json") as receipt`, around `apply` and what publishes its
    report. From `claim`, which `apply` calls, to the end of the context no other run writes either of them.

    `begun`: this run has written the receipt. `ended`: the receipt is whole without the journal. `settled`: no write of an
    earlier run can arrive any more.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.begun = False
        self.ended = False
        self.settled = False
        self._journal: LockedFile | None = None

    @property
    def journal_path(self) -> str | None:
        return journal_path(self.path)

    def claim(self) -> bool:
        """Lock it for this run, if that was not done yet. False where the file system has no locks.

        Raises OSError; BlockingIOError where another run has it.
        """
        path = self.journal_path
        if path is None or self._journal is not None:
            return True
        journal = LockedFile(path)
        if not is_journal(journal.content(MAX_DOCUMENT_BYTES)):
            journal.close()
            raise FileExistsError(errno.EEXIST, "a file that is not the journal of a receipt has its name", path)
        self._journal = journal
        return journal.locked

    def begin(self, text: str) -> None:
        """Write the first text of this run, and begin its journal. Raises OSError; ValueError for a damaged receipt."""
        self.ended = False
        journal = self._journal
        if journal is None:
            self.begun = True
            return
        with contextlib.suppress(FileNotFoundError):
            document = read_receipt(self.path) if journal.content(MAX_DOCUMENT_BYTES) else None
            if is_running(document):  # complete before its journal is gone
                write_atomic(self.path, to_json(document))
        journal.clear()
        journal.append(HEADER)  # before the receipt, which stays as it is where there is no room
        self.write(text)
        journal.copy_mode(self.path)

    def write(self, text: str) -> None:
        """Replace the receipt. Raises OSError, also where the journal is no longer that of this run."""
        if self._journal is not None:
            self._journal.check_place()
        write_atomic(self.path, text)
        self.begun = True

    def append(self, line: str, *, durable: bool) -> None:
        """Add to the journal, where there is one. Raises OSError."""
        if self._journal is not None:
            self._journal.append(line, durable=durable)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let other runs have it. The journal of a receipt that is whole is removed; that of a killed run is left."""
        journal, self._journal = self._journal, None
        if journal is None:
            return
        with contextlib.suppress(OSError):
            journal.remove() if self.ended or not journal.content(MAX_DOCUMENT_BYTES) else journal.close()


class Receipt(NullObserver):
    """Every event is in the journal, on disk, before the lane goes on, at the same cost for each. The file itself is
    written twice: `begin` and `end`. `live` is what was last seen of an environment.

    Where the journal can no longer be written, the run is halted: only a create that completes a delete still runs.
    `busy` surrounds what may wait for the disk. A line that is the last one of its environment already is not written again,
    so that a delete does not wait for the disk between its last read and the request.
    """

    def __init__(
        self,
        file: ReceiptFile,
        live: Callable[[str], Live],
        stop: Stop,
        observer: Observer,
        busy: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext,
    ) -> None:
        self._file = file
        self._busy = busy
        self._path = file.path
        self._live = live
        self._stop = stop
        self._observer = observer
        self._last: dict[str, tuple[str, bool]] = {}  # by environment: the line, and whether it is on disk for certain

    def begin(self, report: Report, so_far: PlanResult) -> None:
        """Write the report of the run that begins. Raises Stopped where that is impossible: then nothing else is written."""
        try:
            self._file.begin(render_running(report))
        except ValueError:
            raise Stopped(_unreadable_receipt(self._path, "it is no receipt, or damaged", so_far)) from None
        except OSError as error:
            raise Stopped(_not_written(self._path, error, so_far)) from None

    def on_send(self, step: Write) -> None:
        """What the next run must know if this one is killed before the answer: the hostname may be gone, or served.

        Only a delete waits for the disk. The line of a create survives kill -9 without that.
        """
        event = {"step": step.id, **result_object(StepResult(StepState.FAILED, INTERRUPTED))}
        event["environment"] = step.environment
        self._append(event, interrupted_live(step), durable=isinstance(step, Delete))

    def on_restore_send(self, environment: str, hostname: str) -> None:
        in_flight = RestoreFailure(environment, hostname, INTERRUPTED)
        event = {"restored": restore_object(in_flight), "environment": environment}
        self._append(event, interrupted_live(Create(environment, hostname)), durable=False)

    def on_step(self, step: Step, result: StepResult) -> None:
        # No write of the lane follows a check: its line survives kill -9 without waiting for the disk.
        event = {"step": step.id, **result_object(result), "environment": step.environment}
        self._record(event, step.environment, durable=not isinstance(step, Verify))

    def on_restore(self, restore: Restore) -> None:
        event = {"restored": restore_object(restore), "environment": restore.environment}
        self._record(event, restore.environment, durable=True)

    def end(self, report: Report) -> bool:
        """Write the report of the run that has ended: False where that failed."""
        try:
            self._file.write(render_report(report))
            self._file.ended = True
        except OSError as error:
            self._observer.on_notice("error", f"could not write the receipt {self._path}: {_why(error)}")
            return False
        return True

    def _record(self, event: dict[str, Any], environment: str, *, durable: bool) -> None:
        self._append(event, self._live(environment), durable=durable)

    def _append(self, event: dict[str, Any], state: Live, *, durable: bool) -> None:
        live = live_object(state)
        line = json.dumps({**event, "live": live["live"], "live_error": live["error"]})
        if self._last.get(event["environment"]) in ((line, durable), (line, True)):
            return
        try:
            with self._busy():
                self._file.append(line + "\n", durable=durable)
        except OSError as error:
            self._halt(_why(error))
        else:
            self._last[event["environment"]] = (line, durable)

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


def claim(file: ReceiptFile, observer: Observer, so_far: PlanResult | None = None) -> None:
    """Claim the receipt for this run. Raises Stopped where that is impossible: then nothing was written.

    To be called before anything is read: another run may leave hostnames offline after that, and end.
    """
    try:
        locked = file.claim()
    except BlockingIOError:
        message = f"another run is writing the receipt {file.path}; nothing was applied"
        hint = "wait until that run has ended, or give this run a receipt of its own"
        raise Stopped(Failed(ExitCode.REFUSED, "receipt_in_use", message, hint, so_far=so_far)) from None
    except OSError as error:
        raise Stopped(_not_written(file.path, error, so_far)) from None
    if not locked:
        message = f"the file system of {file.path} has no locks: make sure that no other run writes this receipt"
        observer.on_notice("warning", message)


def corrected(
    receipt: ReceiptFile | None, on_error: Callable[[str], object], report: Report, code: ExitCode
) -> ExitCode:
    """Give the receipt of an apply the end that came after the run: a failure, or an output that could not be written.

    The exit code is `code`, or 1 where that was 0 and the receipt could not be written; `on_error` gets the message then.
    """
    late = report.conclusion.reason in {"report_not_written", "output_not_written"}
    if receipt is None or not receipt.begun or not isinstance(report.content, ApplyResult):
        return code
    if not report.failed and (not late or receipt.journal_path is None):
        return code
    try:
        receipt.write(render_report(report))
        receipt.ended = True
    except OSError:
        on_error(f"could not write the receipt {receipt.path}")
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


def earlier_in(receipt: ReceiptFile | None, api_url: str) -> Earlier:
    """What an earlier receipt in this place knew; nothing when there is no such receipt.

    Raises Stopped for a receipt that cannot be read, and where its run left hostnames unserved at another API: this run
    cannot see them, and would forget them.
    """
    if receipt is None:
        return Earlier()
    try:
        earlier = _earlier(receipt.path)
    except OSError as error:
        raise Stopped(_unreadable_receipt(receipt.path, _why(error))) from None
    except ValueError:
        raise Stopped(_unreadable_receipt(receipt.path, "it is no receipt, or damaged")) from None
    if not earlier.unserved or earlier.api_url == api_url:
        return earlier
    message = f"the receipt {receipt.path} is for {earlier.api_url}, and this run uses {api_url}; nothing was written"
    hint = "The run of the receipt left hostnames offline. Finish that run, or give --receipt another file."
    raise Stopped(Failed(ExitCode.REFUSED, "other_api_url", message, hint, unserved=earlier.unserved))


async def settle(receipt: ReceiptFile | None, earlier: Earlier, observer: Observer) -> None:
    """Wait until what the last run has sent is done or never will be, and until reads show it.

    To be called before anything is read or written: sent again, a delete of unknown outcome would succeed, and the first one
    would remove what was created since. And what a run has created that was killed a moment ago would be taken for what was
    there before.
    """
    if receipt is None or receipt.settled:
        return
    if names := sorted(earlier.unsettled):
        what = f"{first_of(f'`{name}`' for name in names)}: a write of the last run may still arrive"
        seconds = _IN_FLIGHT
    else:
        what = "the last run was killed a moment ago"
        seconds = _IN_FLIGHT - _seconds_since_killed(receipt.journal_path)
    if seconds > 0:
        observer.on_notice("info", f"{what}: waiting {math.ceil(seconds)} seconds")
        await asyncio.sleep(min(seconds, _IN_FLIGHT))
    receipt.settled = True


def _seconds_since_killed(journal: str | None) -> float:
    """Since the last line of a run that has not ended; infinite where there is none."""
    with contextlib.suppress(OSError):
        if journal is not None and (found := Path(journal).stat()).st_size:
            return max(0.0, time.time() - found.st_mtime)
    return math.inf


def with_unserved(receipt: ReceiptFile | None, result: Result) -> Result:
    """The result of an apply. One that failed before it read gets what the run of the receipt left unserved."""
    if receipt is None or not isinstance(result, Failed) or result.so_far or result.unserved is not None:
        return result
    if result.exit_code is ExitCode.USAGE:  # the path may be one that is not to be read
        return result
    with contextlib.suppress(OSError, ValueError):
        return replace(result, unserved=_earlier(receipt.path).unserved)
    return result


def _earlier(receipt: str) -> Earlier:
    """What the receipt knows; nothing where there is none, or an empty one. Raises OSError; ValueError where it is damaged."""
    journal = journal_path(receipt)
    if journal is None:
        return Earlier()
    has_journal = _has_content(journal)
    if not has_journal and not _has_content(receipt):
        return Earlier()
    try:
        document: Any = read_receipt(receipt)
        if document == {}:  # nothing is lost with it
            return Earlier()
        if document["format"] != REPORT:
            raise TypeError("it is no report")
        return earlier_of(document, has_journal=has_journal)
    except FileNotFoundError:
        return Earlier()
    except (KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _has_content(path: str) -> bool:
    try:
        return Path(path).stat().st_size > 0
    except FileNotFoundError:
        return False


def _not_written(path: str, error: OSError, so_far: PlanResult | None) -> Failed:
    message = f"could not write the receipt {error.filename or path}: {_why(error)}; nothing was applied"
    hint = "give --receipt a path that can be written and that no other run uses"
    return Failed(ExitCode.ERROR, "not_written", message, hint, so_far=so_far)


def _unreadable_receipt(path: str, why: str, so_far: PlanResult | None = None) -> Failed:
    """What its run left offline is not known, and would be forgotten."""
    message = f"the receipt {path} cannot be read: {why}; nothing was applied"
    hint = (
        "If it is no receipt, give --receipt another path. The run of a damaged one may have left hostnames offline: check "
        "`reconciler status`, then move the file away."
    )
    return Failed(ExitCode.ERROR, "not_written", message, hint, so_far=so_far)


def _why(error: OSError) -> str:
    return error.strerror or str(error)
