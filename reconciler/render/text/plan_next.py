"""What to do after a plan."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.escape import escape_control
from reconciler.model.plan import override_label, override_words, refusal
from reconciler.model.steps import Delete
from reconciler.render.given import Given, with_options
from reconciler.render.next_command import NextCommand
from reconciler.render.text.sections import read_again

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.environments import Source
    from reconciler.model.plan import Plan
    from reconciler.model.proposal import Proposal
    from reconciler.render.style import Style


def next_of_plan(proposal: Proposal, source: Source | None, saved: str | None, style: Style) -> str:
    """What to do now, below a blank line; empty where nothing is left to do. `saved` is the path of the saved plan."""
    if proposal.offline:
        return "\nNext: run `reconciler plan` with API keys. An offline plan cannot be applied.\n"
    if not proposal.plan.complete:
        next_command = NextCommand(proposal.plan, style)
        applicable = proposal.plan.writes and not proposal.blocks
        given = style.given or Given()
        given = replace(given, guards=(*given.guards, *_lifted(proposal.plan, given.guards)))
        apply = given.apply(*([saved] if saved else []))
        others = f" Or run `{escape_control(apply)}` to go ahead without the others." if applicable else ""
        return f"\n{read_again('plan', next_command)}{others}\n"
    if proposal.blocks:
        return f"\n{style('red', 'error')}: {refusal(proposal.blocks)}\n{_unblocked(proposal, saved, style)}"
    if not proposal.plan.steps:
        return ""
    if not proposal.plan.writes:
        return f"\nNext: run `{NextCommand(proposal.plan, style).line('verify')}`.\n"
    plan = (saved,) if saved else ()
    if style.given:
        given = replace(style.given, guards=(*style.given.guards, *_lifted(proposal.plan, style.given.guards)))
        return f"\nNext: run `{escape_control(given.apply(*plan))}`.{_other_guards(proposal)}\n"
    plain = source is None or (
        [file.path for file in source.files] == ["imgwire.yaml"]
        and source.api_url != EMULATOR_API_URL
        and not source.narrowed
    )
    command = Given(guards=_lifted(proposal.plan)).apply(*plan)
    return f"\nNext: run `{escape_control(command)}`{'' if plain else ' with the same options'}.{_other_guards(proposal)}\n"


def _lifted(plan: Plan, given: Sequence[str] = ()) -> tuple[str, ...]:
    """The options without which a plan that was not blocked would be, besides those `given`: it deletes what is protected."""
    deleted = {step.environment for step in plan.writes if isinstance(step, Delete)} - set(given)
    lifted = [item.name for item in plan.environments if item.environment.protect and item.name in deleted]
    return tuple(word for name in lifted for word in ("--unprotect", name))


def _other_guards(proposal: Proposal) -> str:
    """A plan that is read from a file does not show which other guards were lifted for it."""
    if proposal.max_interruptions is not None or not proposal.plan.interruptions:
        return ""
    return " Repeat --max-interruptions and --ignore-window if the plan was made with them."


def _unblocked(proposal: Proposal, saved: str | None, style: Style) -> str:
    """What lifts every block at once, or what to correct."""
    fixes = list(dict.fromkeys(block.fix for block in proposal.blocks if block.fix))
    lifting = override_words(proposal.blocks)
    if lifting is not None and style.given is not None:
        given = style.given
        kept = (*given.guards, *given.base, *given.record, *given.lookup, *given.servers)
        words = with_options((*given.selection * (saved is None), *given.place, *kept), lifting)
        command = shlex.join(["reconciler", "apply", *([saved] if saved else []), *words])
        label = override_label(proposal.blocks)
        label = "To override all of this" if label == "To override" else label
        return f"Next: review the plan. {label}, run `{escape_control(command)}`.\n"
    if {block.code for block in proposal.blocks} == {"selection_cuts_move"}:  # the same selection is refused again
        return f"Next: {'; '.join(fixes)}.\n"
    again = f"run `{NextCommand(proposal.plan, style).line('plan')}` again"
    return f"Next: {'; '.join([*fixes, f'then {again}' if fixes else again])}.\n".replace("; then", ", then")
