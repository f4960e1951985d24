"""A plan and everything that keeps it from being applied: the one value that is shown, saved, approved and applied."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.dns import CHALLENGE
from reconciler.model.environments import DEFAULT_MAX_INTERRUPTIONS
from reconciler.model.steps import Create

if TYPE_CHECKING:
    from reconciler.model.dns import Publication
    from reconciler.model.limits import ChangeWindows
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Unserved


@dataclass(frozen=True, slots=True)
class Offline:
    """Live was not read: it is what a baseline saw. `baseline` is the path of its document, `created_at` its time (RFC 3339)."""

    baseline: str
    created_at: str

    @property
    def message(self) -> str:
        """What was not read, in one line."""
        return f"Live was not read. This plan starts from the baseline `{self.baseline}` of {self.created_at}."


@dataclass(frozen=True, slots=True)
class Proposal:
    """`digest` identifies the plan: `sha256:…`, of the saved plan where the proposal continues one. It is empty for an offline
    plan, which cannot be approved.

    `max_interruptions` is the limit that `blocks` were checked against, None where that is not known. `windows` are the change
    windows that interruptions must keep to; empty where the run ignores them. `unserved` are the hostnames that earlier runs
    left without an environment, as far as the receipt has them and this run has not read them as live. `unpublished` are DNS
    records that the run is to add besides those of its creates: of domains that are live as desired and not ready.
    """

    plan: Plan
    digest: str
    blocks: tuple[Block, ...] = ()
    max_interruptions: int | None = DEFAULT_MAX_INTERRUPTIONS
    offline: Offline | None = None
    windows: ChangeWindows = ()
    unserved: tuple[Unserved, ...] = ()
    unpublished: tuple[Publication, ...] = ()

    @property
    def own_unpublished(self) -> tuple[Publication, ...]:
        """Of `unpublished`, the records of creates that this plan has, which an earlier run of it has done."""
        hostnames = {step.hostname for step in self.plan.done if isinstance(step, Create)}
        return tuple(item for item in self.unpublished if item.name.removeprefix(CHALLENGE) in hostnames)


@dataclass(frozen=True, slots=True)
class Approved:
    """Consent to the plan with this digest, and to no other. `unpublished`: also to DNS records of domains that the plan does not
    create."""

    digest: str
    unpublished: bool = True


@dataclass(frozen=True, slots=True)
class Declined:
    """No consent. `reason` is a stable word, `message` and `hint` are for people."""

    reason: str
    message: str
    hint: str | None = None


Approval = Approved | Declined


def approve_digest(proposal: Proposal, expected: str) -> Approval:
    """The approval of the plan with this digest and of no other, such as one from a review."""
    if proposal.digest == expected:
        return Approved(expected, unpublished=False)
    return Declined(
        "digest_differs",
        f"the plan is not the approved one: its digest is {proposal.digest}, expected {expected}",
        "review the plan above; to approve it, pass its digest",
    )


Approver = Callable[[Proposal], Awaitable[Approval]]
"""Decides whether a proposal may be applied: a person at a terminal, a digest from a review, or a function of the caller's."""
