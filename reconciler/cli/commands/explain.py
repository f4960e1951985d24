"""`reconciler explain`."""

from __future__ import annotations

import sys

import click

from reconciler.cli.help import command
from reconciler.cli.values import CODE
from reconciler.model.exit_codes import ExitCode


@command(
    help="Print the documentation of a diagnostic code or a reason; without CODE, list them all.",
    examples=[
        ("reconciler explain apex-hostname", "What the code means, and how to fix it"),
        ("reconciler explain stale_plan", "What the reason means, and what to do"),
    ],
)
@click.argument("code", type=CODE, required=False)
def explain(code: str | None) -> ExitCode:
    """Print one section of the documentation, or what there is."""
    from reconciler.cli.terminal import style_for
    from reconciler.manifest.explanations import listed, section, suggestion
    from reconciler.render.text.explanation import render_explanation, render_index

    style, text = style_for(sys.stdout), section(code or "")
    if code is not None and text is None:
        raise click.UsageError(f"unknown code '{code}'. {suggestion(code)}")
    click.echo(render_index(listed(), style) if text is None else render_explanation(text, style), nl=False)
    return ExitCode.OK
