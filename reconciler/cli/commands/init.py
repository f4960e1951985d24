"""`reconciler init`."""

from __future__ import annotations

import click

from reconciler.cli.help import command
from reconciler.model.exit_codes import ExitCode


@command(
    help="Write a commented starter manifest to PATH. A missing folder is created. Existing files are never overwritten.",
    examples=[("reconciler init", "Write imgwire.yaml")],
)
@click.argument("path", default="imgwire.yaml", metavar="[PATH]")
def init(path: str) -> ExitCode:
    """Run the command."""
    from reconciler.cli.log import Log
    from reconciler.manifest.starter import next_step, write_starter

    try:
        write_starter(path)
    except OSError as error:
        if isinstance(error, FileExistsError) and error.filename == path:
            raise click.ClickException(f"{path} exists already and was left as it is; name another path") from None
        raise click.ClickException(f"could not write {path}: {error.strerror or error}") from None
    Log().say("info", next_step(path))
    return ExitCode.OK
