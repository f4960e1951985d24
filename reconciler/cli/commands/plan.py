"""`reconciler plan`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.command_line import apply_command
from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.run import run_online
from reconciler.model.results import PlanResult

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import Report
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
    type=Duration(minimum=1, needs_unit=True),
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

    started = saved = False

    async def operate(workspace: Workspace, context: Context) -> PlanResult:
        nonlocal started, saved
        from reconciler.operations.propose import consent_of, propose
        from reconciler.operations.saved_plan import can_be_saved, save_plan

        started = True  # by now `out` was compared with everything that is read
        consent = consent_of(workspace, unprotect=unprotect, max_interruptions=max_interruptions)
        result = PlanResult(await propose(workspace, context, consent), int(expires_in), detailed_exitcode)
        if out is not None and can_be_saved(result):
            save_plan(out, workspace, context, result)
            saved, result = True, replace(result, saved_to=out)
            context.observer.on_notice("info", _saved_notice(out, result, options, unprotect, max_interruptions))
        return result

    def finish(_report: Report, code: ExitCode) -> ExitCode:
        from reconciler.operations.saved_plan import discard

        if out is not None and not saved:
            discard(out, anything=started)
        return code

    return run_online(options, operate, outputs=[out], finish=finish)


def _saved_notice(
    out: str, result: PlanResult, options: Options, unprotect: Sequence[str], max_interruptions: int | None
) -> str:
    """Where the plan is, and the command that applies it if apply would accept it now."""
    if result.blocks:
        return f"Saved the plan to {out}. Apply refuses it as it is: {result.blocks[0].message}"
    if not result.plan.steps:
        return f"Saved the plan to {out}. It has no steps."
    part = "" if result.plan.complete else " It covers only the environments that could be read."
    command = apply_command(out, options, unprotect, max_interruptions)
    return f"Saved the plan to {out}.{part} To apply exactly this plan: {command}"
