"""`reconciler completion`."""

from __future__ import annotations

import click

from reconciler.cli.completion import SHELLS, script
from reconciler.cli.help import command
from reconciler.model.exit_codes import ExitCode


@command(
    help="Print a completion script for a shell.",
    examples=[
        ('eval "$(reconciler completion bash)"', "Complete in this bash session"),
        ("reconciler completion fish > ~/.config/fish/completions/reconciler.fish", "Install for fish"),
    ],
)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> ExitCode:
    """Print the script."""
    click.echo(script(shell), nl=False)
    return ExitCode.OK
