"""Wording of values and names in messages."""

from __future__ import annotations

from functools import lru_cache

from reconciler.manifest.scalars import AmbiguousScalar

_MAX_LENGTH = 80
_MIN_PART = 3  # characters: a shorter part is in too many words


def shorten(text: str) -> str:
    """Text from a file for a message: one line, at most _MAX_LENGTH characters."""
    text = text if len(text) <= _MAX_LENGTH else text[: _MAX_LENGTH - 1] + "…"
    return text.replace("\r", "␍").replace("\n", "␊")


def describe(value: object) -> str:
    """The kind of a value, with an article, or the value itself where its kind has no plain name."""
    if isinstance(value, AmbiguousScalar):
        return value.kind.format(text=shorten(value.text))
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
    """The known word that is most similar, or the only one that `word` is a part of. Case and punctuation do not count."""
    from difflib import get_close_matches

    if len(word) > _MAX_LENGTH:
        return None
    plain = {_plain(name): name for name in known}
    wanted = _plain(word)
    if found := get_close_matches(wanted, plain, 1, 0.7):
        return plain[found[0]]
    longer = [name for name in plain if len(wanted) >= _MIN_PART and wanted in name]
    return plain[longer[0]] if len(longer) == 1 else None


def _plain(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter.isalnum())
