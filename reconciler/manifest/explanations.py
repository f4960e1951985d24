"""The documentation of a code or a reason: its section of a page of docs, which is the only place it is written."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from pathlib import Path

_PAGES = ("diagnostics.md", "reasons.md")
_CHAPTER = re.compile(r"^## ", re.MULTILINE)
_STATEMENT = re.compile(r"(?:`[^`]*`|[^`])*?(?=[.:;](?:\s|$))")
_SECTION = re.compile(r"^### `([a-z0-9_-]+)`\n(?:.*\n)*?(?=^##|\Z)", re.MULTILINE)


def section(word: str) -> str | None:
    """The section in Markdown, with its heading, or None for an unknown word."""
    return _sections().get(word.lower())


def listed() -> dict[str, list[tuple[str, str]]]:
    """Every code and reason with its summary, under the headings and in the order of the documentation."""
    chapters = (chapter.partition("\n") for page in _PAGES for chapter in _CHAPTER.split(_page(page))[1:])
    return {
        heading: [(match[1], _summary(match[0])) for match in _SECTION.finditer(text)] for heading, _, text in chapters
    }


def _summary(section: str) -> str:
    """The first statement of a section, without the details after a colon."""
    paragraph = " ".join(section.split("\n\n")[1].split())
    statement = _STATEMENT.match(paragraph)
    return statement[0] if statement else paragraph


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
