"""`reconciler plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.apply_options import guard_options
from reconciler.cli.help import command, option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import open_workspace, run, run_online
from reconciler.cli.values import VALIDITY

if TYPE_CHECKING:
    from reconciler.cli.log import Log
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import PlanResult
    from reconciler.operations.context import Context
    from reconciler.operations.guard_choice import GuardChoice
    from reconciler.operations.workspace import Workspace


@command(
    help="Show the changes that apply would make.\n\nOnly GET requests are sent; with --offline, none.",
    exit_codes=[
        ("0", "no error, with or without changes"),
        ("2", "changes, with --detailed-exitcode"),
        ("5", "apply would refuse this plan"),
        ("7, 8", "an environment could not be read"),
    ],
    examples=[
        ("reconciler plan", "Show the changes"),
        ("reconciler plan --out plan.json", "Save them for `apply plan.json`"),
        ("reconciler plan --env web --detailed-exitcode", "One environment; 2 if it changes"),
        ("reconciler plan --offline --baseline drift.json", "Without keys, for pull requests of forks"),
    ],
)
@shared("plan")
@option("--out", metavar="FILE", help="Save the plan for `apply FILE`.")
@option("--expires-in", type=VALIDITY, default=86400.0, help="Validity of the saved plan. Default: 24h.")
@option("--detailed-exitcode", is_flag=True, help="Exit with 2 if there are changes.")
@option("--offline", is_flag=True, help="Plan from --baseline. Uses no key and no network; cannot be applied.")
@option("--baseline", metavar="FILE", help="Earlier receipt, plan or report (JSON) for --offline.")
@guard_options
def plan(
    options: Options,
    out: str | None,
    expires_in: float,
    detailed_exitcode: bool,
    offline: bool,
    baseline: str | None,
    guards: GuardChoice,
) -> ExitCode:
    """Run the command."""
    if offline != (baseline is not None):
        raise click.UsageError("--offline and --baseline FILE need each other")
    if baseline is not None:
        return _plan_offline(options, baseline, out, guards, detailed=detailed_exitcode)
    from reconciler.operations.plan import PlanFile
    from reconciler.operations.plan import plan as operation

    file = None if out is None else PlanFile(out)

    async def operate(workspace: Workspace, context: Context) -> PlanResult:
        if file is not None:
            file.begin()
        loaded = guards.load(options.inputs())
        return await operation(workspace, context, loaded, file, expires_in=expires_in, detailed=detailed_exitcode)

    try:
        return run_online(options, operate, outputs=[out], inputs=[*guards.base])
    finally:
        if file is not None and (removed := file.end()):
            options.log.say("warning", removed)


def _plan_offline(options: Options, baseline: str, out: str | None, guards: GuardChoice, *, detailed: bool) -> ExitCode:
    """The plan from a baseline. No key is read and nothing is sent."""
    if out is not None:
        raise click.UsageError("--offline and --out exclude each other: an offline plan cannot be applied")

    def operate(workspace: Workspace, log: Log) -> PlanResult:
        from reconciler.operations.offline import plan_offline

        log.diagnostics(workspace.diagnostics)
        return plan_offline(workspace, baseline, guards.load(options.inputs()), detailed=detailed)

    return run(options, lambda: open_workspace(options, keys=False), operate, inputs=[baseline, *guards.base])
