"""A document of an earlier run, in the words of the command that wrote it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.documents.json_text import to_json
from reconciler.documents.reports import render_report
from reconciler.model.escape import escape_control
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import PlanResult, ShowResult
from reconciler.model.times import later
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.given import given_of_source
from reconciler.render.markup import code
from reconciler.render.text.sections import UNFINISHED, render_failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.results import Report
    from reconciler.render.style import Style


def render_text(report: Report, style: Style) -> str:
    """What the command printed, below the command, the time and the outcome."""
    match report.result:
        case ShowResult(report=shown, path=path):
            style = _as_given(shown, path, style)
            headline = escape_control(_headline(shown, report.created_at))
            return f"{headline}\n\n{_body(_usable(shown, report.created_at), 'text', style)}"
        case _:
            return render_failure(report, style)


def render_markdown(report: Report, style: Style) -> str:
    """The same in Markdown."""
    match report.result:
        case ShowResult(report=shown, path=path):
            style = _as_given(shown, path, style)
            marker, _, body = _body(_usable(shown, report.created_at), "markdown", style).partition("\n")
            return f"{marker}\n\n{code(_headline(shown, report.created_at))}\n{body}"
        case _:
            return renderer("plan", "markdown")(report, style)


def render_html(report: Report, style: Style) -> str:
    """The page that the command could have written."""
    from reconciler.render.html.render import render

    match report.result:
        case ShowResult(report=shown, path=path):
            return render(shown, _as_given(shown, path, style))
        case _:
            return render(report, style)


def _as_given(shown: Report, path: str, style: Style) -> Style:
    """The suggested commands reach the manifest and API of the run that is shown, and go on with its receipt."""
    given = given_of_source(shown.source) if shown.source else None
    if given is not None and shown.command == "apply":
        given = replace(given, record=("--receipt", path))
    return replace(style, given=given) if shown.source else style


def _as_the_command(format_: str) -> Callable[[Report, Style], str]:
    """What the command itself writes in this format."""

    def render(report: Report, style: Style) -> str:
        match report.result:
            case ShowResult(report=shown):
                return renderer(str(shown.command), format_)(shown, style)
            case _:
                command = next(name for name, formats in FORMATS.items() if format_ in formats)
                return renderer(command, format_)(report, style)

    return render


render_github, render_gitlab, render_junit, render_prometheus, render_dotenv = map(
    _as_the_command, ("github", "gitlab", "junit", "prometheus", "dotenv")
)


def render_json(report: Report, _style: Style) -> str:
    """The document itself; that of a run that has not ended together with its journal."""
    match report.result:
        case ShowResult(document=document):
            return to_json(document)
        case _:
            return render_report(report)


def _end_of_validity(report: Report) -> str | None:
    """When the plan can no longer be applied."""
    match report.content:
        case PlanResult(expires_in=int(seconds)):
            return later(report.created_at, seconds)
        case _:
            return None


def _usable(report: Report, now: str) -> Report:
    """As it is; an expired plan as one that was not saved, so that no command suggests to apply it."""
    end, content = _end_of_validity(report), report.result
    if end is None or end > now or not isinstance(content, PlanResult):
        return report
    return replace(report, result=replace(content, saved_to=None))


def _headline(report: Report, now: str) -> str:
    conclusion = report.conclusion
    outcome, code_ = conclusion.outcome, conclusion.exit_code
    words = "with changes" if outcome == "changes" and code_ is ExitCode.OK else outcome
    ended = "running" if outcome == "running" else f"{words}, exit code {code_:d}"
    reason = f" ({conclusion.reason})" if conclusion.reason not in {None, outcome} else ""
    end = _end_of_validity(report)
    valid = "" if end is None else f", {'valid until' if end > now else 'expired at'} {end}"
    return f"{report.command or 'reconciler'} at {report.created_at}: {ended}{reason}{valid}"


def _body(report: Report, format_: str, style: Style) -> str:
    command = report.command if report.command in FORMATS else "apply"
    if format_ == "markdown":
        command = "plan" if command == "plan" else "apply"  # reports of all other commands are rendered alike
    elif format_ not in FORMATS[command]:
        format_ = "table"
    body = renderer(command, format_)(report, replace(style, verbose=True))
    if report.conclusion.outcome != "running":
        return body
    facts, next_, advice = body.rpartition("\n\nNext: ")  # "Next" stays last
    return f"{facts}\n\n{UNFINISHED}{next_}{advice}" if next_ else f"{body}\n{UNFINISHED}\n"
