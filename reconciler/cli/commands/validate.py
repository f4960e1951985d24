"""`reconciler validate`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import click

from reconciler.cli.help import command
from reconciler.cli.options import Options, shared
from reconciler.cli.run import run

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode


@command(
    help="Check manifests. Needs no key and no network.",
    exit_codes=[("0", "valid"), ("65", "invalid")],
    examples=[
        ("reconciler validate", "Check imgwire.yaml"),
        ("reconciler validate conf/*.yaml --format github", "Annotate a pull request"),
    ],
)
@click.argument("paths", nargs=-1, metavar="[FILE]...")
@shared("validate", network=False)
def validate(options: Options, paths: tuple[str, ...]) -> ExitCode:
    """Run the command."""
    options = replace(options, files=(*options.files, *paths))

    from reconciler.operations.validate import validate as operation

    opened = partial(operation, options.inputs(), names=options.names, selectors=options.selectors, shard=options.shard)
    return run(options, opened, lambda result, _log: result)
