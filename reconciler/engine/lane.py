"""Running one lane: its steps in order, and what follows a step that fails."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.engine.earlier_writes import EarlierWrites
from reconciler.engine.failures import (
    INTERRUPTED,
    StepFailed,
    dependency,
    not_seen,
    restoring,
    serves_now,
    wrong_environment,
)
from reconciler.engine.lane_state import LaneState
from reconciler.engine.outcome import Evidence, Postponed, Withheld, WriteInterrupted
from reconciler.engine.restore import check, may_pass, restore, retry
from reconciler.engine.write import execute, look, reached
from reconciler.model.domains import Present, domain_of
from reconciler.model.errors import BackendError, Conflict
from reconciler.model.report import Restored, RestoreFailure, StepState
from reconciler.model.steps import Create, Delete, Identity, Lane, Step, Verify, Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.engine.context import RunContext
    from reconciler.engine.deadline import Deadline
    from reconciler.engine.outcome import Done
    from reconciler.model.backend import Writer
    from reconciler.model.domains import Domain, Known
    from reconciler.model.report import StepError


class LaneRun:
    """One lane of a run. The writes come before the checks, and may run over another connection."""

    def __init__(self, context: RunContext, lane: Lane) -> None:
        self._context = context
        self._lane = lane
        self._writes = [step for step in lane if not isinstance(step, Verify)]
        self._state = LaneState(lane, context.move_targets)
        self._looked = False
        self._has_created = False

    async def run(self, api: Writer) -> None:
        """The whole lane. Every step ends with a record, unless the run was stopped before the step began."""
        await self.write(api)
        await self.check(api)

    async def write(self, api: Writer) -> None:
        """The deletes and creates."""
        state = self._state
        for step in self._writes:
            if state.failure is None and await self._may_start(api, step) and await self._as_planned(api, step):
                await self._write_or_restore(api, step)
        if state.failure is not None:
            for step in self._writes:
                if self._context.ledger.state(step.id) is StepState.NOT_STARTED:
                    self._context.end(step, StepState.SKIPPED, dependency(state.failure[0].id))
            self._context.breaker.lane_failed(*state.failure, lost=bool(state.to_restore()))

    @property
    def succeeded(self) -> bool:
        """Every write of the lane is done, and a create of this run was among them: it shows that others will work."""
        return self._has_created and all(self._context.ledger.state(step.id) is StepState.DONE for step in self._writes)

    async def check(self, api: Writer) -> None:
        """The verify steps, once everything before a check is done for all that was created: publishing is more urgent."""
        steps = [step for step in self._lane if isinstance(step, Verify)]
        postponed: dict[str, StepError | None] = {}
        if before_check := self._context.before_check:
            created = {name: domain for name, domain in self._state.created.items() if self._has_all(name, steps)}
            reasons = await asyncio.gather(*(before_check(name, domain) for name, domain in created.items()))
            postponed = dict(zip(created, reasons, strict=True))
        for step in steps:
            await self._verify(api, step, postponed.get(step.environment))

    def _has_all(self, environment: str, steps: list[Verify]) -> bool:
        """What the check of the environment needs was done."""
        return any(step.environment == environment and not self._missing(step) for step in steps)

    def _missing(self, step: Verify) -> list[str]:
        """What the step needs and that was not done."""
        ledger = self._context.ledger
        return [name for name in step.after if ledger.state(name) is not StepState.DONE]

    async def _may_start(self, api: Writer, step: Write) -> bool:
        context, state = self._context, self._state
        if self._interrupts_first(step):
            await context.doubts.resolved()
        if state.stopped or (context.closing and not state.open):
            return False
        if not self._may_send(step):
            await self._stop(api)
            return False
        return True

    async def _as_planned(self, api: Writer, step: Write) -> bool:
        """Before the lane's first delete, read the other environments that it writes to: a change or an outage there ends the
        lane while every hostname still has its place."""
        context, state = self._context, self._state
        if self._looked or not isinstance(step, Delete):
            return True
        self._looked = True
        first = {item.environment: item for item in reversed(self._writes)}
        for ahead in reversed(first.values()):
            if ahead.environment in {step.environment, *state.created}:
                continue
            try:
                earlier = self._earlier(ahead)
                done = await look(ahead, api, context.policy, earlier=earlier, on_read=context.ledger.record_live)
                if done is None and isinstance(ahead, Delete) and self._interrupts_unplanned(ahead):
                    raise serves_now(ahead)
            except StepFailed as failure:
                error = context.identities.explained(ahead, failure.error)
                context.end(ahead, StepState.FAILED, error)
                self._fail(ahead, error)
                return False
            if not self._may_send(step):
                break  # the step asks again, and says why
        return True

    def _earlier(self, step: Step) -> EarlierWrites:
        return replace(self._state.earlier(step), planned=self._context.before.get(step.environment))

    def _interrupts_first(self, step: Write) -> bool:
        """It takes the first hostname of the lane offline."""
        return isinstance(step, Delete) and not self._state.open

    def _deletes_stopped(self) -> bool:
        """A lane that would interrupt a serving hostname is not started outside the change windows. A started one goes on."""
        context = self._context
        if not any(step.id in context.interrupting for step in self._lane):
            return False
        context.breaker.held = context.breaker.held or context.deletes_stopped()
        return context.breaker.held is not None

    def _interrupts_unplanned(self, step: Delete) -> bool:
        """The first delete of the lane would interrupt a hostname that did not serve when it was planned."""
        domain = domain_of(self._context.ledger.live(step.environment))
        serves = domain is not None and domain.may_serve
        return serves and step.id not in self._context.interrupting and not self._state.open

    def _may_send(self, step: Write) -> bool:
        """Asked again right before the request is sent: the read before it may have taken minutes."""
        if self._context.closing and not self._state.open:
            return False
        if not isinstance(step, Delete):
            return True
        return self._context.no_deletes is None and (self._state.open or not self._deletes_stopped())

    async def _stop(self, api: Writer) -> None:
        """No further delete: what this lane has deleted goes back where it was."""
        self._state.stopped = True
        await self._restore_all(api)

    async def _write_or_restore(self, api: Writer, step: Write) -> None:
        try:
            error = await self._write(api, step)
        except Withheld:
            await self._stop(api)
            return
        if error is not None:
            self._fail(step, error)
            await self._restore_all(api)
            await self._place_left(api)

    def _fail(self, step: Write, error: StepError) -> None:
        """The lane ends here."""
        self._state.failure = (step, error)
        self._context.breaker.failed(step, error)

    async def _place_left(self, api: Writer) -> None:
        """After the restores: a hostname that could not go back, and whose new place is still free, goes there."""
        state = self._state
        if state.failure is None or state.failure[1].kind == "wrong_environment":
            return
        for step in state.unplaced():
            if step is state.failure[0]:
                continue
            # A restore there may have been done after all, so a read has to show that the place is free.
            earlier = replace(self._earlier(step), uncertain=True)
            may_send = partial(self._sending, step)
            try:
                done = await retry(self._context, api, step, earlier, may_send=may_send)
            except StepFailed as failure:
                error = self._context.identities.explained(step, failure.error)
                self._context.end(step, StepState.FAILED, error)
                self._context.breaker.failed(step, error)
            except WriteInterrupted:
                self._context.end(step, StepState.FAILED, INTERRUPTED)
                raise
            else:
                if done.domain is not None:
                    await self._created(api, step, done.domain, done.evidence)

    def _sending(self, step: Write) -> bool:
        self._context.observer.on_send(step)
        return True

    async def _write(self, api: Writer, step: Write) -> StepError | None:
        """Do one write: None when it is done, else why not."""
        context, state = self._context, self._state

        def may_send() -> bool:
            if not self._may_send(step):
                return False
            if self._interrupts_first(step) and context.doubts:
                raise Postponed
            if isinstance(step, Delete) and self._interrupts_unplanned(step):
                raise serves_now(step)
            context.observer.on_send(step)
            return self._may_send(step)  # a receipt that cannot be written stops deletes

        context.observer.on_step_start(step)
        try:
            done = await self._send_undoubted(api, step, may_send)
        except StepFailed as failure:
            if failure.uncertain and isinstance(step, Delete):
                state.may_be_gone(step.environment, context.before[step.environment])
            elif failure.uncertain:
                state.may_be_taken.add(step.environment)
                state.shown = failure.shown
            error = context.identities.explained(step, failure.error)
            context.end(step, StepState.FAILED, error)
            return error
        except WriteInterrupted:
            context.end(step, StepState.FAILED, INTERRUPTED)
            raise
        finally:
            context.doubts.remove(step.id)
        if done.domain is not None:
            return await self._created(api, step, done.domain, done.evidence)
        state.is_gone(step.environment, context.before[step.environment], written=done.written)
        context.end(step, StepState.DONE)
        return None

    async def _send_undoubted(self, api: Writer, step: Write, may_send: Callable[[], bool]) -> Done:
        """Like `_send`, again after each postponement."""
        while True:
            with contextlib.suppress(Postponed):
                return await self._send(api, step, may_send)
            await self._context.doubts.resolved()

    async def _send(self, api: Writer, step: Write, may_send: Callable[[], bool]) -> Done:
        """Do the write, and again while trouble may pass where going back would lose a hostname. Every outcome is counted.

        Raises StepFailed, Withheld, Postponed and WriteInterrupted.
        """
        context, state = self._context, self._state
        deadline = context.policy.deadline()
        try:
            done = await execute(
                step,
                api,
                context.policy,
                earlier=self._earlier(step),
                urgent=state.open,
                deadline=deadline,
                may_send=may_send,
                on_read=context.ledger.record_live,
                on_doubt=lambda _: context.doubts.add(step.id),
            )
        except StepFailed as failure:
            context.write_failed(step, failure)
            if not may_pass(failure.error) or not state.stranded:
                raise
            return await self._retry(api, step, failure, may_send, deadline)
        except WriteInterrupted:
            context.write_interrupted(step)
            raise
        context.wrote(done)
        return done

    async def _retry(
        self, api: Writer, step: Write, failure: StepFailed, may_send: Callable[[], bool], deadline: Deadline
    ) -> Done:
        try:
            return await retry(self._context, api, step, self._earlier(step), failure, may_send, deadline)
        except WriteInterrupted:
            raise
        except asyncio.CancelledError:
            self._context.end(step, StepState.FAILED, self._context.identities.explained(step, failure.error))
            raise

    async def _created(self, api: Writer, step: Write, domain: Domain, evidence: Evidence) -> StepError | None:
        context = self._context
        wrong = context.identities.mismatch(step.environment, domain)
        if wrong is None:
            context.identities.learn(step.environment, domain)
            if evidence is not Evidence.FOUND:
                self._has_created = True
                context.breaker.created(after_delete=bool(self._state.gone))
            self._state.created[step.environment] = domain
            context.end(step, StepState.DONE, domain=domain)
            return None
        context.breaker.halt(step, wrong_environment(step.environment, wrong, ""))
        context.ledger.refute(step.environment, not_seen(step.environment))
        try:
            undo = await self._undo(api, step, domain, evidence)
        except asyncio.CancelledError:
            context.end(step, StepState.FAILED, INTERRUPTED)
            raise
        error = wrong_environment(step.environment, wrong, undo)
        context.end(step, StepState.FAILED, error)
        return error

    async def _undo(self, api: Writer, step: Write, domain: Domain, evidence: Evidence) -> str:
        """Delete what this run is known to have created in the wrong Environment: what happened to the create, in words."""
        match evidence:
            case Evidence.FOUND:
                return "nothing was created"
            case Evidence.READ_BACK:  # it may be the same hostname of another writer
                return "the create was not undone, because its answer was lost: check that Environment in the dashboard"
            case Evidence.ANSWER:
                pass
        # By its id alone: which Environment it is in is the very thing that the answers do not agree about.
        undo = Delete(step.environment, domain.hostname, Identity(domain.hostname, domain.id))
        try:
            done = await retry(self._context, api, undo, EarlierWrites(self._state.gone.get(step.environment), domain))
        except StepFailed as failure:
            return f"undoing the create failed: {failure.error.message}"
        if done.written:
            return "the create was undone"
        return "the create was not undone, because reads do not show it: check that Environment in the dashboard"

    async def _restore_all(self, api: Writer) -> None:
        """Restore every hostname that was deleted and has no other place; then check those, so that they serve again soon."""
        context, state = self._context, self._state
        if not state.gone:
            return
        missing = state.to_restore() if context.restore else []
        if await self._has_moved(api, patient=not missing or state.shown) or not context.restore:
            return
        for environment, old in missing:
            context.observer.on_notice("info", restoring(environment, old.hostname))
            acknowledged, taken = state.acknowledged(environment), environment in state.may_be_taken
            outcome = await restore(context, api, environment, old, acknowledged=acknowledged, taken=taken)
            if await self._arrived_late(api, environment):
                return
            if isinstance(outcome, RestoreFailure):
                claimed = outcome.error.kind == Conflict.kind
                if await self._has_moved(api, patient=True, claimed=claimed):
                    return
            if isinstance(outcome, RestoreFailure) and self._was_never_gone(environment, old, outcome):
                continue
            context.restored(outcome)
            if isinstance(outcome, Restored):
                state.restored[environment] = outcome
            else:
                context.breaker.restore_failed(outcome)
        if context.after_restore is not None:
            after_restore = context.after_restore
            restores = state.restored.items()
            await asyncio.gather(*(after_restore(name, state.gone[name], item.domain) for name, item in restores))
        for environment, restored in state.restored.items():
            await check(context, api, restored, state.gone[environment])

    async def _has_moved(self, api: Writer, *, patient: bool, claimed: bool = False) -> bool:
        """Reads show that the create that failed was done, in an environment where nothing is to be restored: the lane goes
        on. It is read if its outcome is unknown, or if a restore shows that a hostname is `claimed`; `patient`: again, for as
        long as the create may still arrive."""
        context, state = self._context, self._state
        if state.failure is None:
            return False
        step, target = state.failure[0], state.failure[0].environment
        restored = dict(state.to_restore()) if context.restore else {}
        if target in restored or not (claimed or target in state.may_be_taken):
            return False
        earlier = self._earlier(step)
        live: Known | None = None
        for pause in (*context.policy.visibility_delays, None):
            before, live = live, None
            with contextlib.suppress(BackendError, TimeoutError):
                async with asyncio.timeout(context.policy.completing_read):
                    live = await api.read(target)
            shown = live is not None and reached(step, live)
            if live is not None:
                believed = pause is None or not shown or earlier.is_newer(live)
                if earlier.shows_earlier(live):
                    believed = pause is None and earlier.only_seems_older(live, before)
                if believed:
                    context.ledger.record_live(target, live)
            if await self._arrived_late(api, target):
                return True
            patient = patient or shown  # also where the next reads fail
            if pause is None or not patient:
                return False
            await context.policy.sleep(pause)
        raise AssertionError("unreachable")

    async def _arrived_late(self, api: Writer, environment: str) -> bool:
        """The create that failed was done after all, as a read shows: then the lane goes on."""
        state = self._state
        if state.failure is None or state.failure[1].kind == "wrong_environment":
            return False
        step, error = state.failure
        domain = domain_of(self._context.ledger.live(environment))
        if not isinstance(step, Create) or step.environment != environment:
            return False
        if domain is None or domain.hostname != step.hostname:
            return False
        if error.kind != "unknown":  # counted before
            self._context.ledger.count_write()
        self._context.breaker.refuted(step)
        wrong = await self._created(api, step, domain, Evidence.READ_BACK)
        state.failure = None if wrong is None else (step, wrong)
        return wrong is None

    def _was_never_gone(self, environment: str, old: Domain, failure: RestoreFailure) -> bool:
        """The delete whose outcome was unknown did not happen: the custom domain is still there."""
        if environment not in self._state.uncertain or failure.error.kind != "still_shown":
            return False
        self._context.ledger.record_live(environment, Present(old))
        self._state.is_back(environment)
        return True

    async def _verify(self, api: Writer, step: Verify, postponed: StepError | None) -> None:
        context = self._context
        if missing := self._missing(step):
            if any(context.ledger.state(name) is not StepState.NOT_STARTED for name in missing):
                context.end(step, StepState.SKIPPED, dependency(missing[0]))
            return
        if context.closing:
            return
        if postponed is not None:
            context.end(step, StepState.SKIPPED, postponed)
            return
        context.observer.on_step_start(step)
        try:
            done = await execute(
                step, api, context.policy, earlier=self._earlier(step), on_read=context.ledger.record_live
            )
        except StepFailed as failure:
            context.breaker.check_failed(step, failure.error)
            context.end(step, StepState.FAILED, failure.error)
        else:
            context.end(step, StepState.DONE, domain=done.domain)
