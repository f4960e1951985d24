"""`reconciler drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.dns_options import SERVER_OPTION, dns_of, probe_options
from reconciler.cli.options import Duration, Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import DriftResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


@click.command()
@shared("drift")
@click.option(
    "--baseline", metavar="FILE", help="A receipt, report or earlier drift document: also tell what changed since."
)
@click.option("--health", is_flag=True, help="Make health part of the verdict: what is not ready counts as drift.")
@click.option("--dns", is_flag=True, help="Also look up the DNS records, and dangling CNAMEs.")
@click.option(
    "--confirm",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    metavar="N",
    help="Report only differences that N reads in a row show.",
)
@click.option(
    "--interval",
    type=Duration(),
    default=30.0,
    metavar="DURATION",
    help="Pause between these reads.  [default: 30s]",
)
@probe_options
@SERVER_OPTION
def drift(
    options: Options,
    baseline: str | None,
    health: bool,
    dns: bool,
    confirm: int,
    interval: float,
    probe: bool,
    probe_days: int,
    dns_servers: tuple[AnyServer, ...],
) -> ExitCode:
    """Tell what differs from the manifest, for schedules. Only GET requests are sent.

    With --baseline also what was deleted and created again, which DNS records to publish changed, whose health got worse,
    and whether a difference is not applied yet or was made outside.

    Exit code 0 when nothing differs, 2 when something does, 7 or 8 when not everything could be read.
    """

    async def operate(workspace: Workspace, context: Context) -> DriftResult:
        from reconciler.operations.drift import Confirmation, read_baseline
        from reconciler.operations.drift import drift as operation

        before = read_baseline(baseline) if baseline is not None else None
        return await operation(
            workspace,
            context,
            baseline=before,
            health=health,
            dns=dns_of(dns_servers, not dns),
            probe_days=probe_days if probe else None,
            confirmation=Confirmation(confirm, interval),
        )

    return run_online(options, operate, inputs=[baseline])
