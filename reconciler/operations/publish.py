"""`dns sync`: publish the records of custom domains through octoDNS."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.conclusion import conclude
from reconciler.model.dns import Publication, PublishState
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import MISTAKEN_CODES
from reconciler.model.proposal import Declined
from reconciler.model.results import Failed, PublishResult, Stopped
from reconciler.operations.lookup import INSTALL
from reconciler.operations.records import needed_records

if TYPE_CHECKING:
    from reconciler.dns.publishing import Prepared, Publisher
    from reconciler.model.proposal import Approval
    from reconciler.model.results import RecordsResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace

PublishApprover = Callable[[tuple[Publication, ...]], Awaitable["Approval"]]
"""Decides whether these records may be published."""


async def publish(
    workspace: Workspace,
    context: Context,
    config: str,
    approve: PublishApprover,
    *,
    allow_zone_rewrite: bool = False,
) -> PublishResult:
    """Publish the records of what is live as desired, and nothing else; the API gets GET requests only.

    `config` is the path of an octoDNS configuration. Raises Stopped, with what was published, where not all was.
    """
    if importlib.util.find_spec("octodns") is None:
        message = "dns sync needs octoDNS, which is not installed"
        raise Stopped(Failed(ExitCode.ERROR, "dns_missing", message, INSTALL))
    needed = await needed_records(workspace, context)
    _refuse_mistaken(needed)
    live = {item.name for item in needed.plan.items if item.before and item.before == item.environment.hostname}
    records = tuple(record for record in needed.records if record.environment in live)
    publisher = _publisher(config, allow_zone_rewrite=allow_zone_rewrite)
    if publisher.ignored:
        ignored = ", ".join(f"`{name}`" for name in publisher.ignored)
        context.observer.on_notice("warning", f"{config}: dns sync ignores {ignored}")
    prepared: Prepared = await context.run_blocking(lambda: publisher.prepare(records))
    result = PublishResult(needed.plan, records=records, publications=prepared.publications)
    if any(item.state is PublishState.PLANNED for item in prepared.publications):
        match await approve(prepared.publications):
            case Declined(reason, message, hint):
                raise Stopped(Failed(ExitCode.REFUSED, reason, message, hint, so_far=result))
            case _:
                result = await _publish(context, publisher, prepared, result)
    _stop_if_unpublished(result)
    return result


def _refuse_mistaken(needed: RecordsResult) -> None:
    mistaken = next((block for block in needed.blocks if block.code in MISTAKEN_CODES), None)
    if mistaken is not None:
        so_far = PublishResult(needed.plan, needed.blocks)
        raise Stopped(Failed(ExitCode.REFUSED, mistaken.code, mistaken.message, so_far=so_far))


def _publisher(config: str, *, allow_zone_rewrite: bool) -> Publisher:
    from reconciler.dns.octodns_config import ConfigError
    from reconciler.dns.publishing import Publisher

    try:
        return Publisher(config, allow_zone_rewrite=allow_zone_rewrite)
    except ConfigError as error:
        hint = "see the octoDNS documentation for the form of this file"
        raise Stopped(Failed(ExitCode.DATA, "invalid_config", str(error), hint)) from None


async def _publish(context: Context, publisher: Publisher, prepared: Prepared, result: PublishResult) -> PublishResult:
    notice = context.observer.on_notice

    def on_done(item: Publication) -> None:
        if item.error is not None:
            notice("error", f"{item.target or 'dns sync'}: {item.name}: {item.error}")

    published = await context.run_blocking(lambda: publisher.apply(prepared, on_done))
    for change in published.changes:
        notice("error", f"{change.target}: another record changed while publishing: {change}")
    return replace(
        result,
        publications=published.publications,
        other_changes=published.changes,
        interrupted=published.interrupted,
    )


def _stop_if_unpublished(result: PublishResult) -> None:
    """Raises Stopped with the reasons where a record was not published, or another one changed."""
    conclusion = conclude(result)
    message = "; ".join(dict.fromkeys(item.error for item in result.publications if item.error))
    hint = None
    if result.other_changes:
        message = "other records changed while publishing: " + "; ".join(map(str, result.other_changes))
        hint = "restore them at the provider, then check who or what changed them"
    elif conclusion.exit_code is ExitCode.REFUSED and message:
        message = f"{message}; nothing was written"
    if message:
        reason = conclusion.reason or conclusion.outcome
        raise Stopped(Failed(conclusion.exit_code, reason, message, hint, so_far=result))
