"""The results of a run while it goes on: the state of each step, what is live, what was restored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.domains import Absent, Live, Present
from reconciler.model.report import Applied, Restore, StepError, StepResult, StepState, Unserved
from reconciler.model.steps import Create, Delete, Identity, Verify, move_targets

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Plan
    from reconciler.model.steps import Step

_NOT_STARTED = StepResult(StepState.NOT_STARTED)


class Ledger:
    """What one run of one plan has done so far. `snapshot()` is complete at every moment."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.writes_done = 0
        self._results = {step.id: StepResult(StepState.DONE) for step in plan.done}
        self._live: dict[str, Live] = {item.name: item.live for item in plan.environments}
        self._restores: list[Restore] = []
        self._not_started = _NOT_STARTED

    def record(self, step: Step, result: StepResult) -> None:
        """The step ended so. A later record replaces an earlier one."""
        self._results[step.id] = result

    def record_live(self, environment: str, live: Live) -> None:
        """This was read, or answered to a write. Unreadable: the outcome of a write is unknown."""
        self._live[environment] = live

    def record_restore(self, restore: Restore) -> None:
        self._restores.append(restore)

    def explain_not_started(self, reason: StepError) -> None:
        """Why the steps without a record were not started."""
        self._not_started = StepResult(StepState.NOT_STARTED, reason)

    def refute(self, environment: str, reason: StepError) -> None:
        """What was taken for a delete of an earlier run was not seen in the environment: its key opens another Environment."""
        for step in self.plan.done:
            if step.environment == environment and isinstance(step, Delete):
                self._results[step.id] = StepResult(StepState.NOT_STARTED, reason)

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
            {step.id: self._results.get(step.id, self._not_started) for step in self.plan.steps},
            dict(self._live),
            tuple(self._restores),
            unserved(self.plan.steps, self._results, self._live),
            self.writes_done,
            interrupted,
        )


def unserved(
    steps: Sequence[Step], results: Mapping[str, StepResult], live: Mapping[str, Live]
) -> tuple[Unserved, ...]:
    """The hostnames that no environment is known to have any more, by what was last seen `live`.

    Left out is what the plan removes on purpose: a hostname that moves nowhere, once its own environment has the new one
    or should have none. What another environment has does not count for that.
    """
    hostname_in = _hostnames(live)
    present = set(hostname_in.values())
    desired = {step.environment: step.hostname for step in steps if isinstance(step, Create)}
    moving = move_targets(steps)
    id_in = _environment_ids(steps, live)
    missing: list[Unserved] = []
    for step in steps:
        state = results.get(step.id, _NOT_STARTED).state
        match step:
            case Delete() if state in {StepState.DONE, StepState.FAILED}:
                successor = desired.get(step.environment)
                replaced = successor is None or hostname_in.get(step.environment) == successor
                lost = step.hostname in moving or not replaced
            case Verify(after=()) if state is StepState.FAILED:
                lost = True
            case _:
                continue
        if lost and step.hostname not in present:
            target = moving.get(step.hostname)
            target_id = id_in.get(target) if target else None
            environment_id = id_in.get(step.environment)
            uncertain = not _is_seen(live, step.environment, target)
            missing.append(
                Unserved(step.hostname, step.environment, step.id, None, environment_id, target, target_id, uncertain)
            )
    return tuple(missing)


def still_unserved(
    earlier: Iterable[Unserved],
    desired: Mapping[str, str | None],
    pins: Mapping[str, str | None],
    live: Mapping[str, Live],
) -> tuple[Unserved, ...]:
    """Of the hostnames that earlier runs left unserved, those that still are.

    Left out is what an environment is seen to have again, and what is removed on purpose: a hostname that no environment
    desires, once its own environment has the new one, or none where it should have none. Which one that is shows its
    Environment id, live or pinned, and its name only where there is none to compare. The environment that a hostname was
    to move to must be listed too, as the same Environment. `live` lacks environments that were not read. They show nothing.
    """
    hostname_in = _hostnames(live)
    wanted = set(desired.values())
    id_in = {name: pin for name, pin in pins.items() if pin}
    id_in |= {name: state.domain.environment_id for name, state in live.items() if isinstance(state, Present)}
    name_of = {environment_id: name for name, environment_id in id_in.items()}

    def listed(name: str, environment_id: str | None) -> str | None:
        """The name of the Environment now; None where it is not listed, or another Environment has its name."""
        name = name_of.get(environment_id or "", name)
        other = environment_id and id_in.get(name, environment_id) != environment_id
        return None if other or name not in desired else name

    def removed(item: Unserved) -> bool:
        name = listed(item.environment, item.environment_id)
        if item.hostname in wanted or name is None or (item.target and listed(item.target, item.target_id) is None):
            return False
        successor = desired[name]
        if successor is None:
            return isinstance(live.get(name), Absent)
        return hostname_in.get(name) == successor

    def uncertain(item: Unserved) -> bool:
        return item.uncertain and not _is_seen(live, item.environment, item.target)

    return tuple(replace(item, uncertain=uncertain(item)) for item in not_live(earlier, live) if not removed(item))


def _is_seen(live: Mapping[str, Live], *environments: str | None) -> bool:
    """Reads have shown what is in each of them that is named."""
    return all(isinstance(live.get(name), Present | Absent) for name in environments if name is not None)


def not_live(earlier: Iterable[Unserved], live: Mapping[str, Live]) -> tuple[Unserved, ...]:
    """Those that no environment is seen to have again. The very domain that was deleted is an old read."""
    domains = (state.domain for state in live.values() if isinstance(state, Present))
    ids = {domain.hostname: domain.id for domain in domains}
    return tuple(item for item in earlier if ids.get(item.hostname) in (None, item.domain_id))


def arriving(steps: Iterable[Step], results: Mapping[str, StepResult], live: Mapping[str, Live]) -> frozenset[str]:
    """The hostnames whose create was sent, and whose outcome no read has shown."""
    return frozenset(
        step.hostname
        for step in steps
        if isinstance(step, Create)
        and results.get(step.id, _NOT_STARTED).state is StepState.FAILED
        and not _is_seen(live, step.environment)
    )


def with_earlier(
    own: Iterable[Unserved], earlier: Iterable[Unserved], arriving: Container[str] = ()
) -> tuple[Unserved, ...]:
    """One entry for each hostname. What an earlier run left shows since when; it is uncertain if it may be `arriving`."""
    left = (replace(item, uncertain=item.uncertain or item.hostname in arriving) for item in earlier)
    return tuple({item.hostname: item for item in (*own, *left)}.values())


def _environment_ids(steps: Iterable[Step], live: Mapping[str, Live]) -> dict[str, str]:
    """By environment: that of the domain that a step deletes or checks, else that of the one that is live."""
    found = {name: state.domain.environment_id for name, state in live.items() if isinstance(state, Present)}
    conditions = ((step.environment, step.precondition) for step in steps)
    return found | {
        name: condition.environment_id
        for name, condition in conditions
        if isinstance(condition, Identity) and condition.environment_id
    }


def _hostnames(live: Mapping[str, Live]) -> dict[str, str]:
    return {name: state.domain.hostname for name, state in live.items() if isinstance(state, Present)}
