"""From the manifest to a plan and what blocks it, the same for every command that makes one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.cli.failure import Failure
from reconciler.model.domains import Unreadable, domain_of
from reconciler.model.plan import CHANGING, Action
from reconciler.planning.guards import MISTAKEN_CODES, Consent, blocks, cut_moves
from reconciler.planning.outcome import of_refusal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.session import Session
    from reconciler.model.environments import Environment, Manifest
    from reconciler.model.plan import Block, Plan


def consent_for(
    manifest: Manifest,
    unprotect: Sequence[str],
    max_interruptions: int | None,
    allow: frozenset[Action] | None = None,
    *,
    seen_before: frozenset[str] = frozenset(),
    believe_absent: bool = False,
) -> Consent:
    """The options of a run, over what the manifest says. Raises InvalidInput for a name that the manifest does not list."""
    if unprotect:
        from reconciler.manifest.selection import select

        select(manifest, unprotect, ())
    limit = manifest.max_interruptions if max_interruptions is None else max_interruptions
    return Consent(frozenset(unprotect), limit, allow, seen_before, believe_absent)


def make_plan(session: Session, manifest: Manifest, consent: Consent) -> tuple[Plan, tuple[Block, ...]]:
    """Read what is live in the environments of the run, with GET alone, and plan from there."""
    from reconciler.api.backend import Access

    chosen = session.selected(manifest)
    credentials = session.credentials(chosen)
    live = session.read(chosen, session.backend(chosen, credentials, Access.READ))
    plan = session.plan(chosen, live)
    return plan, (*_cut(session, manifest, plan), *blocks(plan, consent))


def tell_mistakes(session: Session, blocks: Sequence[Block]) -> None:
    """Say on standard error that what is shown is not of the environment that it is shown for."""
    for block in blocks:
        if block.code in MISTAKEN_CODES:
            session.log.say("error", block.message)


def refuse_mistakes(plan: Plan, blocks: Sequence[Block]) -> None:
    """Raises Failure where a record that was read is not of the environment that it was read for."""
    mistaken = [block for block in blocks if block.code in MISTAKEN_CODES]
    if mistaken:
        raise Failure(of_refusal(plan), mistaken[0].code, mistaken[0].message, plan=plan, blocks=tuple(mistaken))


def _cut(session: Session, manifest: Manifest, plan: Plan) -> tuple[Block, ...]:
    """Moves that the selection would do by half. The environments left out are read only where a create could take from one.

    What only shows the live state moves nothing, and reads nothing that was left out.
    """
    if not session.narrowed or not plan.has_changes or session.options.command not in {"plan", "apply"}:
        return ()
    chosen = {item.name for item in plan.items}
    others = [environment for environment in manifest.environments if environment.name not in chosen]
    held: dict[str, str | None] = {}
    if any(item.action in CHANGING - {Action.DELETE} for item in plan.items):
        held = _held(session, others)
    return cut_moves(plan, {item.name: (item.hostname, held.get(item.name)) for item in others})


def _held(session: Session, others: Sequence[Environment]) -> dict[str, str | None]:
    import os

    from reconciler.api.backend import Access
    from reconciler.manifest.keys import resolve

    credentials, _ = resolve(others, os.environ)
    readable = [environment for environment in others if environment.name in credentials]
    live = session.read(readable, session.backend(readable, credentials, Access.READ))
    unread = len(others) - sum(not isinstance(state, Unreadable) for state in live.values())
    if unread:
        told = f"{unread} of the environments left out could not be read"
        session.log.say("warning", f"{told}: whether one of them holds a hostname that is created here is not known")
    return {name: domain.hostname if (domain := domain_of(state)) else None for name, state in live.items()}
