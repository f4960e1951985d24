"""`reconciler plan`."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from reconciler.cli.again import command_for_saved
from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.run import run_online
from reconciler.model.results import PlanResult
from reconciler.model.times import timestamp

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace

CONSENT = (
    click.option("--unprotect", multiple=True, metavar="NAME", help="Lift `protect` of this environment for this run."),
    click.option(
        "--max-interruptions", type=click.IntRange(0), metavar="N", help="Allow this many interruptions in this run."
    ),
)


@click.command()
@shared("plan")
@click.option("--out", metavar="FILE", help="Save the plan, for `apply FILE`.")
@click.option(
    "--expires-in",
    type=Duration(),
    default=86400.0,
    metavar="DURATION",
    help="How long a saved plan holds.  [default: 24h]",
)
@click.option("--detailed-exitcode", is_flag=True, help="End with 2 when there is a create, delete or replace.")
@CONSENT[0]
@CONSENT[1]
def plan(
    options: Options,
    out: str | None,
    expires_in: float,
    detailed_exitcode: bool,
    unprotect: tuple[str, ...],
    max_interruptions: int | None,
) -> ExitCode:
    """Show what apply would do, and do none of it.

    Only GET requests are sent. Exit code 0 with changes too, unless --detailed-exitcode asks for 2.
    """

    async def operate(workspace: Workspace, context: Context) -> PlanResult:
        from reconciler.operations.propose import consent_of, propose
        from reconciler.operations.saved_plan import save_plan

        consent = consent_of(workspace, unprotect=unprotect, max_interruptions=max_interruptions)
        proposal = await propose(workspace, context, consent)
        expires = context.clock() + timedelta(seconds=expires_in)
        result = PlanResult(proposal, timestamp(expires), detailed_exitcode)
        if out is not None:
            save_plan(out, workspace, context, result)
            command = command_for_saved(out, options, unprotect, max_interruptions)
            context.observer.on_notice("info", f"Saved the plan to {out}. To apply exactly this: {command}")
        return result

    return run_online(options, operate, outputs=[out])
