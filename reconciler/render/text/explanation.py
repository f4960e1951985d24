"""The documentation of a code or a reason, and the list of all of them, for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.render.layout import fit, wrap

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.render.style import Style

_FENCE = "```"
_FILE_WIDTH = 80  # columns, where there is no terminal
_MAX_WIDTH = 100  # columns: longer lines of prose are hard to read

_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")
_BOLD = re.compile(r"\*\*(.+?)\*\*")


def render_explanation(markdown: str, style: Style) -> str:
    """One section of a page in Markdown: its prose wrapped to the terminal, its examples indented."""
    blocks: list[str] = []
    prose: list[str] = []
    example: list[str] | None = None
    for line in [*markdown.splitlines(), ""]:
        if example is not None and line.startswith(_FENCE):
            blocks.append(fit("\n".join(example), style.width))
            example = None
        elif example is not None:
            example.append(f"    {line}".rstrip())
        elif line and not line.startswith((_FENCE, "#")):
            prose.append(line)
        else:
            if prose:
                blocks.append(_paragraph(" ".join(prose), style))
                prose = []
            if line.startswith(_FENCE):
                example = []
            elif line:
                blocks.append(style("bold", line.strip("# `")))
    return "\n\n".join(blocks) + "\n"


def _paragraph(text: str, style: Style) -> str:
    words = _BOLD.sub(lambda match: style("bold", match[1]), _LINK.sub(r"\1", text))
    return "\n".join(wrap(words, min(style.width or _FILE_WIDTH, _MAX_WIDTH)))


def render_index(codes: Mapping[str, Sequence[tuple[str, str]]], style: Style) -> str:
    """Every code with its summary, in groups under their headings."""
    lines = wrap("Run `reconciler explain CODE` for the documentation of one of these codes.", style.width)
    for heading, rows in codes.items():
        lines += ["", style("bold", heading)]
        size = max(len(code) for code, _ in rows)
        lines += [line for code, summary in rows for line in wrap(summary, style.width, first=f"  {code:<{size}}  ")]
    return "\n".join(lines) + "\n"
