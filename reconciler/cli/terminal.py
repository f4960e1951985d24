"""What a stream can show: colour, width, or neither."""

from __future__ import annotations

import contextlib
import os
from typing import IO

from reconciler.render.style import Style


def style_for(stream: IO[str], *, verbose: bool = False) -> Style:
    """How to write for the stream: in colour where that is wanted, in the width of the terminal if it is one."""
    return Style(colours(stream), _columns(stream) if is_terminal(stream) else None, verbose)


def _columns(stream: IO[str]) -> int:
    """The width of this very terminal; standard output, of which shutil would ask, may be elsewhere. COLUMNS says otherwise."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(stream.fileno()).columns or 80
    return 80


def colours(stream: object) -> bool:
    """NO_COLOR (no-color.org) says no, FORCE_COLOR yes, else a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: object) -> bool:
    """The stream is open and a terminal."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False
