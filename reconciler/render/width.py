"""How many columns of a terminal text takes."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


def width(text: str) -> int:
    """Columns that `text`, made safe, takes: 2 for wide characters, 0 for those that combine (UAX #11, UAX #44)."""
    return len(text) if text.isascii() else sum(map(_width, text))


@lru_cache(maxsize=4096)
def _width(character: str) -> int:
    if (
        unicodedata.category(character) in {"Mn", "Me"} or 0x1160 <= ord(character) <= 0x11FF
    ):  # jamo join the one before
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
