"""Approval at a terminal or from the command line: what would be done is shown, then approved or declined."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.command_line import rerun_command
from reconciler.cli.terminal import is_terminal, style_for
from reconciler.model.dns import PublishState
from reconciler.model.plan import override_label, override_words
from reconciler.model.proposal import Approved, Declined, approve_digest
from reconciler.model.results import Stopped
from reconciler.operations.apply import blocked
from reconciler.render.layout import fit
from reconciler.render.lookups import publish_question, render_publications, target_warnings
from reconciler.render.text.plan import render_for_approval

if TYPE_CHECKING:
    from reconciler.cli.log import Log
    from reconciler.model.dns import Publication
    from reconciler.model.proposal import Approval, Proposal


@dataclass(frozen=True, slots=True)
class PlanApproval:
    """The approver of `apply`. `expect_digest` approves the plan with that digest and no other, `saved` the plan of a file;
    `auto` approves any."""

    log: Log
    expect_digest: str | None = None
    auto: bool = False
    saved: bool = False

    async def __call__(self, proposal: Proposal) -> Approval:
        narrow = self.expect_digest is not None or (self.saved and not self.auto)  # approves what the plan has, no more
        proposal = replace(proposal, unpublished=proposal.own_unpublished) if narrow else proposal
        if not proposal.plan.writes and not proposal.unpublished:
            return Approved(proposal.digest, unpublished=not narrow)
        self.show(proposal)
        if self.expect_digest is not None:
            approval = approve_digest(proposal, self.expect_digest)
        elif self.auto or self.saved:
            approval = Approved(proposal.digest, unpublished=not narrow)
        else:
            hint = (
                f"to apply this plan only: `{rerun_command('--expect-digest', proposal.digest)}`\n"
                f"to apply without approval: `{rerun_command('--auto-approve')}`"
            )
            question = f"Apply this plan to {proposal.plan.api_url}?"
            approval = await _asked(proposal.digest, question, hint)
        if isinstance(approval, Approved) and not self.log.as_json:
            self.log.write("\n")
        return approval

    def refuse_blocked(self, proposal: Proposal) -> None:
        """Raises Stopped where something blocks the proposal, with the command line that lifts every block."""
        if proposal.blocks:
            self.show(proposal)
            words = override_words(proposal.blocks)
            hint = f"{override_label(proposal.blocks).lower()}: `{rerun_command(*words)}`" if words else None
            raise Stopped(blocked(proposal, hint))

    def show(self, proposal: Proposal) -> None:
        """The plan, on standard error."""
        self.log.show(render_for_approval(proposal, style_for(sys.stderr)))


@dataclass(frozen=True, slots=True)
class PublishApproval:
    """The approver of `dns sync`. `auto` approves whatever is planned."""

    log: Log
    auto: bool = False

    async def __call__(self, publications: tuple[Publication, ...]) -> Approval:
        self.log.show(render_publications(publications, style_for(sys.stderr)) + "\n")
        planned = [item for item in publications if item.state is PublishState.PLANNED]
        for message in target_warnings(planned):
            self.log.say("warning", message)
        if self.auto:
            return Approved("")
        hint = f"to publish without approval: `{rerun_command('--auto-approve')}`"
        return await _asked("", publish_question(planned), hint)


async def _asked(digest: str, question: str, hint: str) -> Approval:
    """The answer of a person at the terminal: standard input and standard error must be one, and CI must be unset."""
    if not is_terminal(sys.stdin) or not is_terminal(sys.stderr) or os.environ.get("CI"):
        return Declined("no_consent", "approval required: no interactive terminal (or CI is set)", hint)
    yes = await _answer_is_yes(question)
    return Approved(digest) if yes else Declined("no_consent", "not approved: nothing was written")


async def _answer_is_yes(question: str) -> bool:
    """Prompt on standard error. Only `yes` is consent. The event loop runs meanwhile, so that signals are noticed."""
    asked = fit(f"{question} Type 'yes' to confirm:", style_for(sys.stderr).width)
    click.echo(f"\n{asked} ", nl=False, err=True)
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
