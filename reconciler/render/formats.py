"""The one list of output formats: for each command, what each format is made by."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from reconciler.render.escape import finish

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


# Where the text of a command is made.
_TEXTS = {
    "validate": ("manifest", "render_validate"),
    "import": ("manifest", "render_import"),
    "plan": ("plan", "render_plan"),
    "apply": ("apply", "render_apply"),
    "verify": ("verify", "render_verify"),
    "dns check": ("verify", "render_dns_check"),
    "dns sync": ("verify", "render_dns_sync"),
    "status": ("live", "render_status"),
    "drift": ("live", "render_drift"),
}


def renderer(command: str, format_: str) -> Renderer:
    """What makes `format_` for `command`; both must be in the list."""
    render = _renderer(command, format_)
    return lambda document, ink: finish(render(document, ink), format_)


def _renderer(command: str, format_: str) -> Renderer:
    if format_ == "text":
        module, name = _TEXTS[command]
        text: Renderer = getattr(import_module(f"reconciler.render.text.{module}"), name)
        return text
    if format_ == "json":
        from reconciler.render import json_v1

        make = json_v1.render_plan if command == "plan" else json_v1.render_report
        return lambda document, _ink: make(document)
    if format_ == "markdown":
        from reconciler.render import markdown

        write = markdown.render_plan if command == "plan" else markdown.render_report
        return lambda document, _ink: write(document)
    if command == "dns show":
        return _dns_show(format_)
    if command == "drift":
        return _drift(format_)
    from reconciler.render.diagnostics import render_github

    return lambda document, _ink: render_github(document.diagnostics)


def _dns_show(format_: str) -> Renderer:
    from reconciler.render import dns, zones
    from reconciler.render.text.parts import render_failure

    def show(document: Document, ink: Ink) -> str:
        if document.plan is None:
            return render_failure(document, ink)
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
