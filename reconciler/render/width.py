"""How many columns of a terminal text takes."""

from __future__ import annotations

import unicodedata


def width(text: str) -> int:
    """Columns that `text`, made safe, takes: 2 for wide characters, 0 for those that combine (UAX #11, UAX #44)."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def _width(character: str) -> int:
    if (
        unicodedata.category(character) in {"Mn", "Me"} or 0x1160 <= ord(character) <= 0x11FF
    ):  # jamo join the one before
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
