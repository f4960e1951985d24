"""`reconciler schema`."""

from __future__ import annotations

import click

from reconciler.cli.help import command
from reconciler.model.exit_codes import ExitCode
from reconciler.schema_files import NAMES, read_schema


@command(
    help=f"Print a JSON Schema (2020-12) of a document.\n\nNAME is {', '.join(NAMES[:-1])} or {NAMES[-1]}.",
    examples=[("reconciler schema manifest > imgwire.schema.json", "For completion in editors")],
)
@click.argument("name", type=click.Choice(NAMES), metavar="NAME")
def schema(name: str) -> ExitCode:
    """Run the command."""
    click.echo(read_schema(name), nl=False)
    return ExitCode.OK
