"""The steps of a plan: one write each, with the precondition that is checked right before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from reconciler.model.domains import Absent, Known, Present

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True, slots=True)
class Identity:
    """Exactly this custom domain is live. None matches any value: the id of a domain that the plan creates is not known yet."""

    hostname: str
    id: str | None = None
    environment_id: str | None = None

    def holds(self, live: Known) -> bool:
        if not isinstance(live, Present):
            return False
        domain = live.domain
        return (
            domain.hostname == self.hostname
            and self.id in (None, domain.id)
            and self.environment_id in (None, domain.environment_id)
        )

    def as_dict(self) -> dict[str, object]:
        """As documents show it."""
        return {"environment_id": self.environment_id, "id": self.id, "hostname": self.hostname}

    def covers(self, other: Precondition) -> bool:
        """`other` is at least as strict."""
        return (
            isinstance(other, Identity)
            and other.hostname == self.hostname
            and self.id in (None, other.id)
            and self.environment_id in (None, other.environment_id)
        )


@dataclass(frozen=True, slots=True)
class Vacant:
    """The environment has no custom domain."""

    def holds(self, live: Known) -> bool:
        return isinstance(live, Absent)

    def as_dict(self) -> dict[str, object]:
        """As documents show it."""
        return {"absent": True}

    def covers(self, other: Precondition) -> bool:
        return isinstance(other, Vacant)


Precondition = Identity | Vacant


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove exactly the custom domain that was read: apply refuses to delete another one."""

    environment: str
    hostname: str
    precondition: Identity
    after: tuple[str, ...] = ()
    op: ClassVar = "delete"

    @property
    def id(self) -> str:
        return f"delete:{self.environment}"

    @property
    def name(self) -> str:
        """As people read it."""
        return step_name(self.id)


@dataclass(frozen=True, slots=True)
class Create:
    """Claim the hostname for an environment that has none."""

    environment: str
    hostname: str
    precondition: Vacant = Vacant()
    after: tuple[str, ...] = ()
    op: ClassVar = "create"

    @property
    def id(self) -> str:
        return f"create:{self.environment}"

    @property
    def name(self) -> str:
        """As people read it."""
        return step_name(self.id)


@dataclass(frozen=True, slots=True)
class Verify:
    """Have Imgwire check DNS and certificate again. Never counted as a change."""

    environment: str
    hostname: str
    precondition: Identity
    after: tuple[str, ...] = ()
    op: ClassVar = "verify"

    @property
    def id(self) -> str:
        return f"verify:{self.environment}"

    @property
    def name(self) -> str:
        """As people read it."""
        return step_name(self.id)


def step_name(step_id: str) -> str:
    """`delete web`, as people read `delete:web`."""
    op, _, environment = step_id.partition(":")
    return f"{op} {environment}"


Write = Delete | Create
Step = Delete | Create | Verify
Lane = tuple[Step, ...]


def move_targets(steps: Iterable[Step]) -> dict[str, str]:
    """The environment that each moving hostname arrives in: one that a step deletes and another step creates."""
    steps = tuple(steps)
    target = {step.hostname: step.environment for step in steps if isinstance(step, Create)}
    return {
        step.hostname: target[step.hostname] for step in steps if isinstance(step, Delete) and step.hostname in target
    }
