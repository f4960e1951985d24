"""The deletes of a lane that still need their create or a restore."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.engine.earlier_writes import EarlierWrites
from reconciler.model.steps import Create, Delete

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.domains import Domain
    from reconciler.model.report import Restored, StepError
    from reconciler.model.steps import Lane, Step, Write


@dataclass(slots=True)
class LaneState:
    """`gone` are the old custom domains of environments whose delete was done, `deleted` those that this run has deleted
    itself or may have (`uncertain`), `created` the new ones, `restored` the old ones created again, all by environment.
    `may_be_taken` are environments with a create of unknown outcome. `failure` is what ended the lane, `shown`: after
    one read had shown it done; `stopped`: the circuit breaker ended it before its next delete."""

    lane: Lane
    move_targets: Mapping[str, str]
    gone: dict[str, Domain] = field(default_factory=dict)
    deleted: dict[str, Domain] = field(default_factory=dict)
    uncertain: set[str] = field(default_factory=set)
    may_be_taken: set[str] = field(default_factory=set)
    created: dict[str, Domain] = field(default_factory=dict)
    restored: dict[str, Restored] = field(default_factory=dict)
    failure: tuple[Write, StepError] | None = None
    shown: bool = False
    stopped: bool = False

    @property
    def open(self) -> bool:
        """A delete was done whose create, in its own environment or in the one that takes its hostname, was not."""
        return any(
            (environment in self._creates and environment not in self.created)
            or (domain.hostname in self.move_targets and self.move_targets[domain.hostname] not in self.created)
            for environment, domain in self.deleted.items()
        )

    def is_gone(self, environment: str, old: Domain, *, written: bool) -> None:
        """The delete is done; by this run where it was `written`."""
        self.gone[environment] = old
        if written:
            self.deleted[environment] = old

    def may_be_gone(self, environment: str, old: Domain) -> None:
        """The outcome of the delete is unknown."""
        self.is_gone(environment, old, written=True)
        self.uncertain.add(environment)

    def is_back(self, environment: str) -> None:
        """The delete of unknown outcome did not happen."""
        del self.gone[environment], self.deleted[environment]
        self.uncertain.remove(environment)

    def to_restore(self) -> list[tuple[str, Domain]]:
        """The environments left without a custom domain whose old hostname has no other place, last deleted first. The one
        whose create failed comes first: a look there may show that it was done late."""
        found = [
            (environment, domain)
            for environment, domain in reversed(self.deleted.items())
            if environment not in self.created
            and environment not in self.restored
            and self._follows(environment, domain)
        ]
        failed = self.failure[0].environment if self.failure else None
        return sorted(found, key=lambda item: item[0] != failed)

    @property
    def stranded(self) -> bool:
        """Going back would lose a deleted hostname: its environment has another one by now, and it is not in its new place."""
        return any(
            environment in self.created and domain.hostname in self.move_targets and domain.hostname not in self._held
            for environment, domain in self.gone.items()
        )

    def unplaced(self) -> list[Create]:
        """The creates that still have a free place for a hostname that is nowhere now, as far as this run knows."""
        gone = {domain.hostname for environment, domain in self.gone.items() if environment not in self.uncertain}
        lost = gone - self._held
        occupied = {step.environment for step in self.lane if isinstance(step, Delete)} - self.gone.keys()
        occupied |= self.created.keys() | self.restored.keys()
        return [
            step
            for step in self.lane
            if isinstance(step, Create) and step.hostname in lost and step.environment not in occupied
        ]

    @property
    def _held(self) -> set[str]:
        """The hostnames that this lane has created or restored."""
        restored = {item.hostname for item in self.restored.values()}
        return restored | {domain.hostname for domain in self.created.values()}

    def _follows(self, environment: str, domain: Domain) -> bool:
        """Something was to come after the delete, and the hostname has not found its new place."""
        target = self.move_targets.get(domain.hostname)
        return target not in self.created if target else environment in self._creates

    @property
    def _creates(self) -> dict[str, str]:
        return {step.environment: step.hostname for step in self.lane if isinstance(step, Create)}

    def earlier(self, step: Step) -> EarlierWrites:
        """What reads in the step's environment may not show yet."""
        environment = step.environment
        freed = {domain.hostname for domain in self.gone.values()}
        return EarlierWrites(
            self.gone.get(environment),
            self.created.get(environment),
            step.hostname in freed,
            acknowledged=self.acknowledged(environment),
            replacement=self._creates.get(environment) if isinstance(step, Delete) else None,
        )

    def acknowledged(self, environment: str) -> bool:
        """This run has deleted there, knows it, and no create may have taken the place since."""
        return environment in self.deleted and environment not in self.uncertain | self.may_be_taken
