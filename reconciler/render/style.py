"""How a text is written: colour, width, how much of it, and in which checkout. Colour never has meaning alone."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.render.given import Given

T = TypeVar("T")

_CODES = {"red": "31", "green": "32", "yellow": "33", "blue": "34", "cyan": "36", "bold": "1", "dim": "2"}
_MAX_UNFOLDED = 20


@dataclass(frozen=True, slots=True)
class Style:
    """Wraps text in colour, or leaves it as it is. `width` counts the columns of a terminal, None for a file or a pipe.

    `verbose` lists on a terminal what is otherwise only counted there.

    `folder` is the working folder and `checkout` the root of the repository that a pipeline has checked out, both absolute;
    empty outside a pipeline. `comment_key` is part of the marker of Markdown. `given` has the options that a suggested command
    needs to reach the same manifest and API, None where they are not known.
    """

    colour: bool = False
    width: int | None = None
    verbose: bool = False
    folder: str = ""
    checkout: str = ""
    comment_key: str = ""
    given: Given | None = None

    def __call__(self, colour: str, text: str) -> str:
        return f"\x1b[{_CODES[colour]}m{text}\x1b[0m" if self.colour and text else text

    def path(self, file: str) -> str:
        """The file as code review tools name it: relative to the checkout. A file outside of it keeps its path."""
        if not self.checkout:
            return file
        relative = posixpath.relpath(posixpath.join(self.folder, file), self.checkout)
        return file if relative == ".." or relative.startswith("../") else relative

    def folded(self, items: Sequence[T], is_ready: Callable[[T], bool]) -> tuple[Sequence[T], str]:
        """The items to list, and a line that counts the ready ones if they are left out, as on a terminal with many."""
        ready = sum(is_ready(item) for item in items)
        if self.width is None or self.verbose or ready <= _MAX_UNFOLDED:
            return items, ""
        return [item for item in items if not is_ready(item)], f"{ready:,} ready environments are not listed (add -v)."


PLAIN = Style()


def parse_comment_key(text: str) -> str:
    """A word that can be in an HTML comment. Raises ValueError."""
    if not re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})?", text) or "--" in text:
        raise ValueError(f"'{text}' is not a key of letters, digits, '.', '_' and single '-', at most 64")
    return text


def wants_colour(environ: Mapping[str, str], is_terminal: bool) -> bool:
    """NO_COLOR (no-color.org) turns colours off, FORCE_COLOR on. Otherwise a terminal has them, if it is not dumb."""
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal and environ.get("TERM") != "dumb"
