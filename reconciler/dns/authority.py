"""The zone of a name, and the zone's own servers. A resolver may keep old answers for hours (RFC 2308); they do not."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.dns.answers import Kind
from reconciler.dns.servers import Server, is_address

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from reconciler.dns.answers import Answer
    from reconciler.dns.client import DnsClient
    from reconciler.dns.servers import AnyServer

MAX_SERVERS = 16  # addresses of one zone


@dataclass(frozen=True, slots=True)
class ZoneServers:
    """A zone and its servers; none where they could not be found, for the reason in `problem`."""

    zone: str | None
    servers: tuple[Server, ...] = ()
    problem: str | None = None


class Authorities:
    """Finds zones and their servers with `resolvers`. Each is looked up until it is found, and then kept: delegations rarely
    change.

    `registrable_domain` gives the zone of a name where DNS does not show one. `port` is that of the zones' servers.
    """

    def __init__(
        self,
        client: DnsClient,
        resolvers: tuple[AnyServer, ...],
        registrable_domain: Callable[[str], str | None] = lambda _name: None,
        port: int = 53,
    ) -> None:
        self._client = client
        self._resolvers = resolvers
        self.registrable_domain = registrable_domain
        self._port = port
        self._delegations: dict[str, asyncio.Task[Answer]] = {}
        self._servers: dict[str, asyncio.Task[ZoneServers]] = {}

    async def of(self, name: str) -> ZoneServers:
        """The servers of the zone that the name is in."""
        zone = await self.zone_of(name)
        if zone is None:
            return ZoneServers(None, problem="the zone of the name could not be found")
        if zone not in self._servers:
            self._servers[zone] = asyncio.create_task(self._find_servers(zone))
        task = self._servers[zone]
        found = await task
        if found.problem is not None and self._servers.get(zone) is task:
            del self._servers[zone]
        return found

    async def zone_of(self, name: str) -> str | None:
        """The closest zone. A CNAME at the name is not followed: its target is in another zone."""
        labels = name.lower().split(".")
        for start in range(len(labels) - 1):
            parent = ".".join(labels[start:])
            zone = _zone_shown(parent, await self._delegation(parent))
            if zone is not None:
                return zone
        return self.registrable_domain(name)

    async def _delegation(self, name: str) -> Answer:
        """The answer to an NS query at the name. That a resolver did not answer is not kept: the next lookup queries again.

        Not a SOA query: BIND gives its absence a TTL of 0, which would end up in the resolver's cache.
        """
        if name not in self._delegations:
            self._delegations[name] = asyncio.create_task(self._query(name, "NS"))
        task = self._delegations[name]
        answer = await task
        if answer.kind is Kind.NO_ANSWER and self._delegations.get(name) is task:
            del self._delegations[name]
        return answer

    async def _find_servers(self, zone: str) -> ZoneServers:
        names = await self._delegation(zone)
        if names.kind is Kind.NO_ANSWER:
            return ZoneServers(zone, problem=f"the servers of {zone} could not be found: the resolver {names.problem}")
        found = await asyncio.gather(*(self._addresses(name) for name in names.values))
        servers = tuple(server for group in found for server in group)[:MAX_SERVERS]
        return ZoneServers(zone, servers, None if servers else _problem(zone, names.values))

    async def _query(self, name: str, kind: str) -> Answer:
        _, answer = await self._client.query_first(self._resolvers, name, kind)
        return answer

    async def _addresses(self, name: str) -> list[Server]:
        """IPv6 only where there is no IPv4: many networks have no way to the former."""
        for kind in ("A", "AAAA"):
            addresses = [address for address in (await self._query(name, kind)).values if is_address(address)]
            if addresses:
                return [Server(address, self._port, name) for address in addresses]
        return []


def _zone_shown(name: str, answer: Answer) -> str | None:
    """The zone as the answer to an NS query at the name shows it; None where the name is an alias or nothing answered."""
    if answer.kind is Kind.FOUND:
        return name
    if answer.aliased or answer.dname is not None or answer.zone is None or "." not in answer.zone:
        return None
    return answer.zone if f".{name}".endswith(f".{answer.zone}") else None


def _problem(zone: str, names: Collection[str]) -> str:
    """Why there is no server of a zone to query, and what to check."""
    if not names:
        return f"the resolver knows no name server of {zone}: check that the domain is registered, or use --dns-server ADDRESS"
    return f"the servers of {zone} have no address: check the delegation of the domain, or use --dns-server ADDRESS"
