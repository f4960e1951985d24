"""The examples of a help page: command lines, and what each of them does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.render.layout import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

_INDENT = "  "
_MAX_COMMAND = 48  # columns: the description of a longer one begins on the next line
_MIN_BESIDE = 24  # columns: a narrower description is below its command


def example_lines(examples: Sequence[tuple[str, str]], width: int) -> str:
    """The descriptions beside the commands, or below them where `width` columns have no room for both."""
    size = min(max(len(command) for command, _ in examples), _MAX_COMMAND)
    beside = " " * (len(_INDENT) + size + 2)
    lines: list[str] = []
    for command, description in examples:
        if width - len(beside) < _MIN_BESIDE:
            lines += [f"{_INDENT}{command}", *wrap(description, width, first=_INDENT * 3)]
        elif len(command) > size:
            lines += [f"{_INDENT}{command}", *wrap(description, width, first=beside)]
        else:
            lines += wrap(description, width, first=f"{_INDENT}{command:<{size}}  ", rest=beside)
    return "".join(f"{line}\n" for line in lines)
