"""`reconciler show`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.help import command
from reconciler.cli.options import Options, output_options
from reconciler.cli.run import run

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode


@command(
    help="Print a saved plan, receipt or report.\n\nNeeds no manifest, key or network. The journal of a receipt is included.",
    examples=[
        ("reconciler show plan.json", "A saved plan"),
        ("reconciler show receipt.json --format markdown", "A receipt, for a comment"),
    ],
)
@click.argument("path", metavar="FILE")
@output_options("show")
def show(options: Options, path: str) -> ExitCode:
    """Run the command."""
    from reconciler.operations.show import ShownFile
    from reconciler.operations.show import show as operation

    return run(options, lambda: ShownFile(path), lambda file, _log: operation(file, options.formats))
