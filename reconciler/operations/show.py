"""`show`: a saved plan, report or receipt, read back for people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.documents.format import PLAN, REPORT, is_readable
from reconciler.documents.reports import report_of_document
from reconciler.documents.saved_plan import is_applicable, saved_plan_of
from reconciler.documents.schema import misfit
from reconciler.documents.steps import NotAPlan
from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, PlanResult, ShowResult, Stopped
from reconciler.model.times import later
from reconciler.operations.receipt import read_receipt
from reconciler.render.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Collection

    from reconciler.documents.format import Object
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Source

_SCHEMAS = {PLAN: "plan", REPORT: "report"}


@dataclass(frozen=True, slots=True)
class ShownFile:
    """The file to show. No manifest is read."""

    path: str
    source: Source | None = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Paths of the files that are read."""
        return (self.path, f"{self.path}.journal")


def show(file: ShownFile, formats: Collection[str]) -> ShowResult:
    """The document in the file, to be written in these formats. Raises Stopped."""
    result = read_document(file.path)
    command = result.report.command or "plan"
    missing = sorted(set(formats) - {"text", "json", "markdown", "html"} - FORMATS.get(command, {}).keys())
    if missing:
        known = ", ".join(name for name in FORMATS["show"] if name in FORMATS.get(command, {}))
        message = f"{file.path} is from `{command}`, which has no format {missing[0]}"
        raise Stopped(Failed(ExitCode.USAGE, "usage", message, f"use one of {known}"))
    match result.report.result:
        case PlanResult() as plan if result.document["format"] == PLAN:
            return replace(result, report=replace(result.report, result=replace(plan, saved_to=file.path)))
        case _:
            return result


def read_document(path: str) -> ShowResult:
    """The document in the file; that of a run that goes on, or was killed, with its journal. Raises Stopped."""
    try:
        document = read_receipt(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise _unusable(path, "is not JSON, or a damaged receipt") from None
    if not isinstance(document, dict) or document.get("format") not in tuple(_SCHEMAS):  # it may be a list
        raise _unusable(path, "is neither a plan nor a report of this tool")
    if not is_readable(document):
        raise _unusable(path, "was written by another version of this tool")
    problem = misfit(document, _SCHEMAS[document["format"]])
    if problem is not None:
        raise _unusable(path, f"is damaged: {problem}")
    try:
        later(document["created_at"], document["expires_in"] or 0)
        _refuse_edited(path, document)
        return ShowResult(document, report_of_document(document), path)
    except (KeyError, TypeError, ValueError, OverflowError, NotAPlan) as error:
        raise _unusable(path, f"is damaged: {error}") from None


def _refuse_edited(path: str, document: Object) -> None:
    """Raises Stopped for a plan that `apply` would refuse as edited: it must not look valid to a reviewer."""
    if document["format"] != PLAN or not is_applicable(document):
        return
    try:
        saved_plan_of(document)
    except NotAPlan as error:
        message = f"{path} cannot be applied: {error}"
        hint = "make a new plan: `reconciler plan --out FILE`"
        raise Stopped(Failed(ExitCode.DATA, "invalid_document", message, hint)) from None


def _unusable(path: str, what: str) -> Stopped:
    hint = "give a plan of `plan --out`, a receipt of `apply --receipt`, or what a command wrote with --format json"
    return Stopped(Failed(ExitCode.DATA, "invalid_document", f"{path} {what}", hint))
