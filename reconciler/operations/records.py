"""`dns show`: the CNAMEs that live custom domains need."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.manifest.suffixes import registrable_domain
from reconciler.model.domains import Absent, Unreadable, domain_of
from reconciler.model.listing import first_of
from reconciler.model.results import RecordsResult
from reconciler.operations.propose import survey, warn_identity
from reconciler.planning import records as planned

if TYPE_CHECKING:
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


async def records(workspace: Workspace, context: Context) -> RecordsResult:
    """Read live, with GET requests only, and report environments that cannot be read."""
    result = await needed_records(workspace, context)
    for item in result.plan.environments:
        if isinstance(item.live, Unreadable):
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


async def needed_records(workspace: Workspace, context: Context) -> RecordsResult:
    """The records of every live custom domain, each with its zone."""
    status = await survey(workspace, context)
    domains = [(item.name, domain) for item in status.plan.environments if (domain := domain_of(item.live))]
    needed = tuple(
        replace(record, zone=registrable_domain(record.name) if record.name else None)
        for record in planned.records(domains)
    )
    return RecordsResult(status.plan, status.blocks, needed)
