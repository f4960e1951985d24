"""What a look for drift found, as one HTML file that needs no network and runs no script."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.hostnames import unicode_form
from reconciler.model.results import DriftResult
from reconciler.render.diagnostics import render_text
from reconciler.render.escape import break_commands, escape_control
from reconciler.render.text.live import drift_total

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Finding
    from reconciler.model.results import Report
    from reconciler.render.style import Style

_STYLE = """\
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #17803d; --bad: #c02626; --dim: #6b7280; }
@media (prefers-color-scheme: dark) { :root { --good: #4ade80; --bad: #f87171; --dim: #9ca3af; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p { margin: .5rem 0; } .dim { color: var(--dim); font-size: .875rem; }
.good { color: var(--good); } .bad { color: var(--bad); }
.verdict { font-weight: 600; font-size: 1.1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); }
th { font-size: .875rem; color: var(--dim); font-weight: 600; }
td { overflow-wrap: anywhere; } .word { white-space: nowrap; } code, pre { font: .9em/1.5 ui-monospace, monospace; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; padding: 1rem; background: var(--soft); }
@media (max-width: 40rem) {
  thead { display: none; } table, tbody, tr, td { display: block; }
  tr { border: 1px solid var(--line); border-radius: .5rem; margin: .75rem 0; padding: .5rem .75rem; }
  td { border: 0; padding: .2rem 0; }
  td::before { content: attr(data-label); display: block; font-size: .75rem; color: var(--dim); }
}
"""


def render_drift(report: Report, _style: Style) -> str:
    """The verdict, each finding, and the live state of each environment. Outside text is text, never markup."""
    good = not report.conclusion.exit_code
    drift = report.content if isinstance(report.content, DriftResult) else None
    parts = [
        "<h1>Imgwire drift</h1>",
        f'<p class="verdict {"good" if good else "bad"}">{_prose(_verdict(report))}</p>',
        f'<p class="dim">{_text(_run(report))}</p>',
        f"<p>{_prose(report.hint)}</p>" if report.hint else "",
        _section("Problems", f"<pre>{_lines(render_text(report.diagnostics))}</pre>" if report.diagnostics else ""),
        _section("Findings", _findings(drift.findings) if drift else ""),
        _section("Environments", _environments(drift.plan.environments) if drift else ""),
    ]
    return f"""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Imgwire drift: {_text(report.conclusion.outcome)}</title>
<style>
{_STYLE}</style>
</head>
<body>
{chr(10).join(part for part in parts if part)}
</body>
</html>
"""


def _verdict(report: Report) -> str:
    match report.result:
        case DriftResult() as drift:
            return drift_total(drift)
        case _:
            return report.message or "the manifest cannot be used"


def _run(report: Report) -> str:
    asked = f", {report.source.api_url}" if report.source else ""
    conclusion = report.conclusion
    return f"{report.created_at}{asked}, exit code {int(conclusion.exit_code)} ({conclusion.outcome})"


def _findings(findings: Sequence[Finding]) -> str:
    rows = [
        (
            _word("bad" if item.counts else "dim", item.kind),
            _code(item.environment),
            _prose(item.message),
            _word("", item.cause.words if item.cause else "-"),
        )
        for item in findings
    ]
    return _table(("Drift", "Environment", "What", "Cause"), rows)


def _environments(items: Iterable[EnvironmentPlan]) -> str:
    rows = [(_code(item.name), _hostname(item.environment.hostname), *_live(item)) for item in items]
    return _table(("Environment", "Desired", "Live", "State"), rows)


def _live(item: EnvironmentPlan) -> tuple[str, str]:
    match item.live:
        case Present(domain):
            style = "good" if domain.ready else "bad" if domain.failing else "dim"
            return _hostname(domain.hostname), _word(style, domain.short_health)
        case Absent():
            return _hostname(None), _word("dim", "absent")
        case Unreadable(error):
            return _hostname(None), f'<span class="bad">could not be read:</span> {_prose(error.message)}'


def _section(title: str, content: str) -> str:
    return f"<h2>{title}</h2>\n{content}" if content else ""


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    titles = "".join(f"<th>{title}</th>" for title in head)
    lines = [
        "<tr>"
        + "".join(f'<td data-label="{title}">{cell}</td>' for title, cell in zip(head, row, strict=True))
        + "</tr>"
        for row in rows
    ]
    return "\n".join(["<table>", f"<thead><tr>{titles}</tr></thead>", "<tbody>", *lines, "</tbody>", "</table>"])


def _hostname(hostname: str | None) -> str:
    if hostname is None:
        return "-"
    readable = unicode_form(hostname)
    return _code(hostname) + (f" ({_text(readable)})" if readable != hostname else "")


def _word(style: str, text: str) -> str:
    return f'<span class="word {style}">{_text(text)}</span>'


def _prose(text: str) -> str:
    """Messages quote outside text in backticks."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _text(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"


def _text(text: str) -> str:
    return escape(break_commands(escape_control(text)))


def _lines(text: str) -> str:
    return "\n".join(_text(line) for line in text.splitlines())
