"""`reconciler explain`."""

from __future__ import annotations

import click

from reconciler.cli.help import command
from reconciler.model.exit_codes import ExitCode


@command(
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
    from reconciler.manifest.explanations import suggestion

    text = section(code)
    if text is None:
        raise click.UsageError(f"unknown code '{code}'. {suggestion(code)}")
    click.echo(text, nl=False)
    return ExitCode.OK
