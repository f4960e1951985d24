"""Publishing DNS records within an apply: what is checked and listed before anything is written."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.dns import IMGWIRE_SUFFIX, PublishState
from reconciler.model.domains import Present, domain_of
from reconciler.model.exit_codes import ExitCode, worst
from reconciler.model.plan import Action
from reconciler.model.results import Failed, PlanResult, Stopped
from reconciler.model.steps import Create
from reconciler.operations.after_create import refuse_unusual
from reconciler.operations.propose import read
from reconciler.operations.publish import open_publisher, report_problems, unknown
from reconciler.planning.records import records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.dns.publishing import Publisher
    from reconciler.model.dns import Publication
    from reconciler.model.domains import Domain
    from reconciler.model.plan import Plan
    from reconciler.model.proposal import Proposal
    from reconciler.model.report import Record
    from reconciler.operations.context import Context
    from reconciler.operations.publish_settings import PublishSettings
    from reconciler.operations.workspace import Workspace


async def checked_publisher(
    context: Context, proposal: Proposal, settings: PublishSettings | None
) -> tuple[Publisher | None, tuple[Publication, ...]]:
    """The publisher, once it is known that the records of every create can be published, and what they replace. Raises
    Stopped otherwise.

    Their targets are known after the create, so the names are checked with another target.
    """
    hostnames = [(step.environment, step.hostname) for step in proposal.plan.steps if isinstance(step, Create)]
    if settings is None or not (hostnames or _existing(proposal.plan)):
        return None, ()
    publisher = open_publisher(context, settings, proposal.plan.api_url)
    checked: tuple[Publication, ...] = (
        await context.run_blocking(lambda: publisher.prepare(unknown(hostnames)))
    ).publications
    _stop_before_writing(context, proposal, checked)
    for item in checked:
        before = f", instead of {item.before}" if item.before else ""
        what = f"{item.name} CNAME to a name below imgwire.dev{before}"
        text = f"to publish after the create, at {item.target}: {item.zone}: {what}"
        context.observer.on_notice("info", text)
    return publisher, checked


async def with_unpublished(context: Context, proposal: Proposal, publisher: Publisher | None) -> Proposal:
    """The proposal with the records that DNS lacks of domains that an earlier run has created and did not publish.

    Only a CNAME to Imgwire is replaced, such as that of a deleted domain. Where one record of an environment cannot be
    published, none of it is. Raises Stopped where a zone cannot be read.
    """
    needed = records(_existing(proposal.plan))
    if publisher is None or not needed:
        return proposal
    found = (
        await context.run_blocking(lambda: publisher.prepare_each(needed, _refuse_unapproved, settled=True))
    ).publications
    _stop_before_writing(context, proposal, [item for item in found if item.exit_code is not ExitCode.REFUSED])
    for item in found:
        if item.state is PublishState.REFUSED:
            context.observer.on_notice("warning", f"{item.name} is not published: {item.error}")
    return replace(proposal, unpublished=tuple(item for item in found if item.state is PublishState.PLANNED))


def _refuse_unapproved(item: Publication) -> str | None:
    if item.before is not None and not item.before.lower().endswith(IMGWIRE_SUFFIX):
        return f"it is a CNAME to {item.before}"
    return refuse_unusual(item)


async def still_unpublished(workspace: Workspace, context: Context, proposal: Proposal) -> tuple[Record, ...]:
    """The records of the proposal's `unpublished`, read again: the approval may have taken long.

    Records of a domain that was deleted meanwhile would let anyone claim its hostname.
    """
    before = dict(_existing(proposal.plan))
    needed = unpublished_records(proposal)
    names = {record.environment for record in needed}
    live = await read(
        workspace, context, [item.environment for item in proposal.plan.environments if item.name in names]
    )
    same = {name for name in names if (domain := domain_of(live[name])) and domain.id == before[name].id}
    for name in sorted(names - same):
        message = f"{name}: its custom domain has changed since it was shown: its records are not published"
        context.observer.on_notice("warning", message)
    return tuple(record for record in needed if record.environment in same)


def unpublished_records(proposal: Proposal) -> tuple[Record, ...]:
    """The records of the proposal's `unpublished`."""
    names = {item.name for item in proposal.unpublished}
    return tuple(record for record in records(_existing(proposal.plan)) if record.name in names)


def _existing(plan: Plan) -> list[tuple[str, Domain]]:
    """The domains that are live as desired and not ready, by environment."""
    verified = (item for item in plan.environments if item.action is Action.VERIFY)
    return [(item.name, item.live.domain) for item in verified if isinstance(item.live, Present)]


def _stop_before_writing(context: Context, proposal: Proposal, checked: Sequence[Publication]) -> None:
    """Raises Stopped where one of the records cannot be published."""
    if problem := report_problems(context, checked):
        code = worst(item.exit_code for item in checked)
        message = f"{problem}; nothing was written"
        raise Stopped(Failed(code, "cannot_publish", message, so_far=PlanResult(proposal)))
