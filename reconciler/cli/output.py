"""Where a report goes: standard output in the format asked for, and files beside it."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.cli.log import Log
from reconciler.cli.terminal import style_for, style_for_files
from reconciler.model.conclusion import report_of
from reconciler.model.failures import without_output
from reconciler.operations.now import now
from reconciler.render.formats import FAILURE_FORMATS, FORMATS, named_formats, render_log, render_note, renderer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.options import Options
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import Failed, Report

_PIECE = 1 << 20  # characters: a large document is not encoded as a whole


def publish_early(arguments: Sequence[str], command: str | None, failed: Failed) -> ExitCode:
    """The document and the step outputs of a run that ended before its command began, in the formats of the command line."""
    from reconciler.operations.saved_plan import discard_named

    known = command if command in FORMATS else "apply"
    formats = named_formats(arguments)
    report = report_of(command, now(), failed)
    if command == "plan":
        discard_named(arguments)
    for format_ in sorted(name for name in FAILURE_FORMATS & FORMATS[known].keys() if formats.get(name)):
        sys.stdout.write(renderer(known, format_)(report, style_for_files()))
    return publish_step_files(report, failed.exit_code, Log()) if "github" in formats else failed.exit_code


def publish_step_files(report: Report, code: ExitCode, log: Log) -> ExitCode:
    """Outputs and summary of a step of a GitHub workflow: the exit code, which is 1 where that was 0 and writing failed."""
    from reconciler.operations.step_files import write_step_files

    return write_step_files(report, code, os.environ, style_for_files(), partial(log.say, "error"))


def publish(report: Report, options: Options) -> Report:
    """Write the report everywhere it belongs: the report as it was published. Its exit code is 1 where something could
    not be written and all else went well."""
    log = options.log
    for file in options.reports:
        style = replace(style_for_files(), comment_key=options.comment_key)
        if problem := file.write(report, options.command, style):
            log.say("error", problem)
            report = without_output(report, "report_not_written")
    if report.failed or options.format == "github":  # annotations are not for people
        log.show(render_log(report, style_for(sys.stderr)))
    if report.failed and options.format not in FAILURE_FORMATS:
        return report
    style = replace(style_for(sys.stdout, verbose=log.verbosity > 0), comment_key=options.comment_key)
    text = renderer(options.command, options.format)(report, style)
    try:
        sys.stdout.writelines(text[start : start + _PIECE] for start in range(0, len(text), _PIECE))
        sys.stdout.flush()
    except BrokenPipeError:
        return report
    except OSError as error:
        log.say("error", f"could not write to standard output: {error.strerror or error}")
        return without_output(report, "output_not_written")
    if note := render_note(report, style_for(sys.stderr)):
        log.show(note)
    return report
