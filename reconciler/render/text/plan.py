"""What apply would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable, or_not_known
from reconciler.model.hostnames import shown
from reconciler.model.plan import Action
from reconciler.render.escape import escape_control
from reconciler.render.tables import aligned
from reconciler.render.text.parts import blocks, hints, joined, nothing_to_do, render_failure, section

if TYPE_CHECKING:
    from reconciler.model.document import Document
    from reconciler.model.plan import Plan, Planned
    from reconciler.render.ink import Ink

_SIGNS = {
    Action.CREATE: ("+", "green"),
    Action.DELETE: ("-", "red"),
    Action.REPLACE: ("~", "yellow"),
    Action.VERIFY: ("?", "cyan"),
    Action.UNREADABLE: ("!", "red"),
}


def render_plan(document: Document, ink: Ink) -> str:
    """What apply would do: each change, each interruption by name, what blocks it, and the numbers."""
    if document.plan is None:
        return render_failure(document, ink)
    return joined(
        [
            _actions(document.plan, ink),
            _moves(document.plan),
            _interruptions(document, ink),
            blocks(document, ink),
            _totals(document, ink),
            hints(document.plan),
        ]
    )


def _actions(plan: Plan, ink: Ink) -> str:
    rows = []
    for item in plan.items:
        if item.action is Action.NONE:
            continue
        sign, style = _SIGNS[item.action]
        rows.append(
            (f"  {ink(style, f'{sign} {item.action}')}", escape_control(item.name), escape_control(_detail(item)))
        )
    return aligned(rows, ink.width)


def _detail(item: Planned) -> str:
    wanted = shown(item.environment.hostname or "")
    match item.live:
        case Unreadable(error):
            return error.message
        case Present(domain) if item.action is Action.VERIFY:
            return f"{shown(domain.hostname)} ({domain.health})"
        case Present(domain) if item.action is Action.REPLACE:
            return f"{shown(domain.hostname)} -> {wanted} ({or_not_known(domain.status)}, deleted and created anew)"
        case Present(domain):
            return f"{shown(domain.hostname)} ({or_not_known(domain.status)})"
        case _:
            return wanted


def _moves(plan: Plan) -> str:
    lines = [
        f"  {escape_control(shown(move.hostname))}: {escape_control(move.source)} -> {escape_control(move.target)}"
        for move in plan.moves
    ]
    return section("Moves", lines)


def _interruptions(document: Document, ink: Ink) -> str:
    if document.plan is None or not document.plan.interruptions:
        return ""
    lines = []
    for item in document.plan.interruptions:
        until = f"until {escape_control(item.until)} finds it connected" if item.until else "for good"
        lines.append(
            f"  {escape_control(shown(item.hostname))} stops being served with {escape_control(item.from_step)}, {until}"
        )
    return section(ink("yellow", f"Interruptions ({len(lines)}, allowed {document.max_interruptions})"), lines)


def _totals(document: Document, ink: Ink) -> str:
    assert document.plan is not None  # noqa: S101 - the caller has looked
    count = document.plan.summary()
    if not document.plan.steps:
        return nothing_to_do(document.plan, ink)
    parts = [f"{count[key]} to {key}" for key in ("create", "delete", "replace", "verify") if count[key]]
    parts += [f"{count[key]} {key}" for key in ("unchanged", "unreadable") if count[key]]
    steps = f"{count['steps']} {'step' if count['steps'] == 1 else 'steps'}, {count['writes']} of them changes"
    lines = [f"Plan: {', '.join(parts)}. {steps}."]
    if document.digest and document.plan.writes:
        lines.append(f"Digest: {document.digest}")
    return "\n".join(lines)
