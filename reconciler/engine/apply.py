"""Running a plan: lanes in parallel behind a trial, the steps of a lane in order, and no delete left without its create."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from reconciler.engine.breaker import Breaker
from reconciler.engine.context import AfterRestore, BeforeCheck, RunContext
from reconciler.engine.failures import STOPPED_BY_BUG, STOPPED_BY_SIGNAL
from reconciler.engine.identity import Identities
from reconciler.engine.lane import LaneRun
from reconciler.engine.policy import WritePolicy
from reconciler.engine.workers import run_pool
from reconciler.model.domains import Present
from reconciler.model.observer import NullObserver, Observer
from reconciler.model.steps import Create, Delete, Lane, move_targets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from reconciler.engine.stop import Stop
    from reconciler.model.backend import Backend, Writer
    from reconciler.model.ledger import Ledger
    from reconciler.model.report import Applied, StepError


@dataclass(frozen=True, slots=True)
class RunSettings:
    """How to run. `restore`: create the old hostname again when what should follow its delete fails. `before_check` runs after
    each create, before the API is asked to check it; the error that it returns skips the check. `publishing`: it publishes DNS
    records, and no further lane counts on a create before that has ended. `after_restore` runs after each restore.
    `deletes_stopped` gives the reason why no serving hostname may be interrupted now, or None."""

    parallelism: int = 32
    restore: bool = True
    policy: WritePolicy = field(default_factory=WritePolicy)
    before_check: BeforeCheck | None = None
    after_restore: AfterRestore | None = None
    deletes_stopped: Callable[[], StepError | None] = lambda: None
    publishing: bool = False


class Run:
    """One run of the ledger's plan. The ledger has everything that happened so far at any moment.

    Lanes that only create run first. Then lanes that delete and create run one by one, until one of them has created: that
    shows that the API still takes creates. Then the others run in parallel, two at first and one more after each lane that
    succeeds. So a failure that meets every create and begins late takes no more hostnames than have just been created.
    """

    def __init__(
        self,
        ledger: Ledger,
        backend: Backend[Writer],
        settings: RunSettings,
        stop: Stop,
        observer: Observer = NullObserver(),  # noqa: B008 - it has no state
    ) -> None:
        plan = ledger.plan
        self._lanes = plan.lanes
        self._backend = backend
        self._parallelism = settings.parallelism
        self._publishing = settings.publishing
        self._bug: Exception | None = None
        self._context = RunContext(
            ledger,
            settings.policy,
            settings.restore,
            stop,
            observer,
            Breaker(),
            Identities(plan),
            {item.name: item.live.domain for item in plan.environments if isinstance(item.live, Present)},
            move_targets(plan.steps),
            frozenset(item.from_step for item in plan.interruptions),
            settings.before_check,
            settings.after_restore,
            settings.deletes_stopped,
        )

    async def run(self) -> Applied:
        """Run every lane. Raises what no lane expected, once the others have ended.

        When cancelled, a write in flight is counted as unknown and the cancellation goes on.
        """
        context = self._context
        context.stop.patient = True
        try:
            await self._run_lanes()
        finally:
            context.stop.patient = False
            if context.no_deletes is not None:
                context.ledger.explain_not_started(context.no_deletes)
            elif context.stop.requested is not None:
                context.ledger.explain_not_started(STOPPED_BY_SIGNAL)
            elif reason := context.breaker.held or context.breaker.withheld:
                context.ledger.explain_not_started(reason)
        if self._bug is not None:
            raise self._bug
        return context.ledger.snapshot(context.stop.requested)

    async def _run_lanes(self) -> None:
        creating = [LaneRun(self._context, lane) for lane in self._lanes if _creates(lane) and not _deletes(lane)]
        replacing = deque(LaneRun(self._context, lane) for lane in self._lanes if _deletes(lane) and _creates(lane))
        others = sorted((lane for lane in self._lanes if not _creates(lane)), key=lambda lane: not _deletes(lane))
        await self._pool(partial(self._attempt, lane) for lane in creating)
        tried: list[LaneRun] = []

        async def trial(api: Writer) -> None:
            while replacing and not self._context.breaker.proven and self._context.no_deletes is None:
                tried.append(replacing.popleft())
                await self._attempt(tried[-1], api)

        if replacing:
            await self._pool([trial])
        ramp = asyncio.Semaphore(2)
        await self._pool(
            [
                *(partial(self._complete, lane) for lane in (*creating, *tried)),
                *(partial(self._replace, ramp, lane) for lane in replacing),
                *(LaneRun(self._context, lane).run for lane in others),
            ]
        )

    async def _attempt(self, lane: LaneRun, api: Writer) -> None:
        """As much of the lane as shows whether the next replace may start."""
        await (lane.run(api) if self._publishing else lane.write(api))

    async def _complete(self, lane: LaneRun, api: Writer) -> None:
        """The rest of the lane."""
        if not self._publishing:
            await lane.check(api)

    async def _replace(self, ramp: asyncio.Semaphore, lane: LaneRun, api: Writer) -> None:
        async with ramp:
            await self._attempt(lane, api)
        if lane.succeeded:
            ramp.release()
        await self._complete(lane, api)

    async def _pool(self, jobs: Iterable[Callable[[Writer], Awaitable[None]]]) -> None:
        async def work(api: Writer, job: Callable[[Writer], Awaitable[None]]) -> None:
            try:
                await job(api)
            except Exception as bug:  # noqa: BLE001 - other lanes may be between a delete and its create
                self._context.stop.halt(STOPPED_BY_BUG)
                self._bug = self._bug or bug

        await run_pool(jobs, self._backend, self._parallelism, work)


def _deletes(lane: Lane) -> bool:
    return any(isinstance(step, Delete) for step in lane)


def _creates(lane: Lane) -> bool:
    return any(isinstance(step, Create) for step in lane)
