"""The API's check of a hostname: a bare subdomain (troubleshooting guide)."""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

    from reconciler.emulator.switches import Switches

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE | re.ASCII)


def hostname_error(hostname: str, switches: Switches) -> str | None:
    """Why the hostname is refused, or None. Documented: bare, no scheme, path, port or white space, and no apex."""
    labels = hostname.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels) or len(hostname) > 253:
        return "must be a bare hostname without scheme, port, path or white space"
    if not labels[-1][0].isalpha():
        return "must not be an IP address"
    if len(labels) < 2 or (
        switches.apex != "allow" and _is_apex(hostname.lower(), by_list=switches.apex == "suffixes")
    ):
        return "must be a subdomain such as images.example.com, not an apex domain"
    if switches.imgwire_names == "refuse" and hostname.lower().split(".")[-2:] == ["imgwire", "dev"]:
        return "must not be a name below imgwire.dev"
    return None


def _is_apex(hostname: str, *, by_list: bool) -> bool:
    if not by_list:
        return hostname.count(".") < 2
    return _suffixes().privatesuffix(hostname) in (None, hostname)


@functools.cache
def _suffixes() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
