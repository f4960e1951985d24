"""Makes text from files and from the network harmless to a terminal."""

from __future__ import annotations


def escape_control(text: str) -> str:
    """One line of text in which nothing is invisible: what is not printable becomes a visible escape such as `\\x1b`.

    That is every control character (line breaks, tabs and C1 included), format character (such as the bidirectional
    overrides), lone surrogate, private or unassigned code point (Unicode categories C*), and every space but U+0020.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
