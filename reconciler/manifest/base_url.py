"""Checks the base URL of the API, from wherever it is given."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


class InsecureUrl(ValueError):
    """The URL would send a key in the clear."""


def check(url: str) -> str:
    """The base URL without a trailing slash and with scheme and host in lower case.

    Plain `http` is for loopback hosts only (localhost, *.localhost, 127.0.0.0/8, ::1). Raises InsecureUrl for another host,
    and ValueError for what cannot be a base URL; the words never repeat user information that the URL holds.
    """
    if any(character.isspace() or not character.isprintable() for character in url):
        raise ValueError("a base URL has no white space and no control characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as failure:
        raise ValueError(f"this is not a URL: {failure}") from None
    if parts.scheme not in {"http", "https"}:
        raise ValueError("a base URL starts with `https://`")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a base URL has no user information: keys are given by `api_key`")
    if not host or "\\" in parts.netloc or not (host.isascii() and set(host).isdisjoint("%_*,;!$&'()+= ")):
        raise ValueError("a base URL needs a host")
    if "?" in url or "#" in url:
        raise ValueError("a base URL has no query and no fragment")
    if parts.scheme == "http" and not _is_loopback(host):
        raise InsecureUrl("plain `http` would send API keys in the clear")
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"


def _is_loopback(host: str) -> bool:
    name = host.removesuffix(".")
    if name == "localhost" or name.endswith(".localhost"):  # RFC 6761, 6.3
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
