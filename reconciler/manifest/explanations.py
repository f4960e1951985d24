"""The documentation of a diagnostic code: its section of docs/diagnostics.md, which is the only place it is written."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_SECTION = re.compile(r"^### `([a-z0-9-]+)`\n(?:.*\n)*?(?=^##|\Z)", re.MULTILINE)


def explain(code: str) -> str | None:
    """The section in Markdown, with its heading, or None for an unknown code."""
    return _sections().get(code)


@cache
def _sections() -> dict[str, str]:
    return {match[1]: match[0].rstrip("\n") + "\n" for match in _SECTION.finditer(_page())}


def _page() -> str:
    """From the wheel, or from the checkout that an editable install uses."""
    package = Path(__file__).parent.parent
    shipped = package / "docs" / "diagnostics.md"
    return (shipped if shipped.exists() else package.parent / "docs" / "diagnostics.md").read_text(encoding="utf-8")
