"""Approval at a terminal or from the command line: what would be done is shown, then approved or declined."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.command_line import rerun_command
from reconciler.cli.terminal import is_terminal, style_for
from reconciler.model.proposal import Approved, Declined
from reconciler.model.results import Stopped
from reconciler.operations.apply import blocked

if TYPE_CHECKING:
    from reconciler.cli.log import Log
    from reconciler.model.dns import Publication
    from reconciler.model.plan import Block
    from reconciler.model.proposal import Approval, Proposal

_NO_TERMINAL = "approval required: no interactive terminal (or CI is set)"
_DECLINED = Declined("no_consent", "not approved: nothing was written")


@dataclass(frozen=True, slots=True)
class PlanApproval:
    """The approver of `apply`. `expect_digest` approves the plan with that digest and no other; `auto` approves any."""

    log: Log
    expect_digest: str | None = None
    auto: bool = False

    async def __call__(self, proposal: Proposal) -> Approval:
        digest = proposal.digest
        if not proposal.plan.writes:
            return Approved(digest)
        self.show(proposal)
        if self.expect_digest is not None and self.expect_digest != digest:
            return Declined(
                "digest_differs",
                f"the plan is not the approved one: its digest is {digest}, expected {self.expect_digest}",
                "Review the plan above, also after an apply that did not finish. To approve it, pass its digest.",
            )
        if self.auto or self.expect_digest is not None:
            return Approved(digest)
        if not can_ask():
            return Declined(
                "no_consent",
                _NO_TERMINAL,
                f"to apply this plan only: {rerun_command('--expect-digest', digest)}\n"
                f"to apply without approval: {rerun_command('--auto-approve')}",
            )
        from reconciler.render.text.sections import counted

        plan = proposal.plan
        yes = await answer_is_yes(f"Apply {counted(len(plan.writes), 'change')} to {plan.api_url}?")
        return Approved(digest) if yes else _DECLINED

    def refuse_blocked(self, proposal: Proposal) -> None:
        """Raises Stopped where something blocks the proposal, with the command line that lifts every block."""
        if proposal.blocks:
            self.show(proposal)
            raise Stopped(blocked(proposal, _override_hint(proposal.blocks)))

    def show(self, proposal: Proposal) -> None:
        """The plan, on standard error."""
        from reconciler.render.text.plan import render_proposal

        self.log.show(render_proposal(proposal, style_for(sys.stderr)))


@dataclass(frozen=True, slots=True)
class PublishApproval:
    """The approver of `dns sync`. `auto` approves whatever is planned."""

    log: Log
    auto: bool = False

    async def __call__(self, publications: tuple[Publication, ...]) -> Approval:
        from reconciler.model.dns import PublishState
        from reconciler.render.lookups import render_publications
        from reconciler.render.text.sections import counted

        self.log.show(render_publications(publications, style_for(sys.stderr)) + "\n")
        planned = [item for item in publications if item.state is PublishState.PLANNED]
        for item in planned:
            if item.leaves_imgwire:
                message = f"{item.name} would point to {item.after}, which is not below imgwire.dev: check it first"
                self.log.say("warning", message)
        if self.auto:
            return Approved("")
        if not can_ask():
            hint = f"to publish without approval: {rerun_command('--auto-approve')}"
            return Declined("no_consent", _NO_TERMINAL, hint)
        return Approved("") if await answer_is_yes(f"Publish {counted(len(planned), 'record')}?") else _DECLINED


def _override_hint(blocks: tuple[Block, ...]) -> str | None:
    """The command line that lifts every block; None where one of them cannot be lifted."""
    overrides = [block.override for block in blocks if block.override]
    if len(overrides) < len(blocks):
        return None
    words = [word for override in dict.fromkeys(overrides) for word in override.split(" ", 1)]
    return f"to override: {rerun_command(*words)}"


def can_ask() -> bool:
    """Standard input and standard error are terminals, and CI is unset."""
    return is_terminal(sys.stdin) and is_terminal(sys.stderr) and not os.environ.get("CI")


async def answer_is_yes(question: str) -> bool:
    """Prompt on standard error. Only `yes` is consent. The event loop runs meanwhile, so that signals are noticed."""
    click.echo(f"\n{question} Type 'yes' to confirm: ", nl=False, err=True)
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(sys.stdin, readable.set)
    try:
        await readable.wait()
    except asyncio.CancelledError:
        click.echo(err=True)  # the message that follows begins on a line of its own
        raise
    finally:
        loop.remove_reader(sys.stdin)
    return sys.stdin.readline().strip() == "yes"
