"""Where a name's DNS zone most likely begins."""

from __future__ import annotations

from reconciler.manifest.suffixes import registrable_domain


def zone_of(name: str) -> str | None:
    """The registrable domain that the name lies in (Public Suffix List); None where it is itself a suffix."""
    return registrable_domain(name)
