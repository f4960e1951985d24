"""The proxy for a host, from HTTPS_PROXY, ALL_PROXY and NO_PROXY."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from reconciler.model.errors import NotSent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VARIABLES = ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")  # lower case first, as curl and Python do
_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """`scheme` is http, https, socks5 or socks5h. `variable` is where the address comes from."""

    variable: str
    scheme: str
    host: str
    port: int
    user: str | None = field(default=None, repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def proxy_for(host: str, port: int, environ: Mapping[str, str]) -> Proxy | None:
    """The proxy for an https URL with this host, or None for a direct connection. Raises NotSent where it cannot be used."""
    variable = next((name for name in _VARIABLES if environ.get(name, "").strip()), None)
    if variable is None or bypasses(host, port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
        return None
    address = environ[variable].strip()
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        # An unencoded `#`, `?` or `/` in a password ends the address early, and what stays would be shown as the host.
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError
        user = None if parts.username is None else unquote(parts.username)
        return Proxy(
            variable,
            parts.scheme,
            parts.hostname,
            parts.port or _PORTS[parts.scheme],
            user,
            unquote(parts.password or ""),
        )
    except ValueError:
        # The address is not quoted: it may contain a password.
        raise NotSent(
            f"the proxy cannot be used: {variable} is not the address of a proxy",
            hint=f"set {variable} to http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, or unset it",
        ) from None


def bypasses(host: str, port: int, no_proxy: str) -> bool:
    """An entry of NO_PROXY matches: `*`, a name with all names below it, a pattern with `*`, an address or a range of
    addresses, each but the last two with an optional port."""
    return any(_matches(host.rstrip(".").lower(), port, entry) for entry in _entries(no_proxy))


def _entries(no_proxy: str) -> Iterator[str]:
    return (entry.lower() for part in no_proxy.split(",") for entry in part.split())


def _matches(host: str, port: int, entry: str) -> bool:
    address = _address(host)
    try:
        network = ipaddress.ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        name, _, given = entry.rpartition(":")
        if given.isdigit() and name:
            return int(given) == port and _matches(host, port, name)
        name = entry.rstrip(".")
        if "*" in name:
            return fnmatchcase(host, name)
        name = name.removeprefix(".")
        return bool(name) and (host == name or (address is None and host.endswith(f".{name}")))
    return address is not None and address in network


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
