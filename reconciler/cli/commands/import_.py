"""`reconciler import`."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import click

from reconciler.cli.help import UNREAD, command, option
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run_online

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode


@command(
    "import",
    help="Generate manifest entries for existing custom domains.\n\n"
    "NAME is a name of your choice. Its key is in IMGWIRE_API_KEY_<NAME>. Entries are pinned and protected.\n\n"
    "Only GET requests are sent.",
    exit_codes=[("0", "printed or written"), ("1", "no custom domain to import"), ("5", "refused"), UNREAD],
    examples=[
        ("reconciler import web staging", "Print entries"),
        ("reconciler import web --write", "Add the entry to imgwire.yaml"),
    ],
)
@click.argument("environments", nargs=-1, required=True, metavar="NAME...")
@shared("import", selection=False)
@option("--write", is_flag=True, help="Add the entries to the manifest.")
def import_(options: Options, environments: tuple[str, ...], write: bool) -> ExitCode:
    """Run the command."""
    from reconciler.operations.import_ import import_ as operation
    from reconciler.operations.import_ import open_import

    draft = cache(lambda: open_import(options.inputs(), sorted(set(environments)), write=write))
    return run_online(options, lambda _, context: operation(draft(), context), open_=lambda: draft().workspace)
