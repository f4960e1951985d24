"""`reconciler explain`."""

from __future__ import annotations

import click

from reconciler.cli.help import command
from reconciler.model.exit_codes import ExitCode


@command(
    help="Print the documentation of a diagnostic code or a reason; without CODE, list them all.",
    examples=[
        ("reconciler explain apex-hostname", "What the code means, and how to fix it"),
        ("reconciler explain stale_plan", "What the reason means, and what to do"),
    ],
)
@click.argument("code", required=False)
def explain(code: str | None) -> ExitCode:
    """Print one section of the documentation, or what there is."""
    from reconciler.manifest.explanations import listed, section, suggestion

    text = listed() if code is None else section(code)
    if text is None:
        raise click.UsageError(f"unknown code '{code}'. {suggestion(code or '')}")
    click.echo(text, nl=False)
    return ExitCode.OK
