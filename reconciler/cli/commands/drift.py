"""`reconciler drift`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.dns_options import probe_options, server_option_with_dns
from reconciler.cli.help import MISTAKEN, NOT_SERVING, UNREAD, command, option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online
from reconciler.cli.values import DURATION

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.operations.dns_servers import Dns


@command(
    help="Report drift (for scheduled runs).\n\nOnly GET requests are sent.",
    exit_codes=[("0", "no drift"), ("2", "drift"), NOT_SERVING, MISTAKEN, UNREAD],
    examples=[
        ("reconciler drift", "Compare live with the manifest"),
        ("reconciler drift --baseline receipt.json --health", "Also report what got worse"),
        ("reconciler drift --report html=drift.html --history reports", "Also write a page"),
    ],
)
@shared("drift")
@option("--baseline", metavar="FILE", help="Compare with a receipt, report or earlier drift document.")
@option("--health", is_flag=True, help="Count domains that are not ready as drift.")
@option("--dns", is_flag=True, help="Also look up the DNS records and dangling CNAMEs. They do not count as drift.")
@option(
    "--confirm",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    metavar="N",
    help="Report only differences that N reads in a row show.",
)
@option("--interval", type=DURATION, default=30.0, help="Pause between these reads.  [default: 30s]")
@option("--history", metavar="DIR", help="Show earlier drift reports (JSON) of this folder on the HTML page.")
@probe_options
@server_option_with_dns
def drift(
    options: Options,
    baseline: str | None,
    health: bool,
    confirm: int,
    interval: float,
    history: str | None,
    probe_days: int | None,
    dns: Dns,
) -> ExitCode:
    """Run the command."""
    if history is not None and "html" not in options.formats:
        raise click.UsageError("--history needs --format html or --report html=FILE")

    from reconciler.operations.drift import Confirmation, baseline_in
    from reconciler.operations.drift import drift as operation

    return run_online(
        options,
        lambda workspace, context: operation(
            workspace,
            context,
            baseline=baseline_in(baseline),
            health=health,
            dns=dns,
            probe_days=probe_days,
            confirmation=Confirmation(confirm, interval),
            history=history,
        ),
        inputs=[baseline],
    )
