"""Checks the base URL of the API, and chooses among the places that may name one."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.model.environments import DEFAULT_API_URL

if TYPE_CHECKING:
    from collections.abc import Mapping

VARIABLE = "IMGWIRE_API_BASE_URL"
HOME = "imgwire.dev"
INSECURE = "plain `http` sends API keys unencrypted"


class InsecureUrl(ValueError):
    """The URL would send a key unencrypted."""


@dataclass(frozen=True, slots=True)
class BaseUrl:
    """A base URL without a trailing slash, with scheme and host in lower case."""

    text: str
    scheme: str
    host: str

    @property
    def is_secure(self) -> bool:
        """`https`, or a host that is this machine: `localhost`, 127.0.0.0/8 or ::1. Other names may resolve to anything."""
        return self.scheme == "https" or self._is_loopback

    @property
    def is_trusted(self) -> bool:
        """A manifest may name it: a host at or below imgwire.dev, or this machine."""
        name = self.host.removesuffix(".")
        return name == HOME or name.endswith(f".{HOME}") or self._is_loopback

    @property
    def _is_loopback(self) -> bool:
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse(url: str) -> BaseUrl:
    """Raises ValueError for text that cannot be a base URL. The message never repeats user information of the URL."""
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
    shown = f"[{host}]" if ":" in host else host
    text = f"{parts.scheme}://{shown}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
    return BaseUrl(text, parts.scheme, host)


def choose(option: str | None, environ: Mapping[str, str], manifest: str | None, *, allow_http: bool = False) -> str:
    """The base URL of a run: `--api-url`, else IMGWIRE_API_BASE_URL, else `api.base_url`, else the default.

    Raises InsecureUrl for plain `http` to another machine unless `allow_http`, ValueError for text that is no base URL.
    """
    for name, url in (("--api-url", option), (VARIABLE, environ.get(VARIABLE, "").strip() or None)):
        if url is None:
            continue
        try:
            found = parse(url)
        except ValueError as failure:
            raise ValueError(f"{name}: {failure}") from None
        if not found.is_secure and not allow_http:
            raise InsecureUrl(f"{name}: {INSECURE}")
        return found.text
    return manifest or DEFAULT_API_URL
