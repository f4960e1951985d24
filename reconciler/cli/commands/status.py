"""`reconciler status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.dns_options import SERVER_OPTION, dns_of, probe_options
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import StatusResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


@click.command()
@shared("status")
@probe_options
@SERVER_OPTION
def status(options: Options, probe: bool, probe_days: int, dns_servers: tuple[AnyServer, ...]) -> ExitCode:
    """Show the live state of every environment. Only GET requests are sent.

    With --format dotenv: the hostname that deployments should use now. It is the custom hostname where it is CONNECTED and
    ACTIVE, and cdn.imgwire.dev until then.
    """

    async def operate(workspace: Workspace, context: Context) -> StatusResult:
        from reconciler.operations.status import status as operation

        days = probe_days if probe else None
        return await operation(workspace, context, dns=dns_of(dns_servers), probe_days=days)

    return run_online(options, operate)
