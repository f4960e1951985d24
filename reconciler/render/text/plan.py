"""What apply would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable, or_not_known
from reconciler.model.hostnames import shown
from reconciler.model.plan import Action
from reconciler.model.results import PlanResult
from reconciler.render.escape import escape_control
from reconciler.render.tables import format_table
from reconciler.render.text.sections import blocks, hints, joined, nothing_to_do, render_failure, section

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.proposal import Proposal
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_SIGNS = {
    Action.CREATE: ("+", "green"),
    Action.DELETE: ("-", "red"),
    Action.REPLACE: ("~", "yellow"),
    Action.VERIFY: ("?", "cyan"),
    Action.UNREADABLE: ("!", "red"),
}


def render_plan(report: Report, style: Style) -> str:
    """What apply would do: each change, each interruption by name, what blocks it, and the numbers."""
    match report.content:
        case PlanResult(proposal=proposal):
            return render_proposal(proposal, style)
        case _:
            return render_failure(report, style)


def render_proposal(proposal: Proposal, style: Style) -> str:
    """The same of a proposal that is still to be approved."""
    plan = proposal.plan
    return joined(
        [
            _actions(plan, style),
            _moves(plan),
            _interruptions(proposal, style),
            blocks(proposal.blocks, style),
            _totals(proposal, style),
            hints(plan),
        ]
    )


def _actions(plan: Plan, style: Style) -> str:
    rows = []
    for item in plan.environments:
        if item.action is Action.NONE:
            continue
        sign, colour = _SIGNS[item.action]
        rows.append(
            (f"  {style(colour, f'{sign} {item.action}')}", escape_control(item.name), escape_control(_detail(item)))
        )
    return format_table(rows, style.width)


def _detail(item: EnvironmentPlan) -> str:
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


def _interruptions(proposal: Proposal, style: Style) -> str:
    lines = []
    for item in proposal.plan.interruptions:
        until = f"until {escape_control(item.until)} finds it connected" if item.until else "for good"
        lines.append(
            f"  {escape_control(shown(item.hostname))} stops being served with {escape_control(item.from_step)}, {until}"
        )
    return section(style("yellow", f"Interruptions ({len(lines)}, allowed {proposal.max_interruptions})"), lines)


def _totals(proposal: Proposal, style: Style) -> str:
    plan = proposal.plan
    count = plan.summary()
    digest = f"Digest: {proposal.digest}"
    if not plan.steps:
        return f"{nothing_to_do(plan, style)}\n{digest}"
    parts = [f"{count[key]} to {key}" for key in ("create", "delete", "replace", "verify") if count[key]]
    parts += [f"{count[key]} {key}" for key in ("unchanged", "unreadable") if count[key]]
    steps = f"{count['steps']} {'step' if count['steps'] == 1 else 'steps'}, {count['writes']} of them changes"
    lines = [f"Plan: {', '.join(parts)}. {steps}.", digest]
    return "\n".join(lines)
