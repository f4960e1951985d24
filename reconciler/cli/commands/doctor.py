"""`reconciler doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode


@click.command()
@shared("doctor")
def doctor(options: Options) -> ExitCode:
    """Check the manifest, keys, proxy, DNS, TLS, the clock and the API. Only GET requests are sent.

    Each check has one line, and a hint if there is something to do. The exit code is that of the worst check.
    """

    from reconciler.operations.doctor import doctor as operation

    return run_online(options, operation)
