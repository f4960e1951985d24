"""What a stream can show: colour, width, or neither."""

from __future__ import annotations

import contextlib
import os
from dataclasses import replace
from typing import IO

from reconciler.render.style import Style


def style_for(stream: IO[str], *, verbose: bool = False) -> Style:
    """How to write for the stream: in colour where that is wanted, in the width of the terminal if it is one."""
    width = _columns(stream) if is_terminal(stream) else None
    return replace(checkout_style(), colour=colours(stream), width=width, verbose=verbose)


def checkout_style() -> Style:
    """How to write files: plain, with paths relative to the repository that the pipeline has checked out, if any."""
    checkout = os.environ.get("GITHUB_WORKSPACE") or os.environ.get("CI_PROJECT_DIR")
    if not checkout:
        return Style()
    with contextlib.suppress(OSError, ValueError):
        return Style(folder=os.path.realpath(os.curdir), checkout=os.path.realpath(checkout))
    return Style()


def _columns(stream: IO[str]) -> int:
    """The width of this very terminal; standard output, of which shutil would ask, may be elsewhere. COLUMNS overrides it."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(stream.fileno()).columns or 80
    return 80


def colours(stream: object) -> bool:
    """NO_COLOR (no-color.org) turns colours off, FORCE_COLOR on. Otherwise a terminal has them, if it is not dumb."""
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
