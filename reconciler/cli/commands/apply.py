"""`reconciler apply`."""

from __future__ import annotations

from contextlib import nullcontext
from functools import cache, partial
from typing import TYPE_CHECKING

import click

from reconciler.cli.apply_options import apply_settings, guard_options
from reconciler.cli.command_line import given_options
from reconciler.cli.dns_options import dns_options
from reconciler.cli.help import PARTIAL, auto_approve_option, command, consent_option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import open_workspace, run_online
from reconciler.cli.values import DIGEST, Value
from reconciler.model.plan import parse_changes

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Action
    from reconciler.model.results import ApplyResult
    from reconciler.operations.apply import ApplySettings
    from reconciler.operations.context import Context
    from reconciler.operations.guard_choice import GuardChoice
    from reconciler.operations.workspace import Workspace


@command(
    help="Create, replace and delete custom domains to match the manifest.\n\n"
    "With PLANFILE, run exactly that saved plan, or nothing if it is stale. Without, plan, show and ask.\n\n"
    "Without a terminal, use --auto-approve, --expect-digest or PLANFILE.",
    exit_codes=[
        ("0", "done, or nothing to do"),
        ("3, 4", "with --wait: not ready in time, or stuck"),
        ("5", "refused: nothing was written"),
        PARTIAL,
        ("7, 8", "keys or network: nothing was written"),
    ],
    examples=[
        ("reconciler apply", "Plan, ask, apply"),
        ("reconciler apply plan.json --receipt r.json", "Apply a reviewed plan, keep a report"),
        ("reconciler apply --expect-digest sha256:…", "Apply if the plan is the approved one"),
        ("reconciler apply --auto-approve --wait 15m", "Apply, then wait for readiness"),
    ],
)
@click.argument("planfile", required=False, metavar="[PLANFILE]")
@shared("apply")
@dns_options
@auto_approve_option
@consent_option(
    "--allow", type=Value("KINDS", parse_changes), help="Accept only these changes. Example: create,delete."
)
@consent_option("--expect-digest", type=DIGEST, help="Apply only a plan with this digest.")
@guard_options
@consent_option("--believe-absent", is_flag=True, help="Continue even if all custom domains have disappeared.")
@apply_settings
def apply(
    options: Options,
    planfile: str | None,
    settings: ApplySettings,
    expect_digest: str | None,
    auto_approve: bool,
    allow: frozenset[Action] | None,
    guards: GuardChoice,
    believe_absent: bool,
) -> ExitCode:
    """Run the command."""
    if planfile is not None and (options.names or options.selectors or options.shard):
        raise click.UsageError("a saved plan keeps its own selection: leave out --env, --selector and --shard")
    from reconciler.cli.approval import PlanApproval
    from reconciler.operations.apply import apply as operation
    from reconciler.operations.receipt import corrected, with_unserved
    from reconciler.operations.reopened import propose_or_reopen, saved_in

    saved, receipt = cache(partial(saved_in, planfile)), settings.receipt

    async def operate(workspace: Workspace, context: Context) -> ApplyResult:
        loaded, again = guards.load(options.inputs()), planfile and given_options().plan(planfile)
        proposal = await propose_or_reopen(
            workspace, context, saved(), loaded, again, receipt=receipt, allow=allow, believe_absent=believe_absent
        )
        approve = PlanApproval(options.log, expect_digest, auto_approve, planfile is not None)
        approve.refuse_blocked(proposal)
        return await operation(workspace, context, proposal, approve, settings)

    with receipt or nullcontext():
        return run_online(
            options,
            operate,
            open_=lambda: open_workspace(options, saved()),
            wait=settings.wait or 0.0,
            outputs=[receipt.path, receipt.journal_path] if receipt else [],
            complete=partial(with_unserved, receipt),
            finish=partial(corrected, receipt, partial(options.log.say, "error")),
            inputs=[planfile, settings.publish.config if settings.publish else None, *guards.base],
        )
