"""Columns that line up, whatever scripts and colours their cells are written in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.render.width import width

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _columns(cell: str) -> int:
    """Columns that the cell takes; colour codes take none."""
    return width(_COLOUR.sub("", cell))


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """The rows as lines, two spaces between columns, nothing behind the last."""
    if not rows:
        return ""
    widths = [max(_columns(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell + " " * (size - _columns(cell)) for cell, size in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
