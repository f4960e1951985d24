"""`reconciler status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("status")
def status(options: Options) -> ExitCode:
    """Show the live state of every environment. Only GET requests are sent."""

    from reconciler.operations.status import status as operation

    return run_online(options, operation)
