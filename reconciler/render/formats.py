"""The one list of output formats: for each command, what each format is made by."""

from __future__ import annotations

from importlib import import_module
from importlib.util import resolve_name
from itertools import pairwise
from typing import TYPE_CHECKING

from reconciler.model.escape import JSON_FORMATS, finish
from reconciler.model.results import PlanResult, PublishResult
from reconciler.render.layout import fit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.model.results import Report
    from reconciler.render.style import Style

    Renderer = Callable[[Report, Style], str]

# `module:function`, relative to this folder. Names only: a wrong format is refused without importing a renderer. The first is
# the default.
_REPORT = {"json": ".documents.reports:render_report", "markdown": "markdown.report:render_report"}
_PAGE = {"html": "html.render:render"}
FORMATS: dict[str, dict[str, str]] = {
    "validate": {
        "text": "text.manifest:render_validate",
        "json": ".documents.reports:render_report",
        "github": "github:render",
        "sarif": "code_quality:render_sarif_report",
        "codeclimate": "code_quality:render_codeclimate_report",
        "rdjson": "code_quality:render_rdjson_report",
    },
    "plan": {
        "text": "text.plan:render_plan",
        "json": ".documents.reports:render_plan",
        "markdown": "markdown.plan:render_plan",
        "github": "github:render",
        "gitlab": "gitlab:render_plan",
        **_PAGE,
    },
    "apply": {"text": "text.apply:render_apply", **_REPORT, "github": "github:render", **_PAGE},
    "verify": {"text": "text.verify:render_verify", **_REPORT, "github": "github:render", **_PAGE},
    "status": {"text": "text.live:render_status", **_REPORT, "dotenv": "dotenv:render_status", **_PAGE},
    "drift": {
        "text": "text.drift:render_drift",
        **_REPORT,
        "junit": "junit:render_drift",
        "prometheus": "prometheus:render_drift",
        "github": "github:render",
        **_PAGE,
    },
    "import": {"text": "text.manifest:render_import", "json": ".documents.reports:render_report"},
    "show": {
        "text": "show:render_text",
        "json": "show:render_json",
        "markdown": "show:render_markdown",
        "html": "show:render_html",
        **{name: f"show:render_{name}" for name in ("github", "gitlab", "junit", "prometheus", "dotenv")},
    },
    "dns show": {
        "table": "records:render_table",
        "json": ".documents.reports:render_report",
        "bind": "records:render_bind",
        "octodns": "records:render_octodns",
        "dnscontrol": "records:render_dnscontrol",
        "terraform": "records:render_terraform",
        "external-dns": "records:render_external_dns",
        "csv": "records:render_csv",
    },
    "doctor": {"text": "text.doctor:render_doctor", "json": ".documents.reports:render_report"},
    "dns check": {"text": "text.verify:render_dns_check", **_REPORT},
    "dns sync": {"text": "text.verify:render_dns_sync", **_REPORT},
}

# The formats that can describe a run that failed. The others are for what it was to show: then nothing is printed.
FAILURE_FORMATS = frozenset(
    {"json", "markdown", "junit", "prometheus", "github", "html", "sarif", "codeclimate", "rdjson", "gitlab"}
)


def renderer(command: str, format_: str) -> Renderer:
    """What makes `format_` for `command`; both must be in the list."""
    module, _, function = FORMATS[command][format_].partition(":")
    render: Renderer = getattr(import_module(resolve_name(f".{module}", __package__)), function)
    if format_ in JSON_FORMATS:  # finished by `to_json`, as saved plans and receipts are
        return render
    if format_ in {"text", "table"}:
        return lambda report, style: finish(fit(render(report, style), style.width), format_)
    return lambda report, style: finish(render(report, style), format_)


def render_log(report: Report, style: Style) -> str:
    """What standard error has at the end: why a run failed, or the report as text."""
    if report.failed:
        from reconciler.render.text.sections import render_end

        end = render_end(report, style)
        if report.command == "plan" and isinstance(report.content, PlanResult):  # it could not be saved
            from reconciler.render.text.plan import render_proposal

            return render_proposal(report.content.proposal, style) + end
        if isinstance(report.content, PublishResult) and any(item.sent for item in report.content.publications):
            return "\n" + renderer("dns sync", "text")(report, style) + end
        return end
    return renderer(str(report.command), "text")(report, style)


def named_formats(arguments: Sequence[str]) -> dict[str, bool]:
    """The formats that a command line names, and whether standard output has them."""
    options = [word.partition("=")[::2] for word in arguments if "=" in word] + list(pairwise(arguments))
    reports = {value.partition("=")[0]: False for name, value in options if name == "--report"}
    return reports | {value: True for name, value in options if name == "--format"}


def render_note(report: Report, style: Style) -> str:
    """What standard error has below the records of `dns show`, which are all that standard output has; empty for others."""
    if report.command != "dns show":
        return ""
    from reconciler.render.records import render_note as note

    return note(report, style)
