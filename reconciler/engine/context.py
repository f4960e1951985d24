"""What the lanes of a run share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.engine.doubts import Doubts
from reconciler.engine.failures import interrupted_live
from reconciler.model.domains import Unreadable
from reconciler.model.report import StepError, StepResult, StepState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.engine.breaker import Breaker
    from reconciler.engine.failures import StepFailed
    from reconciler.engine.identity import Identities
    from reconciler.engine.outcome import Done
    from reconciler.engine.policy import WritePolicy
    from reconciler.engine.stop import Stop
    from reconciler.model.domains import Domain
    from reconciler.model.ledger import Ledger
    from reconciler.model.observer import Observer
    from reconciler.model.report import Restore
    from reconciler.model.steps import Step


BeforeCheck = Callable[[str, "Domain"], Awaitable["StepError | None"]]
"""Called with an environment and the custom domain that was created in it, also where nothing new may start: publishing its
records belongs to the create. Returns why it is not to be checked yet, or None."""

AfterRestore = Callable[[str, "Domain", "Domain"], Awaitable[None]]
"""Called with an environment, the custom domain that was deleted in it, and the one that was created again."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """`before` are the custom domains that were live when planning, by environment; `move_targets` the environment that each
    moving hostname arrives in; `interrupting` the ids of the deletes that interrupt a serving hostname; `restore`: a hostname
    is restored when what should follow its delete fails. `deletes_stopped` gives the reason why no serving hostname may be
    interrupted now, or None."""

    ledger: Ledger
    policy: WritePolicy
    restore: bool
    stop: Stop
    observer: Observer
    breaker: Breaker
    identities: Identities
    before: Mapping[str, Domain]
    move_targets: Mapping[str, str]
    interrupting: frozenset[str]
    before_check: BeforeCheck | None = None
    after_restore: AfterRestore | None = None
    deletes_stopped: Callable[[], StepError | None] = lambda: None
    doubts: Doubts = field(default_factory=Doubts)

    @property
    def closing(self) -> bool:
        """Nothing new may start."""
        return self.stop.requested is not None or self.stop.halted is not None or self.breaker.halted

    @property
    def no_deletes(self) -> StepError | None:
        """Why no further delete may be sent, or None."""
        return self.breaker.reason or self.stop.halted

    def end(self, step: Step, state: StepState, error: StepError | None = None, domain: Domain | None = None) -> None:
        """The step ended so."""
        result = StepResult(state, error, domain)
        self.ledger.record(step, result)
        self.observer.on_step(step, result)

    def restored(self, restore: Restore) -> None:
        """A restore ended so."""
        self.ledger.record_restore(restore)
        self.observer.on_restore(restore)

    def wrote(self, done: Done) -> None:
        if done.written:
            self.ledger.count_write()

    def write_failed(self, step: Step, failure: StepFailed) -> None:
        """Count a write that may have happened, and forget what is live where no read has shown it since."""
        if failure.uncertain:
            self.ledger.count_write()
        if failure.uncertain and failure.cause is not None:
            self.ledger.record_live(step.environment, Unreadable(failure.cause))

    def write_interrupted(self, step: Step) -> None:
        """A write was in flight when the run was cancelled."""
        self.ledger.count_write()
        self.ledger.record_live(step.environment, interrupted_live(step))
