"""What `apply` proposes: a plan of its own, or what is left of a saved one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.operations.propose import consent_of, propose
from reconciler.operations.receipt import claim, earlier_in, settle
from reconciler.operations.saved_plan import read_saved_plan, reopen

if TYPE_CHECKING:
    from reconciler.documents.saved_plan import SavedPlan
    from reconciler.model.plan import Action
    from reconciler.model.proposal import Proposal
    from reconciler.operations.context import Context
    from reconciler.operations.receipt import ReceiptFile
    from reconciler.operations.workspace import Guards, Workspace


def saved_in(path: str | None) -> SavedPlan | None:
    """The saved plan of a file, if the run has one. Raises Stopped."""
    return None if path is None else read_saved_plan(path)


async def propose_or_reopen(
    workspace: Workspace,
    context: Context,
    saved: SavedPlan | None,
    guards: Guards,
    plan_again: str | None = None,
    *,
    receipt: ReceiptFile | None = None,
    allow: frozenset[Action] | None = None,
    believe_absent: bool = False,
) -> Proposal:
    """What is left of the saved plan, or a plan from what is live now. Raises Stopped.

    `receipt` is where the run will write its own: what an earlier one there knew counts for the guards, and what its run left
    unserved is part of the proposal. `allow` and `believe_absent` are consent beside that of `guards`. `plan_again` is the
    command line that would save a new plan in place of the saved one.
    """
    if receipt is not None:
        claim(receipt, context.observer)
    earlier = earlier_in(receipt, workspace.api_url)
    await settle(receipt, earlier, context.observer)
    consent = consent_of(workspace, guards, allow=allow, earlier=earlier, believe_absent=believe_absent)
    if saved is None:
        return await propose(workspace, context, consent)
    return await reopen(workspace, context, saved, consent, plan_again=plan_again)
