"""Running a plan: lanes side by side, the steps of a lane in order, and no gap left open that could be closed."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.engine.workers import share_out
from reconciler.engine.write import CutOff, Patience, StepFailed, perform
from reconciler.model.domains import Domain, Known, Live, Present
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Create, Delete, Identity, Lane, Plan, Step, Verify
from reconciler.model.report import Applied, Restored, StepError, StepResult, StepState, Unserved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from reconciler.engine.stop import Stop
    from reconciler.model.backend import Backend, Writer


_CUT_OFF = StepError(
    "interrupted",
    "ended while this step was on its way: whether it happened is not known",
    hint="run apply again: it reads what is live before it does anything",
    exit_code=ExitCode.PARTIAL,
)

# Kinds of errors after which a look and another attempt may find better.
_PASSING = frozenset({"no_answer", "server_fault", "unexpected", "unknown"})


def _unheard(_step: Step, _result: StepResult) -> None:
    """Nobody follows the steps."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run. `restore` puts a hostname back when the create that should follow its delete fails; `on_step` hears of
    every step that ended, before the next one of its lane starts."""

    parallelism: int = 32
    restore: bool = True
    patience: Patience = field(default_factory=Patience)
    on_step: Callable[[Step, StepResult], None] = _unheard


class Run:
    """One run of one plan. `applied()` tells at any moment what has happened so far."""

    def __init__(self, plan: Plan, backend: Backend[Writer], settings: Settings, stop: Stop) -> None:
        self._plan = plan
        self._backend = backend
        self._settings = settings
        self._stop = stop
        self._results = {step.id: StepResult(StepState.DONE) for step in plan.done}
        self._live: dict[str, Live] = {item.name: item.live for item in plan.items}
        self._pins = {item.name: item.environment.environment_id for item in plan.items}
        self._owner = {
            item.live.domain.environment_id: item.name for item in plan.items if isinstance(item.live, Present)
        }
        self._before = {item.name: item.live.domain for item in plan.items if isinstance(item.live, Present)}
        self._takers = _takers(plan.steps)
        self._restored: list[Restored] = []
        self._writes_done = 0
        self._halted = False

    async def run(self) -> Applied:
        """Run every lane. When cancelled, a write in flight is counted as unknown and the cancellation goes on."""
        self._stop.patient = True
        try:
            await share_out(self._plan.lanes, self._backend, self._settings.parallelism, self._run_lane)
        finally:
            self._stop.patient = False
        return self.applied()

    def applied(self) -> Applied:
        """What has happened so far. Steps that did not come to run are `not_started`."""
        left = StepResult(StepState.NOT_STARTED)
        return Applied(
            {step.id: self._results.get(step.id, left) for step in self._plan.steps},
            dict(self._live),
            tuple(self._restored),
            tuple(self._unserved()),
            self._writes_done,
            self._stop.requested,
        )

    async def _run_lane(self, api: Writer, lane: Lane) -> None:
        gaps = _Gaps(lane, self._takers)
        for step in lane:
            if isinstance(step, Verify):
                await self._verify(api, step)
                continue
            if gaps.failure is not None:
                self._end(step, StepState.SKIPPED, _because(gaps.failure.id))
                continue
            if (self._stop.requested or self._halted) and not gaps.open:
                continue
            error = await self._write(api, step, gaps)
            if error is not None:
                gaps.failure = step
                if self._settings.restore:
                    await self._close(api, gaps)

    async def _write(self, api: Writer, step: Delete | Create, gaps: _Gaps) -> StepError | None:
        """Do one write: None when it is done, else why not."""
        try:
            domain = await perform(
                step,
                api,
                self._settings.patience,
                freed=gaps.emptied.get(step.environment),
                awaited=step.hostname in {freed.hostname for freed in gaps.emptied.values()},
                saw=self._saw,
            )
        except StepFailed as failure:
            self._writes_done += failure.uncertain
            if failure.uncertain and isinstance(step, Delete):
                gaps.emptied[step.environment] = self._before[step.environment]
            self._end(step, StepState.FAILED, failure.error)
            return failure.error
        except CutOff:
            self._writes_done += 1
            self._end(step, StepState.FAILED, _CUT_OFF)
            raise
        self._writes_done += 1
        if domain is None:
            gaps.emptied[step.environment] = self._before[step.environment]
            self._end(step, StepState.DONE)
            return None
        wrong = self._mistaken(step.environment, domain)
        if wrong is not None:
            self._halted = True
            wrong = await self._undo(api, step.environment, domain, wrong)
            self._end(step, StepState.FAILED, wrong)
            return wrong
        self._owner[domain.environment_id] = step.environment
        gaps.filled.add(step.environment)
        self._end(step, StepState.DONE, domain=domain)
        return None

    async def _verify(self, api: Writer, step: Verify) -> None:
        waits_for = [name for name in step.after if self._state(name) is not StepState.DONE]
        if waits_for:
            if any(self._state(name) is not StepState.NOT_STARTED for name in waits_for):
                self._end(step, StepState.SKIPPED, _because(waits_for[0]))
            return
        if self._stop.requested or self._halted:
            return
        try:
            domain = await perform(step, api, self._settings.patience, saw=self._saw)
        except StepFailed as failure:
            self._end(step, StepState.FAILED, failure.error)
        else:
            self._end(step, StepState.DONE, domain=domain)

    async def _close(self, api: Writer, gaps: _Gaps) -> None:
        """Put back every hostname that was taken away and has found no place, last taken first."""
        for environment, lost in gaps.unfilled():
            domain = await self._put_back(api, environment, lost)
            if domain is None:
                continue
            gaps.filled.add(environment)
            self._restored.append(Restored(environment, lost.hostname, domain))
            # Not a step of the plan: a fresh check only helps the hostname to be served again sooner.
            check = Verify(environment, lost.hostname, Identity(lost.hostname, domain.id, domain.environment_id))
            with contextlib.suppress(StepFailed):
                await perform(check, api, self._settings.patience, saw=self._saw)

    async def _put_back(self, api: Writer, environment: str, lost: Domain) -> Domain | None:
        """The hostname again in its old environment, or None. The last chance of a hostname, so trouble that may pass is sat out.

        Each attempt begins with a look, and a second create of one hostname in one environment changes nothing.
        """
        patience, step = self._settings.patience, Create(environment, lost.hostname)
        for attempt in range(1, patience.retries + 2):
            try:
                domain = await perform(step, api, patience, freed=lost, saw=self._saw)
            except StepFailed as failure:
                self._writes_done += failure.uncertain
                if failure.error.kind not in _PASSING or attempt > patience.retries:
                    return None
            else:
                self._writes_done += 1
                assert domain is not None  # noqa: S101 - a create ends with a custom domain
                wrong = self._mistaken(environment, domain)
                if wrong is not None:
                    await self._undo(api, environment, domain, wrong)
                    return None
                return domain
            await patience.sleep(patience.delay(attempt))
        return None

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
        undo = Delete(environment, domain.hostname, Identity(domain.hostname, domain.id, domain.environment_id))
        try:
            await perform(undo, api, self._settings.patience, saw=self._saw)
        except StepFailed as failure:
            told = wrong.message.replace("the create was undone", f"undoing the create failed: {failure.error.message}")
            return replace(wrong, message=told)
        self._writes_done += 1
        return wrong

    def _end(self, step: Step, state: StepState, error: StepError | None = None, domain: Domain | None = None) -> None:
        result = StepResult(state, error, domain)
        self._results[step.id] = result
        self._settings.on_step(step, result)

    def _saw(self, environment: str, live: Known) -> None:
        self._live[environment] = live

    def _state(self, step_id: str) -> StepState:
        result = self._results.get(step_id)
        return result.state if result else StepState.NOT_STARTED

    def _unserved(self) -> list[Unserved]:
        held = {live.domain.hostname for live in self._live.values() if isinstance(live, Present)}
        wanted = {step.environment: step.hostname for step in self._plan.steps if isinstance(step, Create)}
        found: list[Unserved] = []
        for step in self._plan.steps:
            if not isinstance(step, Delete) or step.hostname in held:
                continue
            begun = self._state(step.id) in {StepState.DONE, StepState.FAILED}
            successor = wanted.get(step.environment)
            replaced = successor is None or successor in held
            if begun and (step.hostname in self._takers or not replaced):
                found.append(Unserved(step.hostname, step.environment, step.id))
        return found


def _takers(steps: Iterable[Step]) -> dict[str, str]:
    """Who takes each hostname that leaves one environment and arrives in another."""
    steps = list(steps)
    arrives = {step.hostname: step.environment for step in steps if isinstance(step, Create)}
    return {
        step.hostname: arrives[step.hostname] for step in steps if isinstance(step, Delete) and step.hostname in arrives
    }


@dataclass(slots=True)
class _Gaps:
    """What a lane has taken away so far and where it must still arrive."""

    lane: Lane
    takers: Mapping[str, str]
    emptied: dict[str, Domain] = field(default_factory=dict)
    filled: set[str] = field(default_factory=set)
    failure: Step | None = None

    @property
    def open(self) -> bool:
        """A delete was done whose create, in its own environment or in the one that takes its hostname, was not."""
        return any(
            (environment in self._created and environment not in self.filled)
            or (domain.hostname in self.takers and self.takers[domain.hostname] not in self.filled)
            for environment, domain in self.emptied.items()
        )

    def unfilled(self) -> list[tuple[str, Domain]]:
        """The environments left without a custom domain whose old hostname nobody has taken, last emptied first."""
        return [
            (environment, domain)
            for environment, domain in reversed(self.emptied.items())
            if environment not in self.filled and self._follows(environment, domain)
        ]

    def _follows(self, environment: str, domain: Domain) -> bool:
        """Something was to come after the delete, and the hostname has not found its new place."""
        taker = self.takers.get(domain.hostname)
        return taker not in self.filled if taker else environment in self._created

    @property
    def _created(self) -> set[str]:
        return {step.environment for step in self.lane if isinstance(step, Create)}


def _because(failed: str) -> StepError:
    return StepError(
        "dependency",
        f"not started, because `{failed}` was not done",
        hint="mend the cause of that failure, then run apply again",
        exit_code=ExitCode.PARTIAL,
    )
