"""What a text is written on: with colour or without, and how wide. Colour says nothing that the text does not."""

from __future__ import annotations

from dataclasses import dataclass

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "bold": "1", "dim": "2"}


@dataclass(frozen=True, slots=True)
class Style:
    """Wraps text in colour, or leaves it as it is. `width` counts the columns of a terminal; None is as wide as need be."""

    colour: bool = False
    width: int | None = None

    def __call__(self, colour: str, text: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colour and text else text
