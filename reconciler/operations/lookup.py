"""DNS lookups: `dns check`, and the lookups of `verify`, `apply` and `drift`."""

from __future__ import annotations

import importlib.util
import ipaddress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.model.domains import Present, Unreadable, domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import DnsCheckResult, Failed, Stopped
from reconciler.operations.dns_servers import Dns
from reconciler.operations.extras import install
from reconciler.operations.records import needed_records, refuse_identity_error
from reconciler.planning.records import records

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from reconciler.dns.lookup import Lookup
    from reconciler.documents.baseline import Baseline
    from reconciler.model.dns import DnsNote
    from reconciler.model.domains import Domain, Live
    from reconciler.model.report import Record
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace

INSTALL = install("dns")


async def check_dns(
    workspace: Workspace, context: Context, dns: Dns | None = None, *, baseline: Baseline | None = None
) -> DnsCheckResult:
    """Look up the CNAMEs of live custom domains; the API gets GET requests only. Raises Stopped without dnspython.

    The hostnames of the baseline are checked for dangling CNAMEs, besides the desired ones.
    """
    require_dnspython("dns check")
    needed = await needed_records(workspace, context)
    refuse_identity_error(needed, DnsCheckResult(needed.plan, needed.blocks))
    servers = open_lookup(context, dns or Dns())
    checked_records = await servers.look_up(needed.records)
    live = {item.name: item.live for item in needed.plan.environments}
    hostnames = [
        (item.name, item.environment.hostname) for item in needed.plan.environments if item.environment.hostname
    ]
    hostnames += former_hostnames(baseline)
    return DnsCheckResult(needed.plan, needed.blocks, checked_records, await notes(workspace, live, hostnames, servers))


def require_dnspython(what: str) -> None:
    """Raises Stopped where dnspython is not installed."""
    if not installed():
        message = f"{what} needs dnspython, which is not installed"
        raise Stopped(Failed(ExitCode.ERROR, "dns_missing", message, INSTALL))


def former_hostnames(baseline: Baseline | None) -> list[tuple[str, str]]:
    """The (environment, hostname) of every domain that the baseline knows, those included that its run deleted."""
    if baseline is None:
        return []
    live = [(name, state.domain.hostname) for name, state in baseline.live.items() if isinstance(state, Present)]
    return [*live, *baseline.deletes]


def installed() -> bool:
    """dnspython can be imported; it comes with the extra `dns`."""
    return importlib.util.find_spec("dns") is not None


def lookup_for(workspace: Workspace, context: Context, dns: Dns) -> Lookup | None:
    """The servers to query, or None where DNS is not looked up.

    An API on this machine is an emulator, whose hostnames mean nothing in public DNS: then only servers that were named are
    queried.
    """
    if dns.off or (not dns.servers and _local(workspace.api_url)):
        return None
    if not installed():
        message = f"dnspython is not installed, so DNS is not checked: {INSTALL}, or use --no-dns"
        context.observer.on_notice("warning", message)
        return None
    return open_lookup(context, dns)


def open_lookup(context: Context, dns: Dns) -> Lookup:
    """The named servers, all of them; else the zone's own servers first and this machine's resolvers second."""
    from reconciler.dns.authority import Authorities
    from reconciler.dns.client import DnsClient, QueryLimits
    from reconciler.dns.lookup import Lookup
    from reconciler.dns.servers import system_servers
    from reconciler.manifest.suffixes import registrable_domain

    servers = tuple(dict.fromkeys(dns.servers)) or system_servers()
    client = DnsClient(QueryLimits(parallelism=context.parallelism))
    return Lookup(client, servers, Authorities(client, servers, registrable_domain), named=bool(dns.servers))


def record_lookup(lookup: Lookup | None) -> Callable[[str, Domain], Awaitable[tuple[Record, ...]]]:
    """The engine's way to DNS: the records of a custom domain, with the result of their lookup where there is one."""

    async def look(environment: str, domain: Domain) -> tuple[Record, ...]:
        needed = records([(environment, domain)])
        return await lookup.look_up(needed) if lookup else needed

    return look


async def notes(
    workspace: Workspace, live: Mapping[str, Live], hostnames: Iterable[tuple[str, str]], lookup: Lookup | None
) -> tuple[DnsNote, ...]:
    """Warnings: CAA where a certificate is still to come, and those of `hostnames`, by environment, that no environment has
    while DNS still points to Imgwire. There are none of the latter where an environment was left out or not read."""
    if lookup is None:
        return ()
    from reconciler.dns.warnings import caa_notes, dangling_notes

    domains = [(name, domain) for name, state in live.items() if (domain := domain_of(state))]
    coming = [(name, domain.hostname) for name, domain in domains if domain.certificate_status != "ACTIVE"]
    live_hostnames = {state.domain.hostname for state in live.values() if isinstance(state, Present)}
    loose = [pair for pair in dict.fromkeys(hostnames) if pair[1] not in live_hostnames]
    if workspace.narrowed or any(isinstance(state, Unreadable) for state in live.values()):
        loose = []
    targets = {domain.cname_value for _, domain in domains if domain.cname_value}
    return (*await caa_notes(coming, lookup), *await dangling_notes(loose, targets, workspace.manifest.desired, lookup))


def _local(api_url: str) -> bool:
    host = urlsplit(api_url).hostname or ""
    try:
        return host == "localhost" or host.endswith(".localhost") or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
