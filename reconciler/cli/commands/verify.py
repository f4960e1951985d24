"""`reconciler verify`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.dns_options import BASELINE_OPTION, NO_DNS_OPTION, SERVER_OPTION, dns_of, probe_options
from reconciler.cli.help import Command, option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online
from reconciler.cli.values import DURATION

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import VerifyResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


@click.command(
    cls=Command,
    help="Re-check DNS and certificates, and report what is not ready.",
    exit_codes=[
        ("0", "everything is ready"),
        ("3", "something is not ready yet"),
        ("4", "something failed again after a fresh check"),
    ],
    examples=[
        ("reconciler verify", "Check once"),
        ("reconciler verify --wait 15m", "Check until ready, for at most 15 minutes"),
        ("reconciler verify --probe", "Also connect to ready hostnames"),
    ],
)
@shared("verify")
@option("--wait", type=DURATION, default=0.0, help="Check again until ready, for at most DURATION.")
@probe_options
@BASELINE_OPTION
@SERVER_OPTION
@NO_DNS_OPTION
def verify(
    options: Options,
    wait: float,
    probe: bool,
    probe_days: int,
    baseline: str | None,
    dns_servers: tuple[AnyServer, ...],
    no_dns: bool,
) -> ExitCode:
    """Run the command."""

    async def operate(workspace: Workspace, context: Context) -> VerifyResult:
        from reconciler.operations.drift import read_baseline
        from reconciler.operations.verify import verify as operation

        before = read_baseline(baseline) if baseline is not None else None
        days = probe_days if probe else None
        dns = dns_of(dns_servers, no_dns)
        return await operation(workspace, context, wait=wait, dns=dns, baseline=before, probe_days=days)

    return run_online(options, operate, wait=wait, inputs=[baseline])
