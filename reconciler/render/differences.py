"""A value before and after, as lines that begin with `-` and `+`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.render.layout import columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.plan import Change
    from reconciler.render.style import Style

_INDENT = "    "


def hostname_lines(live: str | None, desired: str | None, style: Style) -> Iterator[str]:
    """The live hostname and the desired one."""
    before, after = (display_hostname(name) if name else None for name in (live, desired))
    return difference_lines((before, after), ("live", "desired"), style)


def difference_lines(values: Sequence[str | None], labels: Sequence[str], style: Style) -> Iterator[str]:
    """`- BEFORE  label` and `+ AFTER  label`, without a line for None. A value too wide to be beside its sign is on the next
    line, below the label."""
    return _lines(values, labels, ("red", "green"), style)


def since_lines(change: Change, style: Style) -> Iterator[str]:
    """A value before and now, in the colours of neither: what is there now may be the worse of both."""
    labels = (f"{change.path} before", f"{change.path} now")
    return _lines((change.before, change.after), labels, ("dim", "bold"), style)


def _lines(values: Sequence[str | None], labels: Sequence[str], colours: Sequence[str], style: Style) -> Iterator[str]:
    for sign, colour, value, label in zip("-+", colours, values, labels, strict=True):
        if not value:
            continue
        text = f"{sign} {escape_control(value)}"
        if style.width is None or columns(_INDENT + text) <= style.width:
            yield f"{_INDENT}{style(colour, text)}  {label}"
        else:
            yield f"{_INDENT}{style(colour, f'{sign} {label}:')}"
            yield escape_control(value)
