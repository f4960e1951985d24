"""The results of a run while it goes on: the state of each step, what is live, what was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Live, Present
from reconciler.model.plan import Create, Delete, move_targets
from reconciler.model.report import Applied, Restored, StepResult, StepState, Unserved

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.domains import Known
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Plan, Step

_NOT_STARTED = StepResult(StepState.NOT_STARTED)


class Ledger:
    """What one run of one plan has done so far. `snapshot()` is complete at every moment."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.writes_done = 0
        self._results = {step.id: StepResult(StepState.DONE) for step in plan.done}
        self._live: dict[str, Live] = {item.name: item.live for item in plan.items}
        self._restored: list[Restored] = []

    def record(self, step: Step, result: StepResult) -> None:
        """The step ended so. A later record replaces an earlier one."""
        self._results[step.id] = result

    def record_live(self, environment: str, live: Known) -> None:
        """This was read, or answered to a write."""
        self._live[environment] = live

    def record_restore(self, restored: Restored) -> None:
        self._restored.append(restored)

    def count_write(self) -> None:
        """A create or a delete was done, or may have been."""
        self.writes_done += 1

    def state(self, step_id: str) -> StepState:
        return self._results.get(step_id, _NOT_STARTED).state

    def live(self, environment: str) -> Live:
        """What was last seen of the environment."""
        return self._live[environment]

    def snapshot(self, interrupted: ExitCode | None = None) -> Applied:
        """All of it as a frozen value. Steps without a record are `not_started`. `interrupted` is the code of a signal."""
        return Applied(
            {step.id: self._results.get(step.id, _NOT_STARTED) for step in self.plan.steps},
            dict(self._live),
            tuple(self._restored),
            unserved(self.plan.steps, self._results, self._live),
            self.writes_done,
            interrupted,
        )


def unserved(
    steps: Sequence[Step], results: Mapping[str, StepResult], live: Mapping[str, Live]
) -> tuple[Unserved, ...]:
    """The hostnames that were taken away, by what was last seen `live`, and should be somewhere or be replaced by now."""
    held = {state.domain.hostname for state in live.values() if isinstance(state, Present)}
    wanted = {step.environment: step.hostname for step in steps if isinstance(step, Create)}
    moving = move_targets(steps)
    missing: list[Unserved] = []
    for step in steps:
        result = results.get(step.id)
        begun = result is not None and result.state in {StepState.DONE, StepState.FAILED}
        if not isinstance(step, Delete) or not begun or step.hostname in held:
            continue
        successor = wanted.get(step.environment)
        replaced = successor is None or successor in held
        if step.hostname in moving or not replaced:
            missing.append(Unserved(step.hostname, step.environment, step.id))
    return tuple(missing)
