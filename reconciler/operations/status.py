"""`status`: the live state of every environment."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.domains import Present
from reconciler.operations.dns_servers import Dns
from reconciler.operations.probe import probe_ready
from reconciler.operations.propose import survey, warn_identity

if TYPE_CHECKING:
    from reconciler.model.results import StatusResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


async def status(
    workspace: Workspace,
    context: Context,
    *,
    dns: Dns | None = None,
    probe_days: int | None = None,
    is_text: bool = False,
) -> StatusResult:
    """Read what is live, with GET requests only. `probe_days` probes ready hostnames, and is the number of days from which a
    certificate is expiring; None probes nothing. Errors about keys of another Environment are notices unless `is_text`: the text
    ends with them."""
    result = await survey(workspace, context)
    if not is_text:
        warn_identity(context, result.blocks)
    if probe_days is None:
        return result
    live = {item.name: item.live for item in result.plan.environments}
    hostnames = {name: state.domain.hostname for name, state in live.items() if isinstance(state, Present)}
    return replace(result, probes=await probe_ready(workspace, context, live, hostnames, dns or Dns(), probe_days))
