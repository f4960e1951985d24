"""Where a document goes: standard output in the format asked for, and files beside it."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING

from reconciler.files import write_atomic
from reconciler.model.document import Document
from reconciler.model.exit_codes import ExitCode
from reconciler.render.formats import renderer
from reconciler.render.ink import Ink

if TYPE_CHECKING:
    from reconciler.cli.log import Log


# What can tell of a run that failed. Other formats are for what it was to show: then standard output stays empty.
DOCUMENTS = frozenset({"json", "markdown", "junit", "prometheus", "github", "html"})


def now() -> str:
    """The time as documents write it: RFC 3339, UTC, whole seconds."""
    return timestamp(datetime.now(UTC))


def timestamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def early_document(command: str | None, code: ExitCode, reason: str, message: str) -> str:
    """The JSON document of a run that ended before its command began."""
    document = Document(command, now(), code, code.outcome, reason, message)
    return renderer(command if command == "plan" else "apply", "json")(document, Ink()).rstrip("\n")


@dataclass(frozen=True, slots=True)
class Output:
    """What the options say about output. `reports` are (format, path)."""

    command: str
    format: str
    reports: tuple[tuple[str, str], ...]
    log: Log

    def publish(self, document: Document) -> ExitCode:
        """Write the document everywhere it belongs: the exit code, which is 1 where a file could not be written and all
        else went well."""
        failed = self._failed(document)
        for format_, path in self.reports:
            try:
                write_atomic(path, renderer(self.command, format_)(document, Ink()))
            except OSError as error:
                self.log.say("error", f"could not write the {format_} report to {path}: {error.strerror or error}")
                document = _without_report(document)
        code = document.exit_code
        if failed:
            self._tell(document)
            if self.format not in DOCUMENTS:
                return code
        text = renderer(self.command, self.format)(document, ink_for(sys.stdout))
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            return code
        except OSError as error:
            self.log.say("error", f"could not write to standard output: {error.strerror or error}")
            return code or ExitCode.ERROR
        return code

    def _failed(self, document: Document) -> bool:
        """The run ended before it had what it was to show. What `validate` finds wrong is what it was to show."""
        if document.exit_code is ExitCode.OK:
            return False
        return document.message is not None or (document.plan is None and self.command != "validate")

    def _tell(self, document: Document) -> None:
        """Say on standard error why the run failed. Diagnostics that came before a failure were told when they were found."""
        from reconciler.render.text.parts import render_failure

        told = document if document.message is None else replace(document, diagnostics=())
        below_a_plan = "\n" if document.plan and self.command in {"apply", "dns sync"} else ""
        self.log.show(below_a_plan + render_failure(told, ink_for(sys.stderr)))


def _without_report(document: Document) -> Document:
    """What went well ends with 1 where a file is missing that was asked for."""
    if document.exit_code is not ExitCode.OK:
        return document
    code = ExitCode.ERROR
    return replace(document, exit_code=code, outcome=code.outcome, reason="report_not_written")


def ink_for(stream: IO[str]) -> Ink:
    """How to write for the stream: in colour where that is wanted, in the width of the terminal if it is one."""
    return Ink(colours(stream), _columns(stream) if is_terminal(stream) else None)


def _columns(stream: IO[str]) -> int:
    """The width of this very terminal; standard output, of which shutil would ask, may be elsewhere. COLUMNS says otherwise."""
    try:
        return int(os.environ["COLUMNS"])
    except (KeyError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            return os.get_terminal_size(stream.fileno()).columns or 80
    return 80


def colours(stream: object) -> bool:
    """NO_COLOR (no-color.org) says no, FORCE_COLOR yes, else a terminal that is not dumb."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def is_terminal(stream: object) -> bool:
    """The stream is open and a terminal."""
    try:
        return bool(stream.isatty())  # type: ignore[attr-defined]
    except (AttributeError, ValueError):
        return False


def would_replace(written: str, read: str) -> bool:
    """Writing the one would replace the other: one file, or a manifest in a folder of them. Devices and pipes lose nothing."""
    if os.path.exists(written) and not os.path.isfile(written):  # noqa: PTH110, PTH113 - Path raises at a loop of links
        return False
    target, source = os.path.realpath(written), os.path.realpath(read)
    if os.path.isdir(source):  # noqa: PTH112
        return Path(target).suffix in {".yaml", ".yml"} and Path(target).is_relative_to(source)
    try:
        return Path(target).samefile(source)
    except OSError:
        return target == source
