"""The plan document and the report document, key by key. The schemas in `schemas/` describe them; the model may change freely."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.documents.applied import unserved_of
from reconciler.documents.checks import check_of
from reconciler.documents.contents import content_object, content_of, offline_object
from reconciler.documents.diagnostics import diagnostic_object, diagnostic_of
from reconciler.documents.format import PLAN, REPORT, VERSION
from reconciler.documents.json_text import to_json
from reconciler.documents.plans import block_object, block_of, plan_object
from reconciler.documents.sources import source_object, source_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Plan
from reconciler.model.results import (
    Conclusion,
    DoctorResult,
    Failed,
    PlanResult,
    Report,
    ValidateResult,
    is_complete,
)
from reconciler.model.times import later
from reconciler.version import __version__

if TYPE_CHECKING:
    from reconciler.documents.format import Object
    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.results import Result

_NO_PLAN = Plan(api_url="", environments=())


def render_plan(report: Report, _style: object = None) -> str:
    """`imgwire-reconciler/plan` as indented JSON."""
    offline = report.content.offline if isinstance(report.content, PlanResult) else None
    data = {"format": PLAN, "format_version": VERSION, **_shared(report)}
    return to_json({**data, "offline": offline_object(offline)} if offline else data)


def render_report(report: Report, _style: object = None) -> str:
    """`imgwire-reconciler/report` as indented JSON: the plan's fields and what happened."""
    return to_json(_report(report))


def render_running(report: Report) -> str:
    """The same of a run that has not ended: it has no exit code yet."""
    return to_json({**_report(report), "outcome": "running", "reason": None, "exit_code": None})


def _report(report: Report) -> dict[str, Any]:
    return {
        "format": REPORT,
        "format_version": VERSION,
        "command": report.command,
        **_shared(report),
        **content_object(report),
    }


def _shared(report: Report) -> dict[str, Any]:
    content = None if isinstance(report.content, ValidateResult | DoctorResult) else report.content
    plan = content.plan if content else _NO_PLAN
    failed = report.failed
    expires_in = content.expires_in if isinstance(content, PlanResult) else None
    return {
        "tool": {"name": "imgwire-reconciler", "version": __version__},
        "created_at": report.created_at,
        "expires_at": None if expires_in is None else later(report.created_at, expires_in),
        "expires_in": expires_in,
        "complete": content is not None and is_complete(content),
        "source": source_object(report.source) if report.source else None,
        "outcome": report.conclusion.outcome,
        "reason": report.conclusion.reason,
        "exit_code": int(report.conclusion.exit_code),
        "message": report.message,
        "hint": report.hint,
        **plan_object(plan, content),
        "blocks": [block_object(block) for block in (content.blocks if content else failed.blocks if failed else ())],
        "diagnostics": [diagnostic_object(item) for item in report.diagnostics],
        "digest": (content.digest or None) if content else failed.digest if failed else None,
    }


def report_of_document(document: Object) -> Report:
    """The report of a document that fits its schema. Raises ValueError, KeyError or NotAPlan where its parts do not fit.

    A run that has not ended has the exit code 0 and the outcome `running`.
    """
    code = ExitCode(document["exit_code"] or 0)
    diagnostics = tuple(diagnostic_of(item) for item in document["diagnostics"])
    return Report(
        _command_of(document.get("command", "plan")),
        document["created_at"],
        _result_of(document, code, diagnostics),
        Conclusion(code, document["reason"], document["outcome"]),
        source_of(document["source"]) if document["source"] else None,
        diagnostics,
    )


def _command_of(command: str | None) -> str | None:
    """Titles and hidden markers have it as it is. Raises ValueError where it cannot be the name of a command."""
    if command is not None and not re.fullmatch("[a-z ]+", command):
        raise ValueError("`command` is not the name of a command")
    return command


def _result_of(document: Object, code: ExitCode, diagnostics: tuple[Diagnostic, ...]) -> Result:
    if "checks" in document and document["message"] is None:
        return DoctorResult(tuple(check_of(item) for item in document["checks"]))
    read = document["environments"] or document["complete"] or "offline" in document
    content = content_of(document, code) if read else None
    if content is not None and document["message"] is None:
        return content
    if document.get("command") == "validate" and (code is ExitCode.OK or document["reason"] == "invalid_manifest"):
        return _validated(document, diagnostics)
    failed = Failed(code, document["reason"] or "", document["message"], document["hint"], content)
    if content is not None:
        return failed
    return replace(
        failed,
        blocks=tuple(block_of(item) for item in document["blocks"]),
        digest=document["digest"],
        unserved=tuple(map(unserved_of, document.get("unserved", ()))),
    )


def _validated(document: Object, diagnostics: tuple[Diagnostic, ...]) -> ValidateResult:
    """The numbers of environments and files are in the message only."""
    match re.findall(r"\d+", document["message"] or "", re.ASCII):
        case [environments, files]:
            return ValidateResult(diagnostics, int(environments), int(files))
        case _:
            return ValidateResult(diagnostics)
