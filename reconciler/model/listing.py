"""A list in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def first_of(texts: Iterable[object], most: int = 5, separator: str = ", ") -> str:
    """The first of the texts, and `…` where there are more."""
    listed = [str(text) for text in texts]
    return separator.join(listed[:most]) + (" …" if len(listed) > most else "")


def names_of(names: Iterable[str], most: int = 10) -> str:
    """The first of the names in backticks, and how many more there are."""
    listed = [f"`{name}`" for name in names]
    rest = len(listed) - most
    return ", ".join(listed[:most]) + (f" and {rest:,} more" if rest > 0 else "")
