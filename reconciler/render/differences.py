"""A value before and after, as lines that begin with `-` and `+`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.render.layout import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.render.style import Style

_INDENT = "    "


def hostname_lines(live: str | None, desired: str | None, style: Style) -> Iterator[str]:
    """The live hostname and the desired one."""
    before, after = (display_hostname(name) if name else None for name in (live, desired))
    return difference_lines((before, after), ("live", "desired"), style)


def difference_lines(values: Sequence[str | None], labels: Sequence[str], style: Style) -> Iterator[str]:
    """`- BEFORE  label` and `+ AFTER  label`, without a line for None. A value too wide to be beside its sign is on the next
    line, below the label."""
    for sign, colour, value, label in zip("-+", ("red", "green"), values, labels, strict=True):
        if not value:
            continue
        text = f"{sign} {escape_control(value)}"
        if style.width is None or columns(_INDENT + text) <= style.width:
            yield f"{_INDENT}{style(colour, text)}  {label}"
        else:
            yield f"{_INDENT}{style(colour, f'{sign} {label}:')}"
            yield escape_control(value)
