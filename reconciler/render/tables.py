"""Columns that line up, whatever scripts and colours their cells are written in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.render.width import width

if TYPE_CHECKING:
    from collections.abc import Sequence

_BELOW = " " * 8
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def _columns(cell: str) -> int:
    """Columns that the cell takes; colour codes take none."""
    return width(_COLOUR.sub("", cell))


def format_table(rows: Sequence[Sequence[str]], room: int | None = None) -> str:
    """The rows as lines, two spaces between columns, nothing behind the last.

    Where the widest line has no room, every last cell goes to a line of its own below, so that no terminal breaks a line.
    """
    if not rows:
        return ""
    widths = [max(_columns(row[column]) for row in rows) for column in range(len(rows[0]))]
    if room is None or len(widths) == 1 or sum(widths) + 2 * (len(widths) - 1) <= room:
        return "\n".join(_line(row, widths) for row in rows)
    lines = [part for row in rows for part in (_line(row[:-1], widths[:-1]), _BELOW + row[-1] if row[-1] else "")]
    return "\n".join(line for line in lines if line)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell + " " * (size - _columns(cell)) for cell, size in zip(row, widths, strict=True)).rstrip()
