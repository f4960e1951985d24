"""Diagnostics in the formats of code review tools: SARIF, Code Climate and Reviewdog.

SARIF 2.1.0 (OASIS) is read by GitHub code scanning, Code Climate issues by GitLab's code quality widget, and rdjson
(Reviewdog Diagnostic Format) by reviewdog.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from reconciler.documents.json_text import to_json
from reconciler.model.diagnostics import Severity
from reconciler.model.escape import escape_control
from reconciler.render.problems import problems
from reconciler.version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.model.diagnostics import Diagnostic, Span
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_TOOL = "imgwire-reconciler"
_NO_PLACE = "."  # Code Climate and rdjson require a path; a problem without a file belongs to the whole folder


def render_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """One SARIF run. Columns count code points, as the spans do."""
    items = tuple(diagnostics)
    codes = sorted({item.code for item in items})
    results = [
        {
            "ruleId": item.code,
            "ruleIndex": codes.index(item.code),
            "level": str(item.severity),
            "message": {"text": _text(item)},
            "locations": [_sarif_location(item.span)] if item.span else [],
            "relatedLocations": [
                {"id": number, "message": {"text": escape_control(other.label)}, **_sarif_location(other.span)}
                for number, other in enumerate(item.related, 1)
            ],
            "partialFingerprints": {"imgwire/v1": fingerprint},
        }
        for item, fingerprint in zip(items, _fingerprints(items), strict=True)
    ]
    documented = {item.code for item in items if item.span}  # what has no place is the end of a run, such as `usage`
    rules = [
        {"id": code, "help": {"text": f"Run `reconciler explain {code}`."}} if code in documented else {"id": code}
        for code in codes
    ]
    driver = {"name": _TOOL, "version": __version__, "rules": rules}
    return to_json(
        {
            "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
            "version": "2.1.0",
            "runs": [{"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}],
        }
    )


def render_codeclimate(diagnostics: Iterable[Diagnostic]) -> str:
    """A list of issues as GitLab reads them."""
    items = tuple(diagnostics)
    return to_json(
        [
            {
                "type": "issue",
                "check_name": item.code,
                "description": _text(item),
                "categories": ["Bug Risk"],
                "severity": "major" if item.severity is Severity.ERROR else "minor",
                "fingerprint": fingerprint,
                "location": {
                    "path": _path(item.span),
                    "lines": {"begin": item.span.line if item.span else 1},
                },
            }
            for item, fingerprint in zip(items, _fingerprints(items), strict=True)
        ]
    )


def render_rdjson(diagnostics: Iterable[Diagnostic]) -> str:
    """One DiagnosticResult. Its columns count UTF-8 bytes, so they are given only where the line is known from its start."""
    return to_json(
        {
            "source": {"name": _TOOL},
            "diagnostics": [
                {
                    "message": _text(item),
                    "severity": item.severity.upper(),
                    "code": {"value": item.code},
                    "location": {"path": _path(item.span), **_rdjson_range(item)},
                }
                for item in diagnostics
            ],
        }
    )


def _report_renderer(render: Callable[[Iterable[Diagnostic]], str]) -> Callable[[Report, Style], str]:
    return lambda report, style: render(item.map_files(style.path) for item in problems(report))


render_sarif_report = _report_renderer(render_sarif)
render_codeclimate_report = _report_renderer(render_codeclimate)
render_rdjson_report = _report_renderer(render_rdjson)


def _text(item: Diagnostic) -> str:
    return escape_control(item.message) + (f" Hint: {escape_control(item.hint)}" if item.hint else "")


def _path(span: Span | None) -> str:
    return escape_control(span.file) if span else _NO_PLACE


def _sarif_location(span: Span) -> dict[str, Any]:
    region = {"startLine": span.line, "startColumn": span.column, "endColumn": span.column + span.length}
    uri = quote(span.file.encode("utf-8", "surrogateescape"))
    return {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": region}}


def _rdjson_range(item: Diagnostic) -> dict[str, Any]:
    if item.span is None:
        return {}
    start: dict[str, int] = {"line": item.span.line}
    end = dict(start)
    if item.source is not None and item.source.start == item.span.column - 1:
        before = item.source.text[: item.source.start]
        marked = item.source.text[item.source.start : item.source.start + item.source.length]
        start["column"] = len(before.encode("utf-8", "surrogatepass")) + 1
        end["column"] = start["column"] + len(marked.encode("utf-8", "surrogatepass"))
    return {"range": {"start": start, "end": end}}


def _fingerprints(items: Iterable[Diagnostic]) -> list[str]:
    """Equal for the same problem when lines shift: made from code, file and message, and a number where these repeat."""
    seen: Counter[tuple[str, str, str]] = Counter()
    fingerprints = []
    for item in items:
        identity = (item.code, item.span.file if item.span else "", item.message)
        seen[identity] += 1
        text = "\0".join((*identity, str(seen[identity])))
        fingerprints.append(hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32])
    return fingerprints
