"""What apply would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable, or_not_known
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import CHANGING, Action
from reconciler.model.results import PlanResult
from reconciler.model.steps import step_name
from reconciler.render.layout import columns, pack
from reconciler.render.lookups import render_publications
from reconciler.render.text.plan_next import next_of_plan
from reconciler.render.text.progress import MAX_PADDED
from reconciler.render.text.sections import (
    NO_KEY,
    blocks,
    counted,
    hints,
    joined,
    left_unread,
    nothing_to_do,
    render_failure,
    section,
    unchecked_pins,
    unpinned_moves,
    without_keys,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.plan import EnvironmentPlan, Interruption, Move, Plan
    from reconciler.model.proposal import Proposal
    from reconciler.model.results import Report
    from reconciler.render.style import Style

# Worst first.
_SIGNS = {
    Action.UNREADABLE: ("!", "red"),
    Action.DELETE: ("-", "red"),
    Action.REPLACE: ("~", "yellow"),
    Action.CREATE: ("+", "green"),
    Action.VERIFY: ("?", "cyan"),
}
_BEFORE_AND_AFTER = {Action.DELETE, Action.REPLACE}  # shown below the name
_MAX_STEPS = 200  # more are counted: nobody reads them, and JSON has them all
_LOG_WIDTH = 100  # columns of a list of steps where no terminal has a width
_DETAIL = " " * 6
BLOCKED_WITHOUT_STEPS = "Nothing can be applied until this is fixed"
"""The summary of a plan that is blocked and has no steps: what is live was not compared, or is not of its environment."""


def render_plan(report: Report, style: Style) -> str:
    """The plan under its manifest and API: each change, the steps, interruptions, blocks, the numbers and the digest."""
    match report.content:
        case PlanResult(proposal=proposal, saved_to=saved):
            files = ", ".join(file.path for file in report.source.files) if report.source else ""
            title = f"Imgwire plan: {escape_control(files)} -> {escape_control(proposal.plan.api_url)}\n\n"
            return title + render_proposal(proposal, style) + next_of_plan(proposal, report.source, saved, style)
        case _:
            return render_failure(report, style)


def render_for_approval(proposal: Proposal, style: Style) -> str:
    """What is to be approved, under the API that would be written to."""
    more = section(
        "DNS records to add", [render_publications(proposal.unpublished, style)] if proposal.unpublished else []
    )
    shown = joined([render_proposal(proposal, style).rstrip("\n"), more])
    return f"Imgwire apply: {escape_control(proposal.plan.api_url)}\n\n{shown}"


def render_proposal(proposal: Proposal, style: Style) -> str:
    """The same of a proposal that is still to be approved."""
    plan = proposal.plan
    return joined(
        [
            style("yellow", f"OFFLINE  {escape_control(proposal.offline.message)}") if proposal.offline else "",
            "\n".join(_changes(proposal, style)),
            _steps(plan, style),
            _interruptions(proposal, style),
            escape_control(unpinned_moves(proposal)),
            escape_control(unchecked_pins(proposal)),
            blocks(proposal.blocks, style),
            _totals(proposal, style),
            left_unread(proposal),
            hints(plan),
        ]
    )


def _changes(proposal: Proposal, style: Style) -> Iterator[str]:
    plan = proposal.plan
    guarded = {block.environment for block in proposal.blocks if block.code == "protected"}
    titles = {item.name: _title(item, item.name in guarded) for item in plan.environments}
    number = {step.id: place for place, step in enumerate(plan.steps, 1)}
    moved = Moved(plan)
    keyless = without_keys(plan)
    left = [
        item
        for item in plan.environments
        if item.action in _SIGNS and not moved.covers(item) and item.name not in keyless
    ]
    sign, colour = _SIGNS[Action.UNREADABLE]
    for names in dict.fromkeys(keyless.values()):
        yield f"{style(colour, f'  {sign} {names}')}   could not be read: {NO_KEY}"
    room = MAX_PADDED if style.width is None else min(MAX_PADDED, style.width // 2)
    beside = [titles[item.name] for item in left if item.action not in _BEFORE_AND_AFTER]
    width = min(room, max(map(columns, beside), default=0))
    for action in _SIGNS:
        for item in left:
            if item.action is action:
                yield from _change(item, titles[item.name], moved, number, style, width)
        if action is Action.REPLACE:
            for move in plan.moves:
                yield from _move(move, plan, number, titles, style)
    unchanged = plan.summary()["unchanged"]
    if unchanged and plan.steps:
        yield style("dim", f"  = {unchanged:,} unchanged")


class Moved:
    """Which changes are one side of a move, so that a move is shown and counted once."""

    def __init__(self, plan: Plan) -> None:
        self.away = {(move.source, move.hostname): move for move in plan.moves}
        self.here = {(move.target, move.hostname): move for move in plan.moves}

    def covers(self, item: EnvironmentPlan) -> bool:
        """Everything that happens to the environment is a side of some move."""
        away = item.before is None or (item.name, item.before) in self.away
        desired = item.environment.hostname
        here = desired is None or (item.name, desired) in self.here
        return item.action in CHANGING and away and here


def _title(item: EnvironmentPlan, guarded: bool) -> str:
    """`guarded`: `protect` blocks the plan, so this run has no `--unprotect` for it."""
    lifted = ", lifted for this run" if item.action in _BEFORE_AND_AFTER and not guarded else ""
    return f"{escape_control(item.name)}{f'   (protected{lifted})' if item.environment.protect else ''}"


def _change(
    item: EnvironmentPlan, title: str, moved: Moved, number: Mapping[str, int], style: Style, width: int
) -> Iterator[str]:
    """The lines of one environment. What follows its title on the same line begins behind `width` columns for it."""
    sign, colour = _SIGNS[item.action]
    name = style(colour, f"  {sign} {title}")
    padded = name + " " * (width - columns(title))
    desired = escape_control(display_hostname(item.environment.hostname or ""))
    match item.live:
        case Unreadable(error):
            yield f"{padded}   could not be read: {escape_control(error.message)}"
        case Present(domain) if item.action is Action.VERIFY:
            yield f"{padded}   {escape_control(display_hostname(domain.hostname))}   {escape_control(domain.health)}"
        case Present(domain):
            yield name
            old = escape_control(display_hostname(domain.hostname))
            size = max(columns(old), columns(desired) if item.action is Action.REPLACE else 0)
            yield _side(style, "-", old, size, leaving(item, moved, number))
            if item.action is Action.REPLACE:
                yield _side(style, "+", desired, size, arriving(item, moved))
        case _:
            yield f"{padded}   {desired}"


def _side(style: Style, sign: str, hostname: str, size: int, detail: str) -> str:
    colour = "red" if sign == "-" else "green"
    padding = " " * (size - columns(hostname))
    return f"{_DETAIL}{style(colour, f'{sign} {hostname}')}{padding}   {detail}"


def leaving(item: EnvironmentPlan, moved: Moved, number: Mapping[str, int]) -> str:
    if move := moved.away.get((item.name, item.before or "")):
        return f"moves to {escape_control(move.target)}"
    assert isinstance(item.live, Present)  # noqa: S101 - only what is live can leave
    domain = item.live.domain
    state = escape_control(or_not_known(domain.status))
    at = f"at step {number[f'delete:{item.name}']}" if f"delete:{item.name}" in number else "already"
    return f"{state}, goes offline {at}, permanently" if domain.may_serve else f"{state}, deleted {at}"


def arriving(item: EnvironmentPlan, moved: Moved) -> str:
    if move := moved.here.get((item.name, item.environment.hostname or "")):
        return f"moves from {escape_control(move.source)}"
    return "serves once its 2 DNS records are published"


def _move(move: Move, plan: Plan, number: Mapping[str, int], titles: Mapping[str, str], style: Style) -> Iterator[str]:
    between = f"{titles[move.source]} -> {escape_control(move.target)}"
    yield f"{style('yellow', f'  > {between}')}   {escape_control(display_hostname(move.hostname))}"
    start, end = number.get(f"delete:{move.source}"), number.get(f"verify:{move.target}")
    if start is not None and end is not None:
        serves = any(item.hostname == move.hostname for item in plan.interruptions)
        verb = "offline" if serves else "serves no traffic now; moves"
        yield f"{_DETAIL}{verb} from step {start} until {escape_control(move.target)} is verified (step {end})"


def _steps(plan: Plan, style: Style) -> str:
    if not plan.steps:
        return ""
    if len(plan.steps) > _MAX_STEPS:
        return f"Steps: {len(plan.steps):,}. `--format json` lists them."
    left = [(place, step) for place, step in enumerate(plan.steps, 1) if place > len(plan.done)]
    named = [f"{place} {step.op} {escape_control(step.environment)}" for place, step in left]
    before = f"Done before this run: {counted(len(plan.done), 'step')}.\n" if plan.done else ""
    return before + pack(named, style.width or _LOG_WIDTH, "Steps:")


def _interruptions(proposal: Proposal, style: Style) -> str:
    """How many there are. Each is beside its change."""
    count = len(proposal.plan.interruptions)
    limit = "" if proposal.max_interruptions is None else f" of at most {proposal.max_interruptions}"
    return style("yellow", f"Interruptions: {count}{limit}") if count else ""


def interruption(item: Interruption, number: Mapping[str, int]) -> str:
    """One interruption in a sentence. `number` has the place of each step."""
    until = f"until {_named(item.until, number)}" if item.until else "permanently"
    return f"{display_hostname(item.hostname)} goes offline at {_named(item.from_step, number)}, {until}"


def _named(step_id: str, number: Mapping[str, int]) -> str:
    name = step_name(step_id)
    return f"step {number[step_id]} ({name})" if step_id in number else name


def _totals(proposal: Proposal, style: Style) -> str:
    plan = proposal.plan
    digest = "" if proposal.offline else f"\nDigest: {proposal.digest}"
    if plan.steps:
        return f"Plan: {counts(plan)}.{digest}"
    if len(plan.unreadable) == len(plan.environments):
        return nothing_to_do(plan, style)  # the digest of a plan that has read nothing approves nothing
    if proposal.offline and plan.complete:
        return f"No difference from the baseline in {counted(len(plan.environments), 'environment')}."
    if proposal.blocks:
        return style("red", f"{BLOCKED_WITHOUT_STEPS}.") + digest
    return f"{nothing_to_do(plan, style)}{digest}"


def counts(plan: Plan) -> str:
    """What there is to do, in numbers. A move counts once; JSON counts its two sides besides."""
    moved = Moved(plan)
    left = [item.action for item in plan.environments if not moved.covers(item)]
    number = {action.value: left.count(action) for action in Action}
    number["move"] = len(plan.moves)
    parts = [f"{number[key]:,} to {key}" for key in ("delete", "replace", "move", "create", "verify") if number[key]]
    parts += [f"{number['none']:,} unchanged"] if number["none"] else []
    parts += [f"{number['unreadable']:,} could not be read"] if number["unreadable"] else []
    return ", ".join(parts)
