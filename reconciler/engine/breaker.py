"""The circuit breaker of a run: after which failures no further delete is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.failures import stopped

if TYPE_CHECKING:
    from reconciler.model.report import RestoreFailure, StepError
    from reconciler.model.steps import Step

# The API answered, and the answer is about this hostname or this environment. Any other failure may meet every write.
_LOCAL_KINDS = frozenset({"refused", "conflict", "not_found", "changed"})
# A check that the API cannot do is no evidence about creates; a key or a plan that it does not accept is.
_SYSTEMIC_FOR_CHECKS = frozenset({"unauthorized", "payment_required", "key_unusable"})
MAX_LOCAL_FAILURES = 3


class Breaker:
    """`halted`: no create may be sent either, unless it completes a delete. `proven`: a create that followed a delete has
    succeeded in this run. `held`: why a lane was not started, though others may. `withheld`: a reason that was refuted."""

    def __init__(self) -> None:
        self._reasons: dict[str, StepError] = {}  # by step id, where a later read can refute it
        self.halted = False
        self.proven = False
        self.held: StepError | None = None
        self.withheld: StepError | None = None
        self._local_failures = 0

    @property
    def reason(self) -> StepError | None:
        """Why no further delete may be sent: the first reason."""
        return next(iter(self._reasons.values()), None)

    def created(self, *, after_delete: bool) -> None:
        """A create succeeded."""
        self._local_failures = 0
        self.proven = self.proven or after_delete

    def failed(self, step: Step, error: StepError) -> None:
        """A write failed. Called before anything is restored, so that no other lane deletes meanwhile."""
        if error.kind not in _LOCAL_KINDS:
            self._trip(stopped(f"`{step.name}` failed", error), step.id)

    def refuted(self, step: Step) -> None:
        """The write that failed was done after all, as a read shows. Lanes that stopped meanwhile stay so."""
        reason = self._reasons.pop(step.id, None)
        self.withheld = self.withheld or reason

    def check_failed(self, step: Step, error: StepError) -> None:
        """A verify step failed."""
        if error.kind in _SYSTEMIC_FOR_CHECKS:
            self._trip(stopped(f"`{step.name}` failed", error))

    def restore_failed(self, failure: RestoreFailure) -> None:
        self._trip(stopped(f"restoring `{failure.hostname}` in `{failure.environment}` failed", failure.error))

    def lane_failed(self, step: Step, error: StepError, *, lost: bool) -> None:
        """The lane of this step has ended, restores included. `lost`: it left a hostname without its environment."""
        self._local_failures += 1
        if self._local_failures >= MAX_LOCAL_FAILURES:
            self._trip(stopped(f"{self._local_failures} lanes failed in a row, the last one at `{step.name}`", error))
        elif lost and not self.proven:
            self._trip(stopped(f"`{step.name}` failed in the first lane that deletes and creates", error))

    def halt(self, step: Step, error: StepError) -> None:
        """Nothing new may start: a key opens another Environment than the manifest pins."""
        self.halted = True
        self._trip(stopped(f"`{step.name}` failed", error))

    def _trip(self, reason: StepError, cause: str = "") -> None:
        self._reasons.setdefault(cause, reason)
