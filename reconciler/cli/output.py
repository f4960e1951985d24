"""Where a document goes: standard output in the format asked for, and files beside it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.log import Log
from reconciler.cli.terminal import checkout_style, style_for
from reconciler.files import RefusedFile, append, check_output, write_atomic
from reconciler.model.conclusion import report_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Conclusion, Failed, PlanResult, PublishResult, Report, Stopped
from reconciler.model.times import timestamp
from reconciler.render.formats import FORMATS, renderer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.render.style import Style


# What can tell of a run that failed. Other formats are for what it was to show: then standard output stays empty.
DOCUMENTS = frozenset(
    {"json", "markdown", "junit", "prometheus", "github", "html", "sarif", "codeclimate", "rdjson", "gitlab"}
)


def now() -> str:
    """The time as documents write it."""
    return timestamp(datetime.now(UTC))


def publish_early(
    command: str | None, code: ExitCode, reason: str, message: str, formats: Mapping[str, bool]
) -> ExitCode:
    """The document and the step outputs of a run that ended before its command began. `formats`: on standard output?"""
    known = command if command in FORMATS else "apply"
    report = report_of(command, now(), Failed(code, reason, message))
    for format_ in sorted(DOCUMENTS & FORMATS[known].keys()):
        if formats.get(format_):
            sys.stdout.write(renderer(known, format_)(report, checkout_style()))
    if "github" in formats:
        from reconciler.cli.github import write_step_files

        return write_step_files(report, code, Log())
    return code


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report to write beside standard output: FORMAT=FILE, or FORMAT=+FILE to append."""

    format: str
    path: str
    appends: bool = False

    def write(self, text: str) -> None:
        """Raises OSError."""
        (append if self.appends else write_atomic)(self.path, text)


@dataclass(frozen=True, slots=True)
class Output:
    """The options about output."""

    command: str
    format: str
    reports: tuple[ReportFile, ...]
    log: Log
    comment_key: str = ""

    def without_reports(self) -> Output:
        return replace(self, reports=())

    def publish(self, report: Report) -> Report:
        """Write the report everywhere it belongs: the report as it was published. Its exit code is 1 where something could
        not be written and all else went well."""
        for file in self.reports:
            try:
                file.write(renderer(self.command, file.format)(report, self._style(checkout_style())))
            except OSError as error:
                self.log.say(
                    "error", f"could not write the {file.format} report to {file.path}: {error.strerror or error}"
                )
                report = _incomplete(report, "report_not_written")
        if report.failed:
            self._log_failure(report, report.failed)
            if self.format not in DOCUMENTS:
                return report
        style = self._style(style_for(sys.stdout, verbose=self.log.verbosity > 0))
        text = renderer(self.command, self.format)(report, style)
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except BrokenPipeError:
            return report
        except OSError as error:
            self.log.say("error", f"could not write to standard output: {error.strerror or error}")
            return _incomplete(report, "output_not_written")
        return report

    def _style(self, style: Style) -> Style:
        return replace(style, comment_key=self.comment_key)

    def _log_failure(self, report: Report, failed: Failed) -> None:
        """Why the run failed, on standard error. Diagnostics that came before a failure were logged when they came."""
        from reconciler.render.text.sections import render_failure

        logged = report if failed.message is None else replace(report, diagnostics=())
        below_a_plan = "\n" if isinstance(failed.so_far, PlanResult | PublishResult) else ""
        self.log.show(below_a_plan + render_failure(logged, style_for(sys.stderr)))


def _incomplete(report: Report, reason: str) -> Report:
    """What went well ends with 1 where an output is missing."""
    if report.conclusion.exit_code is not ExitCode.OK:
        return report
    return replace(report, conclusion=Conclusion(ExitCode.ERROR, reason))


class Unwritable(Stopped):
    """An output must not be written. No report is written either."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(Failed(ExitCode.USAGE, "usage", message, hint))


def check_outputs(written: Sequence[str], read: Sequence[str]) -> None:
    """Raises Unwritable where an output would take the place of something that is read, or of another output."""
    for place, path in enumerate(written):
        clash = next((other for other in (*read, *written[:place]) if would_replace(path, other)), None)
        if path == "-":
            raise Unwritable("`-` is no file to write to", "standard output has the format of --format")
        if clash is not None:
            raise Unwritable(f"{path} would overwrite {clash}", "give it a path of its own")
        try:
            check_output(path)
        except RefusedFile as error:
            hint = "name a regular file, /dev/null or an open descriptor such as /dev/stdout"
            raise Unwritable(f"cannot write to {path}: {error.strerror}", hint) from None


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
