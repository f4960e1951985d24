"""The DNS records of custom domains that are gone, for `dns sync --delete-stale`: each needs proof that nothing uses it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from reconciler.api.tls import trusted
from reconciler.model.dns import is_usual_target
from reconciler.model.domains import Absent, Present, domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.listing import first_of
from reconciler.model.plan import CHANGING
from reconciler.model.results import Failed, PublishResult, Stopped
from reconciler.operations.dns_servers import Dns
from reconciler.operations.lookup import lookup_for
from reconciler.planning.records import records

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from reconciler.documents.baseline import Baseline
    from reconciler.model.domains import Domain
    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.report import Record
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


# An absent domain has no id: a wrong key reads the same, also with a pin.
_UNPROVEN = "no custom domain is there, and a wrong key looks the same. If the key is right, add --believe-absent"

_SERVES = (
    "its hostname still serves with a valid certificate. It may be live in an Environment of another manifest. "
    "Run dns sync again once it serves no more, or remove the records by hand"
)

_AFTER = "the baseline has only what was live after its delete. Give the saved plan, or a report from before the delete"


@dataclass(frozen=True, slots=True)
class Stale:
    """What was live in an earlier run. With `believe_absent`, an environment that reads as absent has none of it any more."""

    baseline: Baseline
    believe_absent: bool = False


def stale_records(
    plan: Plan, stale: Stale, *, narrowed: bool, notice: Callable[[str, str], None]
) -> tuple[Record, ...]:
    """The records of the baseline's domains that are neither live nor desired now.

    Without proof that the domain is gone they are kept, with a notice. Proof is another domain in the same Environment.
    Raises Stopped where the plan does not have every environment of the manifest, or where it may have read another API.
    """
    baseline = stale.baseline
    if narrowed or not plan.complete:
        message = "--delete-stale needs every environment: one was left out or could not be read"
        raise _refused(plan, "unreadable", message)
    if baseline.api_url != plan.api_url:
        message = f"the baseline is of {baseline.api_url or 'an unknown API'}, and this run reads {plan.api_url}"
        raise _refused(plan, "other_api_url", message, "give a baseline of this API, or the URL of the other one")
    kept = {domain.hostname for item in plan.environments if (domain := domain_of(item.live))}
    kept |= {item.environment.hostname for item in plan.environments if item.environment.hostname}
    before = [
        (name, state.domain)
        for name, state in baseline.live.items()
        if isinstance(state, Present) and state.domain.hostname not in kept
    ]
    shown = {domain.hostname for state in baseline.live.values() if (domain := domain_of(state))}
    _report_kept(notice, {name for name, hostname in baseline.deletes if hostname not in kept | shown}, _AFTER)
    now = {name: _same_environment(plan, baseline, name, domain) for name, domain in before}
    read = {name: item for name, item in now.items() if item is not None}
    _report_kept(
        notice, now.keys() - read.keys(), "the manifest has no such Environment now, and its domain may be live"
    )
    pending = {name for name, item in read.items() if item.action in CHANGING}
    _report_kept(notice, pending, "the plan has changes for it: run `reconciler apply` first")
    absent = {name for name, item in read.items() if isinstance(item.live, Absent)} - pending
    unproven = set() if stale.believe_absent else absent
    _report_kept(notice, unproven, _UNPROVEN)
    gone = read.keys() - pending - unproven
    found = records((name, domain) for name, domain in before if name in gone)
    # A baseline is a file that others may have written: it must not name just any CNAME of the zone.
    return tuple(item for item in found if item.name and item.value and is_usual_target(item.name, item.value))


async def without_serving(workspace: Workspace, context: Context, stale: tuple[Record, ...]) -> tuple[Record, ...]:
    """The records whose hostname serves no traffic, as far as one connection to it shows; the others are kept, with a notice.

    The hostname may be live in an Environment that the manifest does not have.
    """
    lookup = lookup_for(workspace, context, Dns()) if stale else None
    if lookup is None:
        return stale
    from reconciler.dns.probe import ProbeSettings, probe_all

    hostnames = dict.fromkeys((item.environment, item.hostname) for item in stale)
    settings = ProbeSettings(parallelism=context.parallelism, tls=partial(trusted, workspace.environ))
    serving = {item.environment for item in await probe_all(hostnames, lookup, settings) if item.serves}
    _report_kept(context.observer.on_notice, serving, _SERVES)
    return tuple(item for item in stale if item.environment not in serving)


def _same_environment(plan: Plan, baseline: Baseline, name: str, domain: Domain) -> EnvironmentPlan | None:
    """The environment of the plan that has read the Imgwire Environment of this domain, or None."""
    for item in plan.environments:
        live = domain_of(item.live)
        if domain.environment_id in {item.environment.environment_id, live and live.environment_id}:
            return item
        # Without a domain and a pin, only the same source of the key shows that it is the same Environment.
        unpinned = isinstance(item.live, Absent) and item.environment.environment_id is None
        if item.name == name and unpinned and item.environment.key.as_written == baseline.access.get(name):
            return item
    return None


def _report_kept(notice: Callable[[str, str], None], names: Collection[str], why: str) -> None:
    if names:
        notice("warning", f"records of {first_of(f'`{name}`' for name in sorted(names))} are kept: {why}")


def _refused(plan: Plan, reason: str, message: str, hint: str | None = None) -> Stopped:
    return Stopped(Failed(ExitCode.REFUSED, reason, message, hint, so_far=PublishResult(plan)))
