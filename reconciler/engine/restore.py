"""What a run has taken away, and where it must still arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.plan import Create

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.domains import Domain
    from reconciler.model.plan import Lane, Step


@dataclass(slots=True)
class LaneState:
    """What a lane has taken away so far and where it must still arrive."""

    lane: Lane
    move_targets: Mapping[str, str]
    deleted: dict[str, Domain] = field(default_factory=dict)
    created: set[str] = field(default_factory=set)
    failure: Step | None = None

    @property
    def open(self) -> bool:
        """A delete was done whose create, in its own environment or in the one that takes its hostname, was not."""
        return any(
            (environment in self._creating and environment not in self.created)
            or (domain.hostname in self.move_targets and self.move_targets[domain.hostname] not in self.created)
            for environment, domain in self.deleted.items()
        )

    def unfilled(self) -> list[tuple[str, Domain]]:
        """The environments left without a custom domain whose old hostname nobody has taken, last emptied first."""
        return [
            (environment, domain)
            for environment, domain in reversed(self.deleted.items())
            if environment not in self.created and self._follows(environment, domain)
        ]

    def _follows(self, environment: str, domain: Domain) -> bool:
        """Something was to come after the delete, and the hostname has not found its new place."""
        taker = self.move_targets.get(domain.hostname)
        return taker not in self.created if taker else environment in self._creating

    @property
    def _creating(self) -> set[str]:
        return {step.environment for step in self.lane if isinstance(step, Create)}
