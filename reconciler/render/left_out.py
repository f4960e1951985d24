"""The environments that a saved plan has no steps for, and what to do about them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.model.escape import escape_control
from reconciler.model.listing import first_of
from reconciler.render.next_command import NextCommand

if TYPE_CHECKING:
    from reconciler.model.results import ApplyResult
    from reconciler.render.style import Style


def left_out(result: ApplyResult, style: Style) -> str:
    """How to go on with the environments that a saved plan has no steps for, and that are not as desired or not known."""
    saved = style.given is not None and style.given.saved is not None
    names = [
        item.name
        for item in result.plan.environments
        if item.reason == "not_in_plan" or (saved and isinstance(item.live, Unreadable))
    ]
    if not names:
        return ""
    plan = NextCommand(result.plan, style).line("plan", names[0] if len(names) == 1 else None)
    listed = first_of(f"`{escape_control(name)}`" for name in names)
    return (
        f"The saved plan has no steps for {listed}: run `{plan}` for {'it' if len(names) == 1 else 'them'}, then apply."
    )
