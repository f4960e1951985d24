"""Reports that are written to files, beside standard output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from reconciler.files import append, write_atomic
from reconciler.render.formats import renderer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.model.results import Report
    from reconciler.render.style import Style


@dataclass(frozen=True, slots=True)
class ReportFile:
    """The format and the path of a report. `appends` adds it to the end of the file."""

    format: str
    path: str
    appends: bool = False

    @classmethod
    def parse(cls, formats: Sequence[str], text: str) -> Self:
        """Read `FORMAT=FILE`, or `FORMAT=+FILE` to append. Raises ValueError."""
        format_, equals, path = text.partition("=")
        if not equals or not path.removeprefix("+") or format_ not in formats:
            raise ValueError(f"'{text}' is not FORMAT=FILE with a format of {', '.join(formats)}")
        return cls(format_, path.removeprefix("+"), path.startswith("+"))

    def write(self, report: Report, command: str, style: Style) -> str | None:
        """Write the report of the command. Returns a message where that failed."""
        text = renderer(command, self.format)(report, style)
        try:
            (append if self.appends else write_atomic)(self.path, text)
        except OSError as error:
            return f"could not write the {self.format} report to {self.path}: {error.strerror or error}"
        return None
