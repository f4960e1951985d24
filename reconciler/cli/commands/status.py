"""`reconciler status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.dns_options import SERVER_OPTION, dns_of, probe_options
from reconciler.cli.help import Command
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import StatusResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


@click.command(
    cls=Command,
    help="Show the live state of every environment.\n\n"
    "With --format dotenv, print the hostname that deployments should use now.\n\nOnly GET requests are sent.",
    examples=[
        ("reconciler status", "All environments"),
        ("reconciler status --env web --format json", "One environment, for scripts"),
        ("reconciler status --format dotenv", "The delivery hostname of each"),
    ],
)
@shared("status")
@probe_options
@SERVER_OPTION
def status(options: Options, probe: bool, probe_days: int, dns_servers: tuple[AnyServer, ...]) -> ExitCode:
    """Run the command."""

    async def operate(workspace: Workspace, context: Context) -> StatusResult:
        from reconciler.operations.status import status as operation

        days = probe_days if probe else None
        return await operation(workspace, context, dns=dns_of(dns_servers), probe_days=days)

    return run_online(options, operate)
