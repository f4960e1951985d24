"""What a run has taken away, and where it must still arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.domains import Present
from reconciler.model.plan import Create, Delete
from reconciler.model.report import StepState, Unserved

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from reconciler.model.domains import Domain, Live
    from reconciler.model.plan import Lane, Step
    from reconciler.model.report import StepResult


def takers(steps: Iterable[Step]) -> dict[str, str]:
    """Who takes each hostname that leaves one environment and arrives in another."""
    steps = list(steps)
    arrives = {step.hostname: step.environment for step in steps if isinstance(step, Create)}
    return {
        step.hostname: arrives[step.hostname] for step in steps if isinstance(step, Delete) and step.hostname in arrives
    }


def unserved(
    steps: Sequence[Step], results: Mapping[str, StepResult], live: Mapping[str, Live]
) -> tuple[Unserved, ...]:
    """The hostnames that were taken away, by what was last seen `live`, and should be somewhere or be replaced by now."""
    held = {state.domain.hostname for state in live.values() if isinstance(state, Present)}
    wanted = {step.environment: step.hostname for step in steps if isinstance(step, Create)}
    moving = takers(steps)
    found: list[Unserved] = []
    for step in steps:
        result = results.get(step.id)
        begun = result is not None and result.state in {StepState.DONE, StepState.FAILED}
        if not isinstance(step, Delete) or not begun or step.hostname in held:
            continue
        successor = wanted.get(step.environment)
        replaced = successor is None or successor in held
        if step.hostname in moving or not replaced:
            found.append(Unserved(step.hostname, step.environment, step.id))
    return tuple(found)


@dataclass(slots=True)
class Gaps:
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
