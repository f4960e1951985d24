"""`dns sync`: publish the records of custom domains through octoDNS."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.manifest.suffixes import registrable_domain
from reconciler.model.conclusion import conclude
from reconciler.model.dns import Publication, PublishState
from reconciler.model.domains import Absent, Unreadable, domain_of
from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.exit_codes import ExitCode
from reconciler.model.hostnames import compared_form
from reconciler.model.proposal import Declined
from reconciler.model.report import Record
from reconciler.model.results import Failed, PublishResult, Stopped
from reconciler.operations.after_create import changed_meanwhile
from reconciler.operations.lookup import INSTALL
from reconciler.operations.records import needed_records, refuse_identity_error
from reconciler.operations.stale import stale_records, without_serving

if TYPE_CHECKING:
    from reconciler.dns.publishing import Prepared, Publisher
    from reconciler.model.plan import Plan
    from reconciler.model.proposal import Approval
    from reconciler.model.results import RecordsResult
    from reconciler.operations.context import Context
    from reconciler.operations.publish_settings import PublishSettings
    from reconciler.operations.workspace import Workspace

PublishApprover = Callable[[tuple[Publication, ...]], Awaitable["Approval"]]
"""Decides whether these records may be published."""


async def publish(
    workspace: Workspace, context: Context, settings: PublishSettings, approve: PublishApprover
) -> PublishResult:
    """Publish the records of domains that are live as desired, and what the settings add; the API gets GET requests only.

    Raises Stopped, with what was published, where not all was.
    """
    if settings.target is not None and not settings.ahead:
        raise Stopped(Failed(ExitCode.USAGE, "usage", "--target needs --ahead"))
    _require_octodns("dns sync")
    needed = await needed_records(workspace, context)
    refuse_identity_error(needed, PublishResult(needed.plan, needed.blocks))
    records = _live_as_desired(needed)
    ahead = records_ahead(needed.plan, settings.target) if settings.ahead else ()
    notice = context.observer.on_notice
    for name in hostnames_without_target(needed.plan) if settings.ahead and settings.target is None else ():
        notice("warning", f"{name} is not published ahead: no live domain shows its target. Name it with --target")
    stale = await without_serving(workspace, context, _stale(workspace, settings, needed.plan, notice))
    publisher = open_publisher(context, settings, workspace.api_url)
    for record in ahead:
        message = (
            f"{record.name} will point to Imgwire before it is a custom domain: run apply soon, or others can claim it"
        )
        notice("warning", message)
    prepared: Prepared = await context.run_blocking(lambda: publisher.prepare(records, ahead=ahead, stale=stale))
    result = PublishResult(needed.plan, records=(*records, *ahead), publications=prepared.publications)
    if any(item.state is PublishState.PLANNED for item in prepared.publications):
        match await approve(prepared.publications):
            case Declined(reason, message, hint):
                raise Stopped(Failed(ExitCode.REFUSED, reason, message, hint, so_far=result))
            case _:
                await _refuse_if_changed(workspace, context, settings, prepared, (*records, *ahead, *stale))
                result = await _publish(context, publisher, prepared, result)
    _stop_if_unpublished(context, result)
    return result


def _stale(
    workspace: Workspace, settings: PublishSettings, plan: Plan, notice: Callable[[str, str], None]
) -> tuple[Record, ...]:
    if settings.stale is None:
        return ()
    return stale_records(plan, settings.stale, narrowed=workspace.narrowed, notice=notice)


def _live_as_desired(needed: RecordsResult) -> tuple[Record, ...]:
    live = {item.name for item in needed.plan.environments if item.before and item.before == item.environment.hostname}
    return tuple(record for record in needed.records if record.environment in live)


async def _refuse_if_changed(
    workspace: Workspace, context: Context, settings: PublishSettings, prepared: Prepared, records: Iterable[Record]
) -> None:
    """Raises Stopped where the consent took so long that a custom domain of the planned records is another one now.

    Records of a domain that was deleted meanwhile would let anyone claim its hostname; those of one that is live again would
    be deleted.
    """
    names = {item.name for item in prepared.publications if item.state is PublishState.PLANNED}
    again = await needed_records(workspace, context)
    ahead = records_ahead(again.plan, settings.target) if settings.ahead else ()
    stale = _stale(workspace, settings, again.plan, lambda _level, _text: None)
    if gone := {item for item in records if item.name in names} - {*_live_as_desired(again), *ahead, *stale}:
        changed = ", ".join(sorted({item.environment for item in gone}))
        message = f"the custom domain has changed since its records were shown, in {changed}; nothing was written"
        so_far = PublishResult(again.plan)
        raise Stopped(Failed(ExitCode.REFUSED, "changed", message, "run `reconciler dns sync` again", so_far=so_far))


def records_ahead(plan: Plan, target: str | None) -> tuple[Record, ...]:
    """The routing record of every desired hostname that no environment has yet. Its value is that of the environment's live
    domain, or `target`. A hostname that is live elsewhere keeps its record: it serves traffic until it moves."""
    live = {domain.hostname for item in plan.environments if (domain := domain_of(item.live))}
    records = []
    for item in plan.environments:
        hostname, domain = item.environment.hostname, domain_of(item.live)
        value = target or (domain.cname_value if domain else None)
        if (
            hostname is not None
            and hostname not in live
            and value is not None
            and not isinstance(item.live, Unreadable)
        ):
            records.append(
                Record(item.name, hostname, "routing", hostname, compared_form(value), registrable_domain(hostname))
            )
    return tuple(records)


def hostnames_without_target(plan: Plan) -> list[str]:
    """The desired hostnames of environments without a custom domain: only a live one shows the target of its records."""
    absent = (item for item in plan.environments if isinstance(item.live, Absent))
    return [item.environment.hostname for item in absent if item.environment.hostname is not None]


def unknown(hostnames: Iterable[tuple[str, str]]) -> tuple[Record, ...]:
    """The records of custom domains that are still to be created, by the documented names, with a target that nothing has."""
    return tuple(
        Record(environment, hostname, purpose, name, "known-after-create.invalid", registrable_domain(hostname))
        for environment, hostname in hostnames
        for purpose, name in (("routing", hostname), ("validation", f"_acme-challenge.{hostname}"))
    )


def _require_octodns(what: str) -> None:
    if importlib.util.find_spec("octodns") is None:
        message = f"{what} needs octoDNS, which is not installed"
        raise Stopped(Failed(ExitCode.ERROR, "dns_missing", message, INSTALL))


def open_publisher(context: Context, settings: PublishSettings, api_url: str) -> Publisher:
    """The publisher of the configuration, with a warning about what it ignores. Raises Stopped, also for the emulator."""
    if api_url == EMULATOR_API_URL:
        message = "--emulator publishes no DNS records: the targets of the emulator are made up"
        hint = "to try publishing in a zone of your own, start `reconciler emulator` and name its URL with --api-url"
        raise Stopped(Failed(ExitCode.USAGE, "usage", message, hint))
    _require_octodns("publishing")
    publisher = _publisher(settings)
    if publisher.ignored:
        ignored = ", ".join(f"`{name}`" for name in publisher.ignored)
        context.observer.on_notice("warning", f"{settings.config}: dns sync ignores {ignored}")
    return publisher


def _publisher(settings: PublishSettings) -> Publisher:
    from reconciler.dns.octodns_config import ConfigError
    from reconciler.dns.publishing import Options, Publisher

    zones = frozenset(zone.lower().removesuffix(".") for zone in settings.zones)
    replaced = frozenset(name.lower().removesuffix(".") for name in settings.replace)
    try:
        publisher = Publisher(settings.config, Options(settings.allow_zone_rewrite, settings.ttl, zones, replaced))
    except ConfigError as error:
        raise Stopped(Failed(ExitCode.DATA, "invalid_config", str(error), error.hint)) from None
    if unknown := sorted(zones - publisher.zones):
        hint = f"its zones are {', '.join(sorted(publisher.zones)) or 'none'}"
        raise Stopped(Failed(ExitCode.USAGE, "usage", f"{settings.config} has no zone {unknown[0]}", hint))
    return publisher


async def _publish(context: Context, publisher: Publisher, prepared: Prepared, result: PublishResult) -> PublishResult:
    published = await context.run_blocking(lambda: publisher.apply(prepared))
    for change in published.changes:
        context.observer.on_notice("error", changed_meanwhile(change))
    return replace(
        result,
        publications=published.publications,
        other_changes=published.changes,
        interrupted=published.interrupted,
    )


def report_problems(context: Context, publications: Iterable[Publication]) -> str:
    """The first reason why a record was not published, and how many others there are; those are logged. Empty without any."""
    problems = tuple(dict.fromkeys(item.error for item in publications if item.error))
    if len(problems) < 2:
        return "".join(problems)
    for problem in problems:
        context.observer.on_notice("error", problem)
    return f"{problems[0]} (and {len(problems) - 1} more, see above)"


def _stop_if_unpublished(context: Context, result: PublishResult) -> None:
    """Raises Stopped with the reasons where a record was not published, or another one changed."""
    conclusion = conclude(result)
    message, hint = report_problems(context, result.publications), None
    if result.other_changes:
        message = "other records changed while publishing: " + "; ".join(map(str, result.other_changes))
        hint = "restore them at the provider, then check who or what changed them"
    elif conclusion.exit_code is ExitCode.REFUSED and message:
        message = f"{message}; nothing was written"
    if message:
        reason = conclusion.reason or conclusion.outcome
        raise Stopped(Failed(conclusion.exit_code, reason, message, hint, so_far=result))
