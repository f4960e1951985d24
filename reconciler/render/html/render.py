"""A page as HTML. The templates escape all text from outside."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup, escape

from reconciler.model.escape import break_commands, escape_control
from reconciler.render.html.attention import page_of
from reconciler.render.html.page import MAX_OPEN
from reconciler.version import __version__

if TYPE_CHECKING:
    from reconciler.model.results import Report
    from reconciler.render.style import Style

MAX_TEXT = 2_000
"""Characters of one text."""


def render(report: Report, style: Style) -> str:
    """The report of any command as one page."""
    style_sheet, script = _source("page.css"), _source("search.js")
    return (
        _templates()
        .get_template("page.html")
        .render(
            report=report,
            page=page_of(report, style),
            style=Markup(style_sheet),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=f"default-src 'none'; style-src {_hash(style_sheet)}; script-src {_hash(script)}; base-uri 'none'; "
            "form-action 'none'",
            version=__version__,
            max_open=MAX_OPEN,
        )
    )


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FunctionLoader(_source),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["prose"] = _prose
    return templates


@cache
def _source(name: str) -> str:
    """A file of `templates`, also from inside a zip."""
    return files("reconciler.render.html").joinpath("templates", name).read_text("utf-8")


def _hash(text: str) -> str:
    """How a content security policy names an inline style sheet or script (CSP Level 3)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _harmless(value: Any) -> Any:
    """What every value of a page passes through before it is escaped."""
    if isinstance(value, Markup):
        return value
    text = f"{value:,}" if isinstance(value, int) else str(value)
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}… ({len(text) - MAX_TEXT:,} more characters)"
    return break_commands(escape_control(text))


def _prose(text: str) -> Markup:
    """A sentence that quotes outside text in backticks."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(_harmless(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(_harmless(part)) if index % 2 and part else escape(_harmless(part))
        for index, part in enumerate(parts)
    )
