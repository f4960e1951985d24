"""`reconciler explain`."""

from __future__ import annotations

import click

from reconciler.cli.help import Command
from reconciler.model.exit_codes import ExitCode


@click.command(
    cls=Command,
    help="Print the documentation of a diagnostic code, such as apex-hostname.",
    examples=[("reconciler explain apex-hostname", "What the code means, and how to fix it")],
)
@click.argument("code")
def explain(code: str) -> ExitCode:
    """Print one section of the documentation."""
    from reconciler.manifest.codes import Code
    from reconciler.manifest.explanations import explain as section

    text = section(code)
    if text is None:
        import difflib

        close = difflib.get_close_matches(code, list(Code), 1)
        hint = f" Did you mean `{close[0]}`?" if close else f" Codes: {', '.join(Code)}"
        raise click.UsageError(f"unknown code '{code}'.{hint}")
    click.echo(text, nl=False)
    return ExitCode.OK
