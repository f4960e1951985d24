"""Running a plan: lanes side by side, the steps of a lane in order, and no gap left open that could be closed."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.engine.failures import INTERRUPTED, StepFailed, because
from reconciler.engine.restore import LaneState
from reconciler.engine.workers import run_pool
from reconciler.engine.write import WriteInterrupted, WritePolicy, execute
from reconciler.model.domains import Absent, Domain, Present, domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.observer import NullObserver, Observer
from reconciler.model.plan import Create, Delete, Identity, Lane, Step, Verify, Write, move_targets
from reconciler.model.report import Applied, Restored, StepError, StepResult, StepState

if TYPE_CHECKING:
    from reconciler.engine.stop import Stop
    from reconciler.model.backend import Backend, Writer
    from reconciler.model.ledger import Ledger


# Kinds of errors after which a look and another attempt may find better.
_PASSING = frozenset({"no_answer", "server_fault", "unexpected", "unknown"})


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run. `restore` puts a hostname back when the create that should follow its delete fails."""

    parallelism: int = 32
    restore: bool = True
    policy: WritePolicy = field(default_factory=WritePolicy)


class Run:
    """One run of the ledger's plan. The ledger has everything that happened so far at any moment."""

    def __init__(
        self,
        ledger: Ledger,
        backend: Backend[Writer],
        settings: Settings,
        stop: Stop,
        observer: Observer = NullObserver(),  # noqa: B008 - it has no state
    ) -> None:
        plan = ledger.plan
        self._ledger = ledger
        self._backend = backend
        self._settings = settings
        self._stop = stop
        self._observer = observer
        self._pins = {item.name: item.environment.environment_id for item in plan.items}
        self._owner = {
            item.live.domain.environment_id: item.name for item in plan.items if isinstance(item.live, Present)
        }
        self._before = {item.name: item.live.domain for item in plan.items if isinstance(item.live, Present)}
        self._move_targets = move_targets(plan.steps)
        self._halted = False

    async def run(self) -> Applied:
        """Run every lane. When cancelled, a write in flight is counted as unknown and the cancellation goes on."""
        self._stop.patient = True
        try:
            await run_pool(self._ledger.plan.lanes, self._backend, self._settings.parallelism, self._run_lane)
        finally:
            self._stop.patient = False
        return self._ledger.snapshot(self._stop.requested)

    async def _run_lane(self, api: Writer, lane: Lane) -> None:
        state = LaneState(lane, self._move_targets)
        for step in lane:
            if isinstance(step, Verify):
                await self._verify(api, step)
                continue
            if state.failure is not None:
                self._end(step, StepState.SKIPPED, because(state.failure.id))
                continue
            if (self._stop.requested or self._halted) and not state.open:
                continue
            error = await self._write(api, step, state)
            if error is not None:
                state.failure = step
                if self._settings.restore:
                    await self._restore_all(api, state)

    async def _write(self, api: Writer, step: Delete | Create, state: LaneState) -> StepError | None:
        """Do one write: None when it is done, else why not."""
        try:
            domain = await execute(
                step,
                api,
                self._settings.policy,
                deleted=state.deleted.get(step.environment),
                hostname_freed=step.hostname in {domain.hostname for domain in state.deleted.values()},
                on_read=self._ledger.record_live,
            )
        except StepFailed as failure:
            self._count(failure)
            if failure.uncertain and isinstance(step, Delete):
                state.deleted[step.environment] = self._before[step.environment]
            self._end(step, StepState.FAILED, failure.error)
            return failure.error
        except WriteInterrupted:
            self._ledger.count_write()
            self._end(step, StepState.FAILED, INTERRUPTED)
            raise
        self._ledger.count_write()
        if domain is None:
            state.deleted[step.environment] = self._before[step.environment]
            self._end(step, StepState.DONE)
            return None
        wrong = self._mistaken(step.environment, domain)
        if wrong is not None:
            self._halted = True
            try:
                wrong = await self._undo(api, step.environment, domain, wrong)
            except asyncio.CancelledError:
                self._end(step, StepState.FAILED, INTERRUPTED)
                raise
            self._end(step, StepState.FAILED, wrong)
            return wrong
        self._owner[domain.environment_id] = step.environment
        state.created.add(step.environment)
        self._end(step, StepState.DONE, domain=domain)
        return None

    async def _verify(self, api: Writer, step: Verify) -> None:
        waits_for = [name for name in step.after if self._ledger.state(name) is not StepState.DONE]
        if waits_for:
            if any(self._ledger.state(name) is not StepState.NOT_STARTED for name in waits_for):
                self._end(step, StepState.SKIPPED, because(waits_for[0]))
            return
        if self._stop.requested or self._halted:
            return
        try:
            domain = await execute(step, api, self._settings.policy, on_read=self._ledger.record_live)
        except StepFailed as failure:
            self._end(step, StepState.FAILED, failure.error)
        else:
            self._end(step, StepState.DONE, domain=domain)

    async def _restore_all(self, api: Writer, state: LaneState) -> None:
        """Put back every hostname that was taken away and has found no place, last taken first."""
        restored: list[Restored] = []
        for environment, lost in state.unfilled():
            domain = await self._restore(api, environment, lost)
            if domain is not None:
                restored.append(Restored(environment, lost.hostname, domain))
                self._ledger.record_restore(restored[-1])
                self._observer.on_restore(restored[-1])
        for item in restored:
            # Not a step of the plan: a fresh check only helps the hostname to be served again sooner.
            check = Verify(
                item.environment,
                item.hostname,
                Identity(item.hostname, item.domain.id, item.domain.environment_id),
            )
            with contextlib.suppress(StepFailed):
                await execute(check, api, self._settings.policy, on_read=self._ledger.record_live)

    async def _restore(self, api: Writer, environment: str, lost: Domain) -> Domain | None:
        """The hostname again in its old environment, or None."""
        try:
            return await self._retry(api, Create(environment, lost.hostname), deleted=lost)
        except StepFailed:
            # An attempt that seemed to fail may have been done after all.
            domain = domain_of(self._ledger.live(environment))
            return domain if domain is not None and domain.hostname == lost.hostname and domain.id != lost.id else None

    async def _retry(self, api: Writer, step: Write, deleted: Domain | None = None) -> Domain | None:
        """Do a write that mends, sitting out trouble that may pass. Raises StepFailed.

        Each attempt begins with a look, so that sending the same write again can do no harm.
        """
        policy = self._settings.policy
        for attempt in itertools.count(1):
            try:
                domain = await execute(step, api, policy, deleted=deleted, on_read=self._ledger.record_live)
            except StepFailed as failure:
                self._count(failure)
                if failure.error.kind not in _PASSING or attempt > policy.retries:
                    raise
            else:
                self._ledger.count_write()
                return domain
            await policy.sleep(policy.delay(attempt))
        raise AssertionError("unreachable")

    def _mistaken(self, environment: str, domain: Domain) -> StepError | None:
        """A create that landed in an Environment which is not the one meant."""
        pin = self._pins[environment]
        owner = self._owner.get(domain.environment_id)
        if pin is not None and domain.environment_id != pin:
            what = f"Environment {domain.environment_id}, but the manifest pins {pin}"
        elif owner not in {None, environment}:
            what = f"Environment {domain.environment_id}, which is that of `{owner}`"
        else:
            return None
        return StepError(
            "wrong_environment",
            f"the key of `{environment}` opens {what}; the create was undone",
            hint="give the environment the key of its own Environment, then run apply again",
            exit_code=ExitCode.REFUSED,
        )

    async def _undo(self, api: Writer, environment: str, domain: Domain, wrong: StepError) -> StepError:
        """Delete what was created in the wrong Environment: the error, saying so where that failed."""
        # By its id alone: which Environment it is in is the very thing that the answers do not agree about.
        undo = Delete(environment, domain.hostname, Identity(domain.hostname, domain.id))
        try:
            await self._retry(api, undo)
        except StepFailed as failure:
            if not isinstance(self._ledger.live(environment), Absent):
                told = f"undoing the create failed: {failure.error.message}"
                return replace(wrong, message=wrong.message.replace("the create was undone", told))
        return wrong

    def _end(self, step: Step, state: StepState, error: StepError | None = None, domain: Domain | None = None) -> None:
        result = StepResult(state, error, domain)
        self._ledger.record(step, result)
        self._observer.on_step(step, result)

    def _count(self, failure: StepFailed) -> None:
        if failure.uncertain:
            self._ledger.count_write()
