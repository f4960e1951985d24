"""Real DNS look-ups of a domain's two CNAMEs, for the switch `check=dns`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reconciler.emulator.checks import LookupResult

if TYPE_CHECKING:
    from dns.asyncresolver import Resolver

    from reconciler.model.domains import Domain

_SECONDS = 3.0


async def look_up_records(domain: Domain, server: str | None) -> LookupResult:
    """Whether DNS has both records. `server` is `ADDRESS[:PORT]` (IPv6 in brackets with a port), None the system's resolver."""
    from dns.asyncresolver import Resolver

    resolver = Resolver(configure=server is None)
    if server is not None:
        address, port = _address(server)
        resolver.nameservers, resolver.port = [address], port
    routing, validation = await asyncio.gather(
        _points_to(resolver, domain.cname_record, domain.cname_value),
        _points_to(resolver, domain.dcv_cname_record, domain.dcv_cname_value),
    )
    return LookupResult(routing, validation)


async def _points_to(resolver: Resolver, name: str | None, target: str | None) -> bool | None:
    from dns.exception import DNSException
    from dns.resolver import NXDOMAIN, NoAnswer

    if name is None or target is None:
        return None
    try:
        found = await resolver.resolve(f"{name}.", "CNAME", lifetime=_SECONDS)
    except (NXDOMAIN, NoAnswer):
        return False
    except DNSException:
        return None
    return any(item.target.to_text(omit_final_dot=True).lower() == target.lower() for item in found)


def _address(server: str) -> tuple[str, int]:
    if server.startswith("["):
        address, _, port = server[1:].partition("]:")
        return address.removesuffix("]"), int(port or 53)
    if server.count(":") == 1:
        address, _, port = server.partition(":")
        return address, int(port)
    return server, 53
