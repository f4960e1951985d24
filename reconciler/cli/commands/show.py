"""`reconciler show`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.help import Command
from reconciler.cli.options import Options, output_options
from reconciler.cli.run import run

if TYPE_CHECKING:
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Source
    from reconciler.model.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class _Document:
    """The file to show. No manifest is read."""

    path: str
    source: Source | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        return (self.path, f"{self.path}.journal")


@click.command(
    cls=Command,
    help="Print a saved plan, receipt or report.\n\nNeeds no manifest, key or network. The journal of a receipt is included.",
    examples=[
        ("reconciler show plan.json", "A saved plan"),
        ("reconciler show receipt.json --format markdown", "A receipt, for a comment"),
    ],
)
@click.argument("path", metavar="FILE")
@output_options("show")
def show(options: Options, path: str) -> ExitCode:
    """Run the command."""
    from reconciler.operations.show import show as operation

    return run(options, lambda: _Document(path), lambda document, _log: operation(document.path))
