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
