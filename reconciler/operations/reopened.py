"""What `apply` proposes: a plan of its own, or what is left of a saved one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.operations.propose import propose
from reconciler.operations.saved_plan import read_saved_plan, reopen

if TYPE_CHECKING:
    from reconciler.model.proposal import Proposal
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace
    from reconciler.planning.guards import Consent
    from reconciler.planning.saved import SavedPlan


def saved_in(path: str | None) -> SavedPlan | None:
    """The saved plan of a file, if the run has one. Raises Stopped."""
    return None if path is None else read_saved_plan(path)


async def propose_or_reopen(
    workspace: Workspace, context: Context, saved: SavedPlan | None, consent: Consent
) -> Proposal:
    """What is left of the saved plan, or a plan from what is live now. Raises Stopped."""
    if saved is None:
        return await propose(workspace, context, consent)
    return await reopen(workspace, context, saved, consent)
