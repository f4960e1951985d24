"""Wording of values and names in messages."""

from __future__ import annotations

from functools import lru_cache

from reconciler.manifest.scalars import AmbiguousScalar

_MAX_LENGTH = 80


def shorten(text: str) -> str:
    """Text from a file for a message: one line, at most _MAX_LENGTH characters."""
    text = text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 1] + "…"
    return text.replace("\r", "␍").replace("\n", "␊")


def describe(value: object) -> str:
    """The kind of a value, with an article."""
    if isinstance(value, AmbiguousScalar):
        return value.kind
    if value is None:
        return "`null`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, int):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "a list" if isinstance(value, list) else "a mapping"


@lru_cache(maxsize=1024)
def closest(word: str, known: tuple[str, ...]) -> str | None:
    """The known word that is most similar, without regard to case and punctuation, or None."""
    from difflib import get_close_matches

    if len(word) > _MAX_LENGTH:
        return None
    plain = {_plain(name): name for name in known}
    found = get_close_matches(_plain(word), plain, 1, 0.7)
    return plain[found[0]] if found else None


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())
