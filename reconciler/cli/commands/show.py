"""`reconciler show`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.help import Command
from reconciler.cli.options import Options, output_options
from reconciler.cli.run import run
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, ShowResult, Stopped
from reconciler.render.formats import FORMATS

if TYPE_CHECKING:
    from reconciler.cli.log import Log
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Source


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

    def operate(document: _Document, _log: Log) -> ShowResult:
        result = operation(document.path)
        command = result.report.command or "plan"
        missing = sorted(options.formats - {"text", "json", "markdown", "html"} - FORMATS.get(command, {}).keys())
        if missing:
            known = ", ".join(name for name in FORMATS["show"] if name in FORMATS.get(command, {}))
            message = f"{path} is from `{command}`, which has no format {missing[0]}"
            raise Stopped(Failed(ExitCode.USAGE, "usage", message, f"use one of {known}"))
        return result

    return run(options, lambda: _Document(path), operate)
