"""`status`: the live state of every environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.operations.propose import survey, warn_identity

if TYPE_CHECKING:
    from reconciler.model.results import StatusResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


async def status(workspace: Workspace, context: Context) -> StatusResult:
    """Read what is live, with GET requests only."""
    result = await survey(workspace, context)
    warn_identity(context, result.blocks)
    return result
