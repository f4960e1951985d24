"""`reconciler init`."""

from __future__ import annotations

from pathlib import Path

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
    from reconciler.manifest.starter import STARTER
    from reconciler.render.escape import finish_lines

    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        with Path(path).open("x", encoding="utf-8") as file:
            file.write(STARTER)
    except OSError as error:
        if isinstance(error, FileExistsError) and error.filename == path:
            raise click.ClickException(f"{path} exists already and was left as it is; name another path") from None
        raise click.ClickException(f"could not write {path}: {error.strerror or error}") from None
    click.echo(finish_lines(f"Wrote {path}. Put your hostnames in, then: reconciler validate -f {path}"), err=True)
    return ExitCode.OK
