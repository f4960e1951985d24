"""`reconciler schema`."""

from __future__ import annotations

import click

from reconciler.model.exit_codes import ExitCode
from reconciler.schema_files import NAMES, read_schema


@click.command()
@click.argument("name", type=click.Choice(NAMES))
def schema(name: str) -> ExitCode:
    """Print the JSON Schema (2020-12) of a document that the tool reads or writes."""
    click.echo(read_schema(name), nl=False)
    return ExitCode.OK
