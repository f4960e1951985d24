"""From the manifest and what is live to a proposal, the same for every command that makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.api.backend import Access
from reconciler.engine.refresh import read_all
from reconciler.manifest.selection import select
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.digest import digest
from reconciler.model.domains import Unreadable, domain_of
from reconciler.model.observer import Phase
from reconciler.model.plan import CHANGING, MISTAKEN_CODES, Action
from reconciler.model.proposal import Proposal
from reconciler.model.results import StatusResult, Stopped
from reconciler.operations.workspace import INVALID
from reconciler.planning.earlier import Earlier
from reconciler.planning.guards import Consent, blocks, cut_moves
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconciler.model.domains import Live
    from reconciler.model.environments import Environment
    from reconciler.model.plan import Block, Plan
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


async def propose(workspace: Workspace, context: Context, consent: Consent | None = None) -> Proposal:
    """Read what is live, with GET requests only, and plan from there. `consent` lifts blocks beforehand. Raises Stopped."""
    consent = consent or Consent(max_interruptions=workspace.manifest.max_interruptions)
    plan = await _plan(workspace, context)
    found = (*await _cut_moves(workspace, context, plan), *blocks(plan, consent))
    return Proposal(plan, digest(plan), found, consent.max_interruptions)


async def survey(workspace: Workspace, context: Context) -> StatusResult:
    """Read what is live, for commands that only show it. Nothing is read of environments that the selection leaves out."""
    plan = await _plan(workspace, context)
    consent = Consent(max_interruptions=workspace.manifest.max_interruptions)
    return StatusResult(plan, blocks(plan, consent))


async def _plan(workspace: Workspace, context: Context) -> Plan:
    live = await read(workspace, context, workspace.selected)
    return build_plan(workspace.selected, live, workspace.api_url)


async def read(workspace: Workspace, context: Context, environments: Sequence[Environment]) -> dict[str, Live]:
    """What is live in each of the environments."""
    names = [environment.name for environment in environments]
    context.observer.on_phase(Phase.READING, len(names))
    backend = context.backend(workspace, Access.READ)
    live = await read_all(names, backend, context.parallelism, context.observer)
    context.observer.on_phase(Phase.IDLE, 0)
    return live


def consent_of(
    workspace: Workspace,
    *,
    unprotect: Collection[str] = (),
    max_interruptions: int | None = None,
    allow: frozenset[Action] | None = None,
    earlier: Earlier = Earlier(),  # noqa: B008 - it is frozen
    believe_absent: bool = False,
) -> Consent:
    """What a run allows, over what the manifest says. Raises Stopped for a name that the manifest does not list."""
    try:
        select(workspace.manifest, tuple(unprotect), ())
    except InvalidInput as error:
        raise Stopped(INVALID, diagnostics=error.diagnostics) from None
    limit = workspace.manifest.max_interruptions if max_interruptions is None else max_interruptions
    return Consent(frozenset(unprotect), limit, allow, earlier, believe_absent)


def warn_identity(context: Context, found: Sequence[Block]) -> None:
    """Report that what is shown is not of the environment that it is shown for."""
    for block in found:
        if block.code in MISTAKEN_CODES:
            context.observer.on_notice("error", block.message)


async def _cut_moves(workspace: Workspace, context: Context, plan: Plan) -> tuple[Block, ...]:
    """Moves that the selection would do by half. Environments left out are read only where a create could take from one."""
    if not workspace.narrowed or not plan.has_changes:
        return ()
    held: dict[str, str | None] = {}
    if any(item.action in CHANGING - {Action.DELETE} for item in plan.items):
        held = await _held(workspace, context)
    return cut_moves(plan, {item.name: (item.hostname, held.get(item.name)) for item in workspace.others})


async def _held(workspace: Workspace, context: Context) -> dict[str, str | None]:
    """The live hostname of each environment left out, as far as it can be read."""
    readable = [environment for environment in workspace.others if environment.name in workspace.credentials]
    live = await read(workspace, context, readable)
    unread = len(workspace.others) - sum(not isinstance(state, Unreadable) for state in live.values())
    if unread:
        message = f"{unread} of the environments left out could not be read"
        message += ": whether one of them holds a hostname that is created here is not known"
        context.observer.on_notice("warning", message)
    return {name: domain.hostname if (domain := domain_of(state)) else None for name, state in live.items()}
