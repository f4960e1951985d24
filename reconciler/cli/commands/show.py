"""`reconciler show`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

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


@click.command()
@click.argument("path", metavar="FILE")
@output_options("show")
def show(options: Options, path: str) -> ExitCode:
    """Print a saved plan, a receipt or a report. No manifest, no key and no network is needed.

    The receipt of a run that goes on, or was killed, is shown together with FILE.journal.
    """
    from reconciler.operations.show import show as operation

    return run(options, lambda: _Document(path), lambda document, _log: operation(document.path))
