"""The documentation of a code or a reason: its section of a page of docs, which is the only place it is written."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

_PAGES = ("diagnostics.md", "reasons.md")
_SECTION = re.compile(r"^### `([a-z0-9_-]+)`\n(?:.*\n)*?(?=^##|\Z)", re.MULTILINE)


def section(word: str) -> str | None:
    """The section in Markdown, with its heading, or None for an unknown word."""
    return _sections().get(word.lower())


def listed() -> str:
    """Every code and reason, one a line, in the order of the documentation."""
    return "".join(f"{word}\n" for word in _sections())


def suggestion(word: str) -> str:
    """What an unknown word may have meant."""
    import difflib

    close = difflib.get_close_matches(word, _sections(), 1)
    if close:
        return f"Did you mean `{close[0]}`?"
    return "`reconciler explain` lists all of them."


@cache
def _sections() -> dict[str, str]:
    pages = "\n".join(map(_page, _PAGES))
    return {match[1]: match[0].rstrip("\n") + "\n" for match in _SECTION.finditer(pages)}


def _page(name: str) -> str:
    """From the wheel, or from the checkout that an editable install uses."""
    shipped = files("reconciler").joinpath("docs", name)
    if shipped.is_file():
        return shipped.read_text("utf-8")
    return (Path(__file__).parent.parent.parent / "docs" / name).read_text(encoding="utf-8")
