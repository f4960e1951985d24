"""`reconciler doctor`."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli.help import command
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode


@command(
    help="Check keys, proxy, DNS, TLS, the clock and the API, and print what to do.\n\nOnly GET requests are sent.",
    exit_codes=[("0", "all is well"), ("7, 8, 65", "the first problem: keys, network or manifest")],
    examples=[("reconciler doctor", "Check everything")],
)
@shared("doctor")
def doctor(options: Options) -> ExitCode:
    """Run the command."""
    from reconciler.operations.doctor import doctor as operation
    from reconciler.operations.doctor import open_anyway

    opened = partial(
        open_anyway, options.inputs(), names=options.names, selectors=options.selectors, shard=options.shard
    )
    return run_online(options, operation, open_=opened)
