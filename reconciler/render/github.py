"""A report for a GitHub workflow: annotations, step outputs and the step summary.

Annotations are workflow commands on standard output; GitHub shows at most 10 errors and 10 warnings of a step. The files
behind GITHUB_OUTPUT and GITHUB_STEP_SUMMARY are written by the command line.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.diagnostics import Severity
from reconciler.model.escape import finish
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.results import ApplyResult, DoctorResult, DriftResult, PlanResult, ValidateResult, is_complete
from reconciler.render.diagnostics import render_github
from reconciler.render.markdown.plan import render_plan
from reconciler.render.markdown.report import render_report
from reconciler.render.problems import problems

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.results import Report
    from reconciler.render.style import Style

MAX_ANNOTATIONS = 10
"""Of one level, in one step (GitHub's documentation of workflow commands)."""

MAX_SUMMARY_BYTES = 1024 * 1024
"""Of one step (GitHub's documentation of GITHUB_STEP_SUMMARY)."""

OUTPUTS = (
    "outcome",
    "reason",
    "exit_code",
    "changes",
    "digest",
    "plan_path",
    "create",
    "delete",
    "replace",
    "move",
    "unreadable",
    "interruptions",
    "unserved",
    "fingerprint",
)


def render(report: Report, style: Style) -> str:
    """The annotations, a line each."""
    items = (item.map_files(style.path) for item in problems(report))
    return render_github(_limited(tuple(items)))


def step_outputs(report: Report, code: ExitCode) -> dict[str, str]:
    """Every output by its name. A value that is not known is empty; `drift` is then `unknown`. `code` is the exit code."""
    as_concluded = code == report.conclusion.exit_code
    outputs = dict.fromkeys(OUTPUTS, "") | {
        "outcome": report.conclusion.outcome if as_concluded else code.outcome,
        "reason": (report.conclusion.reason or "") if as_concluded else "report_not_written",
        "exit_code": str(int(code)),
        **_numbers(report),
    }
    if report.command == "drift":
        outputs |= _drift(report)
    return {name: value if value.isprintable() else "" for name, value in outputs.items()}


def step_summary(report: Report, style: Style, max_bytes: int = MAX_SUMMARY_BYTES) -> str:
    """The Markdown of the report, in at most `max_bytes` of UTF-8. Whole lines are left out at the end."""
    comment = render_plan if report.command == "plan" else render_report
    text = finish(comment(report, style), "markdown")
    data = text.encode("utf-8")
    if len(data) <= max_bytes:
        return text
    note = "\n\nThe summary is longer than GitHub accepts. The rest is omitted.\n"
    kept = data[: max(0, max_bytes - len(note))]
    return kept[: kept.rfind(b"\n") + 1].decode("utf-8") + note if kept else ""


def _numbers(report: Report) -> dict[str, str]:
    """What the plan of the report counts. A plan that lacks environments does not show that nothing changes."""
    content = report.content
    if content is None or isinstance(content, ValidateResult | DoctorResult):
        return {"digest": (report.failed and report.failed.digest) or "", "unserved": _unserved(report)}
    plan, count = content.plan, content.plan.summary()
    unchanged = "false" if is_complete(content) else ""
    return {
        "changes": "true" if plan.has_changes else unchanged,
        "digest": content.digest,
        "plan_path": (content.saved_to or "") if isinstance(content, PlanResult) else "",
        **{name: str(count[name]) for name in ("create", "delete", "replace", "unreadable", "interruptions")},
        "move": str(count["moves"]),
        "unserved": _unserved(report),
    }


def _unserved(report: Report) -> str:
    """A run that was refused knows only what earlier runs left."""
    return str(len(report.unserved)) if report.unserved or isinstance(report.content, ApplyResult) else ""


def _drift(report: Report) -> dict[str, str]:
    """`drift` is `false` only where every environment was read, and the right one."""
    if not isinstance(report.result, DriftResult):
        return {"drift": "unknown", "findings": ""}
    result = report.result
    counted = sorted(item.fingerprint for item in result.findings if item.counts)
    doubtful = not result.plan.complete or any(block.code in IDENTITY_CODES for block in result.blocks)
    return {
        "drift": "true" if counted else ("unknown" if doubtful else "false"),
        "findings": str(len(result.findings)),
        "fingerprint": hashlib.sha256("\n".join(counted).encode()).hexdigest()[:32] if counted else "",
    }


def _limited(items: tuple[Diagnostic, ...]) -> Iterable[Diagnostic]:
    """At most MAX_ANNOTATIONS of each severity. The last of them counts the rest, at the place of the first omitted one."""
    for severity in Severity:
        level = [item for item in items if item.severity is severity]
        if len(level) <= MAX_ANNOTATIONS:
            yield from level
            continue
        shown, rest = level[: MAX_ANNOTATIONS - 1], level[MAX_ANNOTATIONS - 1 :]
        yield from shown
        hint = "GitHub shows at most 10 of a kind; the step summary has more"
        message = f"{len(rest)} more {severity}s, the first: {rest[0].message}"
        yield replace(rest[0], message=message, hint=hint, related=())
