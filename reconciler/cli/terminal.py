"""What a stream can show: colour, width, or neither."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO, cast

import click

from reconciler.cli.command_line import given_options
from reconciler.operations.checkout import style_in_checkout
from reconciler.render.style import Style, wants_colour
from reconciler.streams import SurvivingStream

if TYPE_CHECKING:
    from rich.console import Console


def style_for_files() -> Style:
    """How to write files: plain, with the options that suggested commands need."""
    context = click.get_current_context(silent=True)
    knows = context is not None and "files" in context.params
    return replace(style_in_checkout(os.environ), given=given_options() if knows else None)


def style_for(stream: TextIO, *, verbose: bool = False) -> Style:
    """How to write for the stream: in colour where that is wanted, in the width of the terminal if it is one."""
    width = _columns(stream) if is_terminal(stream) else None
    return replace(
        style_for_files(),
        colour=wants_colour(os.environ, is_terminal(stream)),
        width=width,
        verbose=verbose,
    )


def _columns(stream: TextIO) -> int:
    """The width of this very terminal; standard output, of which shutil would ask, may be elsewhere. COLUMNS overrides it."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(stream.fileno()).columns or 80
    return 80


def is_terminal(stream: object) -> bool:
    """The stream is open and a terminal."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False


def drawing_console() -> Console:
    """Where a bar or a table is drawn: standard error, as long as it can be written to. Nothing is raised when it cannot."""
    from rich.console import Console

    return Console(file=cast("TextIO", SurvivingStream(sys.stderr)))
