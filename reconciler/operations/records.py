"""`dns show`: the CNAMEs that live custom domains need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.manifest.suffixes import registrable_domain
from reconciler.model.conclusion import refusal_code
from reconciler.model.domains import Absent, Unreadable, domain_of
from reconciler.model.listing import first_of
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.results import Failed, RecordsResult, Stopped
from reconciler.operations.propose import survey, warn_identity
from reconciler.planning import records as planned

if TYPE_CHECKING:
    from reconciler.model.results import Read
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


async def records(workspace: Workspace, context: Context) -> RecordsResult:
    """Read live, with GET requests only, and report environments that cannot be read."""
    result = await needed_records(workspace, context)
    reported = {item.environment for item in workspace.diagnostics}
    for item in result.plan.environments:
        if isinstance(item.live, Unreadable) and item.name not in reported:
            context.observer.on_notice("error", f"{item.name}: {item.live.error.message}")
    warn_identity(context, result.blocks)
    missing = [
        f"`{item.name}`"
        for item in result.plan.environments
        if isinstance(item.live, Absent) and item.environment.hostname is not None
    ]
    if missing:
        text = (
            f"no custom domain is live in {first_of(missing)}, so there are no records for it: run `reconciler apply`"
        )
        context.observer.on_notice("warning", text)
    return result


def refuse_identity_error(needed: RecordsResult, so_far: Read) -> None:
    """Raises Stopped where a record is of another Environment than it was read for: it must be neither published nor checked."""
    error = next((block for block in needed.blocks if block.code in IDENTITY_CODES), None)
    if error is not None:
        raise Stopped(Failed(refusal_code(needed.plan), error.code, error.message, error.fix, so_far=so_far))


async def needed_records(workspace: Workspace, context: Context) -> RecordsResult:
    """The records of every live custom domain, each with its zone."""
    status = await survey(workspace, context)
    domains = [(item.name, domain) for item in status.plan.environments if (domain := domain_of(item.live))]
    needed = tuple(
        replace(record, zone=registrable_domain(record.name) if record.name else None)
        for record in planned.records(domains)
    )
    return RecordsResult(status.plan, status.blocks, needed)
