"""`reconciler status`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli.dns_options import probe_options, server_option
from reconciler.cli.help import MISTAKEN, NOT_SERVING, UNREAD, command
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.operations.dns_servers import Dns


@command(
    help="Show the live state of every environment.\n\n"
    "With --format dotenv, print the hostname that deployments should use now.\n\nOnly GET requests are sent.",
    exit_codes=[("0", "shown"), ("3", "with --probe: a hostname was not probed"), NOT_SERVING, MISTAKEN, UNREAD],
    examples=[
        ("reconciler status", "All environments"),
        ("reconciler status --env web --format json", "One environment, for scripts"),
        ("reconciler status --format dotenv", "The delivery hostname of each"),
    ],
)
@shared("status")
@probe_options
@server_option
def status(options: Options, probe_days: int | None, dns: Dns) -> ExitCode:
    """Run the command."""
    from reconciler.operations.status import status as operation

    return run_online(options, partial(operation, dns=dns, probe_days=probe_days, is_text=options.format == "text"))
