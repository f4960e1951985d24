"""The one list of output formats: for each command, what each format is made by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.document import Document
    from reconciler.render.ink import Ink

    Renderer = Callable[[Document, Ink], str]

# Names only: a command line with a wrong format is refused without importing a renderer.
FORMATS: dict[str, tuple[str, ...]] = {
    "validate": ("text", "json", "github"),
    "plan": ("text", "json", "markdown"),
    "apply": ("text", "json", "markdown"),
    "verify": ("text", "json", "markdown"),
    "status": ("text", "json", "markdown"),
    "drift": ("text", "json", "markdown", "junit", "prometheus", "github", "html"),
    "import": ("text", "json"),
    "dns show": ("table", "json", "bind", "octodns", "dnscontrol", "terraform", "external-dns", "csv"),
    "dns check": ("text", "json", "markdown"),
    "dns sync": ("text", "json", "markdown"),
}


def renderer(command: str, format_: str) -> Renderer:
    """What makes `format_` for `command`; both must be in the list."""
    from reconciler.render import json_v1, markdown, text

    if format_ == "json":
        make = json_v1.render_plan if command == "plan" else json_v1.render_report
        return lambda document, _ink: make(document)
    if format_ == "markdown":
        write = markdown.render_plan if command == "plan" else markdown.render_report
        return lambda document, _ink: write(document)
    if command == "drift" and format_ != "text":
        return _drift(format_)
    if command == "dns show":
        return _dns_show(format_)
    if format_ == "github":
        from reconciler.render.diagnostics import render_github

        return lambda document, _ink: render_github(document.diagnostics)
    return {
        "validate": text.render_validate,
        "plan": text.render_plan,
        "apply": text.render_apply,
        "verify": text.render_verify,
        "dns check": text.render_dns_check,
        "dns sync": text.render_dns_sync,
        "status": text.render_status,
        "drift": text.render_drift,
        "import": text.render_import,
    }[command]


def _dns_show(format_: str) -> Renderer:
    from reconciler.render import dns, text, zones

    def show(document: Document, ink: Ink) -> str:
        if document.plan is None:
            return text.render_failure(document, ink)
        if not document.records and not document.plan.complete:
            return ""  # that nothing could be read does not mean that nothing is live
        if format_ == "table":
            return dns.render_table(document.records, ink.width)
        return {
            "bind": dns.render_bind,
            "octodns": zones.render_octodns,
            "dnscontrol": zones.render_dnscontrol,
            "terraform": zones.render_terraform,
            "external-dns": zones.render_external_dns,
            "csv": zones.render_csv,
        }[format_](document.records)

    return show


def _drift(format_: str) -> Renderer:
    from reconciler.render import github, junit, page, prometheus

    make = {
        "junit": junit.render_drift,
        "prometheus": prometheus.render_drift,
        "github": github.render_drift,
        "html": page.render_drift,
    }[format_]
    return lambda document, _ink: make(document)
