"""What a command logs on standard error while it runs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.cli.terminal import style_for
from reconciler.model.escape import finish
from reconciler.render.layout import fit
from reconciler.render.log import json_line, text_line
from reconciler.streams import SurvivingStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.diagnostics import Diagnostic

_LEVELS = {"error": 0, "warning": 0, "info": 0, "retry": 1, "call": 2}


@dataclass(frozen=True, slots=True)
class Log:
    """Lines for people, or JSON objects one a line. `verbosity` counts the `-v`s; keys never come this way."""

    verbosity: int = 0
    as_json: bool = False

    def say(self, kind: str, text: str, **fields: str | float | None) -> None:
        """Log a line if the verbosity includes its kind: `error`, `warning`, `info` always, `retry` from -v, `call` from -vv.

        JSON lines also have the `fields`.
        """
        if _LEVELS[kind] > self.verbosity:
            return
        if self.as_json:
            self._write(json_line(datetime.now(UTC), kind, text, fields))
        else:
            self.write(text_line(kind, text))

    def show(self, text: str) -> None:
        """Show a rendered text as it is; with JSON lines, as one of them."""
        if self.as_json:
            self.say("info", text)
        else:
            self.write(text)

    def diagnostics(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Show problems with their places, and a blank line below them."""
        if diagnostics:
            from reconciler.render.diagnostics import render_text

            self.show(f"{render_text(diagnostics, style_for(sys.stderr))}\n")

    def write(self, text: str) -> None:
        """Write lines for people, wrapped at words to the width of the terminal."""
        self._write(finish(fit(text, style_for(sys.stderr).width)))

    @staticmethod
    def _write(text: str) -> None:
        stream = SurvivingStream(sys.stderr)  # that nobody listens any more must not keep the run from finishing
        stream.write(text)
        stream.flush()
