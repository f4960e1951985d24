"""Running a plan that may be run: receipt, progress, waiting, and the report of it all."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.cli.failure import Failure, Interrupted
from reconciler.engine.apply import Run, Settings
from reconciler.files import MAX_DOCUMENT_BYTES, descriptor_of, read_bounded, write_atomic
from reconciler.model.exit_codes import ExitCode
from reconciler.model.ledger import Ledger
from reconciler.model.plan import Create, Delete
from reconciler.planning.outcome import of_apply, of_verify
from reconciler.planning.records import records
from reconciler.render.formats import renderer
from reconciler.render.ink import Ink

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.api.backend import HttpBackend
    from reconciler.cli.looking import Dns
    from reconciler.cli.session import Session
    from reconciler.model.document import Document
    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied, Verified


def apply_plan(
    session: Session, plan: Plan, settings: Settings, *, receipt: str | None, wait: float | None, dns: Dns
) -> Document:
    """Run the plan and report it, also when a signal ends the run."""
    from reconciler.api.backend import Access
    from reconciler.cli.progress import Following, counting

    environments = [item.environment for item in plan.items]
    backend = session.backend(environments, session.keys, Access.WRITE, settings.policy.step_timeout)
    kept = Receipt(session, plan, receipt)
    ledger = Ledger(plan)

    def so_far() -> Applied:
        return ledger.snapshot(session.stop.requested)

    with counting("Applying", len(plan.steps), session.log) as advance:

        def follow(*_: object) -> None:
            advance()
            kept.rewrite(so_far)

        run = Run(ledger, backend, settings, session.stop, Following(on_step=follow))
        kept.begin(so_far())
        session.told = lambda: report(session, plan, so_far())
        try:
            applied = session.run(run.run())
        except Interrupted:
            applied = so_far()
    if wait is None or session.stop.requested:
        return kept.end(report(session, plan, applied))
    return kept.end(_waited(session, plan, applied, backend, wait, dns))


def _waited(session: Session, plan: Plan, applied: Applied, backend: HttpBackend, longest: float, dns: Dns) -> Document:
    """The report after waiting. A signal meanwhile undoes nothing and loses nothing."""
    from reconciler.cli.looking import notes, resolvers_for
    from reconciler.cli.waiting import wait_until_ready

    wishes = [(item.name, item.environment.hostname) for item in plan.items if item.environment.hostname]
    resolvers = resolvers_for(session, dns)
    verified: tuple[Verified, ...] = ()
    with contextlib.suppress(Interrupted):
        verified = wait_until_ready(session, wishes, backend, longest, resolvers)
    live = {**applied.live, **{item.environment: item.live for item in verified}}
    hostnames = {step.environment: step.hostname for step in plan.steps if isinstance(step, Delete)} | dict(wishes)
    document = report(session, plan, replace(applied, live=live), verified)
    document = replace(document, dns_notes=notes(session, live, hostnames, resolvers))
    if (signal := session.stop.requested) is None:
        return document
    code = ExitCode.PARTIAL if applied.writes_done else signal
    return replace(document, exit_code=code, outcome=code.outcome, reason="interrupted")


def report(session: Session, plan: Plan, applied: Applied, verified: tuple[Verified, ...] = ()) -> Document:
    """The document of what was done. What was verified in the end counts where all was done."""
    code, reason = of_apply(plan, applied)
    if verified and code in {ExitCode.OK, ExitCode.STUCK}:
        code, reason = of_verify(verified)
    made = [
        (step.environment, result.domain)
        for step in plan.steps
        if isinstance(step, Create) and (result := applied.results[step.id]).domain is not None
    ]
    made += [(item.environment, item.domain) for item in applied.restored]
    looked = {(item.environment, item.purpose): item for verdict in verified for item in verdict.records}
    needed = records([(name, domain) for name, domain in made if domain is not None])
    return session.document(
        code,
        reason,
        plan=plan,
        applied=applied,
        verified=verified,
        records=tuple(looked.get((item.environment, item.purpose), item) for item in needed),
    )


class Receipt:
    """The report of the run so far, in a file that is whole at every moment.

    Rewritten after each step. Where writing takes long (thousands of environments), it is rewritten as often as a quarter
    of the time allows, and always at the end.
    """

    def __init__(self, session: Session, plan: Plan, path: str | None) -> None:
        self._session = session
        self._plan = plan
        self._path = path
        self._not_before = 0.0
        self._broken = False

    def begin(self, applied: Applied) -> None:
        """Raises Failure when the file cannot be written: then nothing else is."""
        if self._path is None:
            return
        try:
            self._write(applied, time.monotonic())
        except OSError as error:
            raise Failure(
                ExitCode.ERROR,
                "not_written",
                f"could not write the receipt {self._path}: {error.strerror or error}; nothing was applied",
                "give --receipt a path that can be written",
                self._plan,
            ) from None

    def rewrite(self, applied: Callable[[], Applied]) -> None:
        """`applied` gathers what was done so far, which takes time, too: it is asked only where a file is to be written."""
        if self._path is None or time.monotonic() < self._not_before:
            return
        started = time.monotonic()
        try:
            self._write(applied(), started)
        except OSError as error:
            if not self._broken:
                self._broken = True
                self._session.log.say(
                    "error", f"could not write the receipt {self._path}: {error.strerror or error}; the run goes on"
                )

    def end(self, document: Document) -> Document:
        """The last word. A receipt that could not be written makes an otherwise good run end with 1."""
        if self._path is None:
            return document
        try:
            write_atomic(self._path, renderer("apply", "json")(document, Ink()))
        except OSError as error:
            self._session.log.say("error", f"could not write the receipt {self._path}: {error.strerror or error}")
            if document.exit_code is ExitCode.OK:
                return replace(
                    document, exit_code=ExitCode.ERROR, outcome=ExitCode.ERROR.outcome, reason="receipt_not_written"
                )
        return document

    def _write(self, applied: Applied, started: float) -> None:
        assert self._path is not None  # noqa: S101 - the callers have looked
        document = report(self._session, self._plan, applied)
        write_atomic(self._path, renderer("apply", "json")(document, Ink()))
        took = time.monotonic() - started
        self._not_before = time.monotonic() + (3 * took if took > 0.1 else 0.0)


def seen_in(receipt: str | None) -> frozenset[str]:
    """The environments that an earlier receipt in this place saw with a custom domain; none when there is no such receipt."""
    if receipt is None or descriptor_of(receipt) is not None:
        return frozenset()
    try:
        document: Any = json.loads(read_bounded(receipt, MAX_DOCUMENT_BYTES))
        return frozenset(item["name"] for item in document["environments"] if item["live"] is not None)
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return frozenset()
