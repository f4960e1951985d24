"""DNS servers: how they are named on the command line and in messages, and which ones this machine uses."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import urlsplit

_PORT = 53


@dataclass(frozen=True, slots=True)
class Server:
    """A DNS server by its address, never by a name: finding one must not depend on another. `name` is for messages."""

    address: str
    port: int = _PORT
    name: str | None = None

    def __str__(self) -> str:
        address = self.address
        if self.port != _PORT:
            address = f"[{address}]:{self.port}" if ":" in address else f"{address}:{self.port}"
        return f"{self.name} ({address})" if self.name else address


@dataclass(frozen=True, slots=True)
class HttpsServer:
    """A DNS server that is queried over HTTPS (RFC 8484)."""

    url: str

    def __str__(self) -> str:
        return self.url


AnyServer = Server | HttpsServer


def parse_server(text: str) -> AnyServer:
    """`ADDRESS[:PORT]`, IPv6 in brackets where a port follows, or `https://HOST/PATH`. Raises ValueError with a message."""
    if text.startswith("https://"):
        if not urlsplit(text).hostname:
            raise ValueError(f"'{text}' has no host: write it like https://dns.example/dns-query")
        return HttpsServer(text)
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        port = rest.removeprefix(":") if rest.startswith(":") else rest or str(_PORT)
        usable = bool(bracket) and (not rest or rest.startswith(":"))
    elif text.count(":") == 1:
        address, _, port = text.partition(":")
        usable = True
    else:
        address, port, usable = text, str(_PORT), True
    if not usable or not (port.isascii() and port.isdigit()) or not 0 < int(port) < 65536 or not is_address(address):
        raise ValueError(
            f"'{text}' is not ADDRESS[:PORT] with an IP address, IPv6 in brackets, such as [2001:db8::53]:53, "
            "and not https://…"
        )
    return Server(address, int(port))


def is_address(text: str) -> bool:
    """An IPv4 or IPv6 address and nothing else."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def system_servers() -> tuple[Server, ...]:
    """The resolvers of this machine; none where they are unknown."""
    from dns.resolver import NoResolverConfiguration, Resolver

    try:
        resolver = Resolver(configure=True)
    except (NoResolverConfiguration, OSError, ValueError):
        return ()
    return tuple(Server(address, resolver.port) for address in resolver.nameservers if isinstance(address, str))
