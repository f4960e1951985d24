"""From the manifest and what is live to a proposal, the same for every command that makes one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.api.backend import AllowedCalls
from reconciler.documents.earlier import Earlier
from reconciler.engine.refresh import read_all
from reconciler.manifest.selection import select
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.digest import digest
from reconciler.model.domains import Absent, Unreadable, domain_of
from reconciler.model.errors import KeyUnusable
from reconciler.model.ledger import still_unserved
from reconciler.model.limits import closed_windows, next_opening
from reconciler.model.observer import Phase
from reconciler.model.plan import CHANGING, IDENTITY_CODES, Action
from reconciler.model.proposal import Proposal
from reconciler.model.results import StatusResult, Stopped
from reconciler.operations.workspace import INVALID, Guards, with_emulator_keys
from reconciler.planning.guards import Consent, blocks, cut_moves
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from reconciler.model.domains import Live
    from reconciler.model.environments import Environment, Manifest
    from reconciler.model.limits import ChangeWindows
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Unserved
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


# What to do about a key that is set and cannot be used. For a missing one, the error has a hint of its own.
_KEY_HINTS = {
    "client-key": "use a Server API Key (`sk_…`) in place of the client key (`ck_…`)",
    "quoted-key": "remove the quotes around the key",
}


def _unusable(environment: str, hint: str) -> Unreadable:
    return Unreadable(KeyUnusable(f"no usable key for `{environment}`", hint=hint))


async def propose(workspace: Workspace, context: Context, consent: Consent | None = None) -> Proposal:
    """Read what is live, with GET requests only, and plan from there. `consent` lifts blocks beforehand. Raises Stopped."""
    consent = outside_windows(workspace.manifest, context.clock(), consent or consent_of(workspace))
    plan = await _plan(workspace, context)
    consent = await with_base_read(workspace, context, consent, plan)
    all_blocks = (*await cut_moves_of(workspace, context, plan), *blocks(plan, consent))
    windows = windows_of(workspace.manifest, consent)
    unserved = left_unserved(workspace, plan, consent.earlier)
    return Proposal(plan, digest(plan), all_blocks, consent.max_interruptions, windows=windows, unserved=unserved)


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
    backend = context.backend(workspace, AllowedCalls.READ)
    live = await read_all(names, backend, context.parallelism, context.observer)
    context.observer.on_phase(Phase.IDLE, 0)
    problems = {item.environment: item.code for item in workspace.diagnostics if item.code in _KEY_HINTS}
    return live | {name: _unusable(name, _KEY_HINTS[code]) for name, code in problems.items() if name in live}


def consent_of(
    workspace: Workspace,
    guards: Guards = Guards(),  # noqa: B008 - it is frozen
    *,
    allow: frozenset[Action] | None = None,
    earlier: Earlier = Earlier(),  # noqa: B008
    believe_absent: bool = False,
) -> Consent:
    """What a run allows, in addition to the manifests. Raises Stopped for a name that the manifest does not list."""
    try:
        select(workspace.manifest, tuple(guards.unprotect), ())
    except InvalidInput as error:
        raise Stopped(INVALID, diagnostics=error.diagnostics) from None
    manifests = (workspace.manifest, *([guards.base.manifest] if guards.base else []))
    limits = [manifest.max_interruptions for manifest in manifests]
    limit = min(limits) if guards.max_interruptions is None else guards.max_interruptions
    return Consent(
        guards.unprotect,
        limit,
        allow,
        earlier,
        believe_absent,
        guards.ignore_window,
        guards.base,
    )


async def with_base_read(workspace: Workspace, context: Context, consent: Consent, plan: Plan) -> Consent:
    """The consent with what is live in the protected environments of the base revision, where the plan takes a domain away.

    Read with the keys that the base names: so a change of names and keys in the manifest hides no protected Environment.
    """
    base = consent.base
    if base is None or not any(item.action in {Action.DELETE, Action.REPLACE} for item in plan.environments):
        return consent
    there = with_emulator_keys(replace(workspace, manifest=base.manifest, selected=(), credentials=base.credentials))
    unread = [item for item in base.protected if item.environment_id is None and item.name in there.credentials]
    return replace(consent, base=replace(base, live=await read(there, context, unread)))


def left_unserved(workspace: Workspace, plan: Plan, earlier: Earlier) -> tuple[Unserved, ...]:
    """What earlier runs left unserved and the plan, as it was read, does not show to be served or removed on purpose."""
    live = {item.name: item.live for item in plan.environments}
    manifest = workspace.manifest
    return still_unserved(may_be_unserved(plan, earlier), manifest.desired, manifest.pins, live)


def may_be_unserved(plan: Plan, earlier: Earlier) -> tuple[Unserved, ...]:
    """What earlier runs left unserved, or were to delete when they were killed; each hostname of an environment once."""
    absent = {item.name for item in plan.environments if isinstance(item.live, Absent)}
    gone = (item for item in earlier.unrecorded if earlier.journal_missing or item.environment in absent)
    known = {(item.environment, item.hostname) for item in earlier.unserved}
    return (*earlier.unserved, *(item for item in gone if (item.environment, item.hostname) not in known))


def windows_of(manifest: Manifest, consent: Consent) -> ChangeWindows:
    """The change windows that a run must keep to, of the manifest and of its base revision."""
    if consent.ignore_window:
        return ()
    manifests = (manifest, *([consent.base.manifest] if consent.base else []))
    return tuple(item.change_windows for item in manifests if item.change_windows)


def outside_windows(manifest: Manifest, now: datetime, consent: Consent) -> Consent:
    """The consent with the change windows that are closed now, and when one opens."""
    windows = windows_of(manifest, consent)
    closed = closed_windows(windows, now)
    return replace(consent, closed_windows=closed, next_opening=next_opening(windows, now) if closed else None)


def warn_identity(context: Context, all_blocks: Sequence[Block]) -> None:
    """Report that what is shown is not of the environment that it is shown for."""
    for block in all_blocks:
        if block.code in IDENTITY_CODES:
            context.observer.on_notice("error", f"{block.message}. Next: {block.fix}" if block.fix else block.message)


async def cut_moves_of(
    workspace: Workspace, context: Context, plan: Plan, live: Mapping[str, Live] | None = None
) -> tuple[Block, ...]:
    """Moves of which the plan has only one side. The other side is an environment of the manifest that has no part in it.

    `live` is what was read already. The others are read only where a create could take a hostname from one of them.
    """
    part = {item.name for item in plan.environments}
    others = [environment for environment in workspace.manifest.environments if environment.name not in part]
    if not others or not plan.has_changes:
        return ()
    hostnames: dict[str, str | None] = {}
    if any(item.action in CHANGING - {Action.DELETE} for item in plan.environments):
        hostnames = await _live_hostnames(workspace, context, others, live or {})
    cut = cut_moves(plan, {item.name: (item.hostname, hostnames.get(item.name)) for item in others})
    # A selector, a shard or a saved plan leaves an environment out even where --env names it.
    if workspace.source.names and not workspace.source.selectors and workspace.source.shard is None:
        return cut
    return tuple(replace(block, override=None) for block in cut)


async def _live_hostnames(
    workspace: Workspace, context: Context, others: Sequence[Environment], live: Mapping[str, Live]
) -> dict[str, str | None]:
    """The live hostname of each of the other environments, as far as it can be read."""
    unread = [item for item in others if item.name not in live and item.name in workspace.credentials]
    states_by_name = {**live, **await read(workspace, context, unread)}
    states = [states_by_name.get(item.name) for item in others]
    unknown = sum(state is None or isinstance(state, Unreadable) for state in states)
    if unknown:
        message = f"{unknown} of the other environments could not be read"
        message += ": one of them may have a hostname that this plan creates"
        context.observer.on_notice("warning", message)
    names = [item.name for item in others]
    return {
        name: domain.hostname if (domain := domain_of(state)) else None
        for name, state in zip(names, states, strict=True)
    }
