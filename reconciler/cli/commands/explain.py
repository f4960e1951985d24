"""`reconciler explain`."""

from __future__ import annotations

import click

from reconciler.cli.help import Command
from reconciler.model.exit_codes import ExitCode


@click.command(
    cls=Command,
    help="Print the documentation of a diagnostic code or a reason.",
    examples=[
        ("reconciler explain apex-hostname", "What the code means, and how to fix it"),
        ("reconciler explain stale_plan", "What the reason means, and what to do"),
    ],
)
@click.argument("code")
def explain(code: str) -> ExitCode:
    """Print one section of the documentation."""
    from reconciler.manifest.explanations import explain as section
    from reconciler.manifest.explanations import known_words

    text = section(code)
    if text is None:
        import difflib

        close = difflib.get_close_matches(code, known_words(), 1)
        hint = (
            f" Did you mean `{close[0]}`?"
            if close
            else " Codes are in brackets after `error`, or the `reason` of a report."
        )
        raise click.UsageError(f"unknown code '{code}'.{hint}")
    click.echo(text, nl=False)
    return ExitCode.OK
