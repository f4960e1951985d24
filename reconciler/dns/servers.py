"""Which DNS servers are asked."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

_PORT = 53


@dataclass(frozen=True, slots=True)
class Server:
    """A DNS server by its address, never by a name: finding one must not depend on another."""

    address: str
    port: int = _PORT

    def __str__(self) -> str:
        if self.port == _PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"


def parse_server(text: str) -> Server:
    """`ADDRESS[:PORT]`, IPv6 in brackets where a port follows. Raises ValueError with words for people."""
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":") if rest.startswith(":") else rest or str(_PORT)
        usable = bool(bracket) and (not rest or rest.startswith(":"))
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
        usable = True
    else:
        address, port, usable = text, str(_PORT), True
    if not usable or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536 or not _is_address(address):
        raise ValueError(
            f"'{text}' is not ADDRESS[:PORT] with an IP address, IPv6 in brackets, such as [2001:db8::53]:53"
        )
    return Server(address, int(port))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def system_servers() -> tuple[Server, ...]:
    """The resolvers that this machine is set up with; none where that is unknown."""
    from dns.resolver import NoResolverConfiguration, Resolver

    try:
        found = Resolver(configure=True)
    except (NoResolverConfiguration, OSError, ValueError):
        return ()
    return tuple(Server(address, found.port) for address in found.nameservers if isinstance(address, str))
