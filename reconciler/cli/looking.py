"""Looking at DNS from a command: whom to ask, and what happens where nobody can be asked."""

from __future__ import annotations

import importlib.util
import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from reconciler.cli.failure import Interrupted
from reconciler.model.domains import Present, Unreadable, domain_of
from reconciler.planning.records import records

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from reconciler.cli.session import Session
    from reconciler.dns.lookup import Lookup
    from reconciler.dns.servers import AnyServer
    from reconciler.model.dns import DnsNote
    from reconciler.model.domains import Domain, Live
    from reconciler.model.report import Record

INSTALL = "pip install 'imgwire-reconciler[dns]'"


class _Server(click.ParamType[Any]):
    """ADDRESS[:PORT]."""

    name = "ADDRESS[:PORT]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> AnyServer:
        from reconciler.dns.servers import parse_server

        try:
            return parse_server(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SERVER_OPTION = click.option(
    "--dns-server",
    "dns_servers",
    multiple=True,
    type=_Server(),
    help="Ask this DNS server, not the system's. Repeatable: all are asked.",
)
NO_DNS_OPTION = click.option("--no-dns", is_flag=True, help="Do not look at DNS.")


@dataclass(frozen=True, slots=True)
class Dns:
    """What the command line says about DNS."""

    servers: tuple[AnyServer, ...] = ()
    off: bool = False


def installed() -> bool:
    """dnspython can be imported; it comes with the extra `dns`."""
    return importlib.util.find_spec("dns") is not None


def resolvers_for(session: Session, dns: Dns) -> Lookup | None:
    """Whom to ask, or None where DNS is not to be looked at.

    An API on this machine is an emulator, whose hostnames mean nothing in the world's DNS: then only servers that were named
    are asked.
    """
    if dns.off or (not dns.servers and _local(session)):
        return None
    if not installed():
        session.log.say("warning", f"dnspython is not installed, so DNS is not looked at: {INSTALL}, or say --no-dns")
        return None
    return open_resolvers(session, dns)


def open_resolvers(session: Session, dns: Dns) -> Lookup:
    """The named servers, all of them; else the zone's own servers first and this machine's resolvers second."""
    from reconciler.dns.authority import Authorities
    from reconciler.dns.client import DnsClient, Limits
    from reconciler.dns.lookup import Lookup
    from reconciler.dns.servers import system_servers
    from reconciler.manifest.zones import zone_of

    servers = tuple(dict.fromkeys(dns.servers)) or system_servers()
    client = DnsClient(Limits(parallelism=session.options.parallelism))
    return Lookup(client, servers, Authorities(client, servers, zone_of), named=bool(dns.servers))


def look_with(lookup: Lookup | None) -> Callable[[str, Domain], Awaitable[tuple[Record, ...]]]:
    """The engine's way to DNS: the records of a custom domain, with what DNS says where somebody can be asked."""

    async def look(environment: str, domain: Domain) -> tuple[Record, ...]:
        needed = records([(environment, domain)])
        return await lookup.look_up(needed) if lookup else needed

    return look


def notes(
    session: Session, live: Mapping[str, Live], hostnames: Mapping[str, str], lookup: Lookup | None
) -> tuple[DnsNote, ...]:
    """Warnings about environments by name: CAA where a certificate is still to come, and hostnames that no environment
    holds while DNS still leads to Imgwire. Of those nothing is said where an environment was left out or not read."""
    if lookup is None:
        return ()
    from reconciler.dns.warnings import caa_notes, dangling_notes

    domains = [(name, domain) for name, state in live.items() if (domain := domain_of(state))]
    coming = [(name, domain.hostname) for name, domain in domains if domain.certificate_status != "ACTIVE"]
    held = {state.domain.hostname for state in live.values() if isinstance(state, Present)}
    loose = [(name, hostname) for name, hostname in hostnames.items() if hostname not in held]
    if session.narrowed or any(isinstance(state, Unreadable) for state in live.values()):
        loose = []
    targets = {domain.cname_value for _, domain in domains if domain.cname_value}
    renewed = lookup.renewed()

    async def all_notes() -> tuple[DnsNote, ...]:
        return (*await caa_notes(coming, renewed), *await dangling_notes(loose, targets, renewed))

    try:
        return session.run(all_notes())
    except Interrupted:
        return ()


def _local(session: Session) -> bool:
    if session.options.emulator is not None:
        return True
    host = urlsplit(session.source.api_url).hostname if session.source else None
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
