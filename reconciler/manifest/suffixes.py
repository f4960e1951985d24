"""The Public Suffix List, parsed only as far as the names need it: all of it takes as long as a third of a small run."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_MAX_PARTS = 8  # beyond so many top-level domains one parse of the whole list is cheaper
_parts: dict[str, PublicSuffixList] = {}


def registrable_domain(name: str) -> str | None:
    """The registrable domain of a name in lower-case ASCII, private section included; None for a public suffix, and for what
    is no ASCII: a name in an answer of the API may be anything."""
    if not name.isascii():
        return None
    domain: str | None = _rules(name.rpartition(".")[2]).privatesuffix(name)
    return domain


def _rules(top: str) -> PublicSuffixList:
    """The rules that can match names below a top-level domain. A rule matches from its last label on."""
    from publicsuffixlist import PSLFILE, PublicSuffixList

    # The list writes internationalized names in Unicode, so the rules below an `xn--` domain are not found by their ending.
    if top.startswith("xn--") or (top not in _parts and len(_parts) >= _MAX_PARTS):
        return _whole()
    if top not in _parts:
        label = top.encode()
        lines = Path(PSLFILE).read_bytes().split(b"\n")
        _parts[top] = PublicSuffixList(
            b"\n".join(line for line in lines if line == label or line.endswith(b"." + label))
        )
    return _parts[top]


@cache
def _whole() -> PublicSuffixList:
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList()
