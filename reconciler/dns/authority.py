"""Finding a zone's own servers, which remember nothing: a resolver may tell for hours of what is no longer so (RFC 2308)."""

from __future__ import annotations

import asyncio
import ipaddress
from typing import TYPE_CHECKING

from reconciler.dns.servers import Server

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from reconciler.dns.client import Answer

_MOST = 2  # servers of one zone that are tried


class Authorities:
    """The servers of zones, found by `ask`, which asks a resolver. What is found is kept: delegations hardly ever change."""

    def __init__(self, ask: Callable[[str, str], Awaitable[Answer]], port: int = 53) -> None:
        self._ask = ask
        self._port = port
        self._found: dict[str, asyncio.Task[tuple[Server, ...]]] = {}

    async def of(self, name: str) -> tuple[Server, ...]:
        """The servers of the closest zone that the name lies in; none where they cannot be found."""
        labels = name.split(".")
        for place in range(len(labels) - 1):
            zone = ".".join(labels[place:])
            if zone not in self._found:
                self._found[zone] = asyncio.create_task(self._servers(zone))
            if found := await self._found[zone]:
                return found
        return ()

    async def _servers(self, zone: str) -> tuple[Server, ...]:
        found: list[Server] = []
        for name in (await self._ask(zone, "NS")).values:
            for kind in ("A", "AAAA"):
                addresses = (await self._ask(name, kind)).values
                found += [Server(address, self._port) for address in addresses if _usable(address)]
                if addresses:
                    break
            if len(found) >= _MOST:
                break
        return tuple(found[:_MOST])


def _usable(address: str) -> bool:
    """An address and nothing else, since it comes from outside."""
    try:
        ipaddress.ip_address(address)
    except ValueError:
        return False
    return True
