"""Reports as pages: what they show first, how large they become, and what a browser makes of them."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from samples import API_URL, TIME, live, locked_out, wish

from reconciler.model.conclusion import report_of
from reconciler.model.report import EarlierDrift
from reconciler.model.results import DriftResult, StatusResult
from reconciler.planning.drift import findings
from reconciler.planning.planner import build_plan
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.style import Style
from render import documents
from render.browser import CHROMIUM, dom_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.results import Report, Result

PAGES = [make for make in documents.ALL if "html" in FORMATS[str(make().command)]]
AXE = os.environ.get("RECONCILER_AXE")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
with_axe = pytest.mark.skipif(not AXE, reason="RECONCILER_AXE does not name axe.min.js")


def page(report: Report) -> str:
    return renderer(str(report.command), "html")(report, Style())


def drift(count: int, **more: object) -> Report:
    """Every environment of `count` has another hostname."""
    names = [f"shop-{number:05}" for number in range(count)]
    plan = build_plan(
        [wish(name, f"{name}.example.com") for name in names],
        {name: live(name, f"old-{name}.example.com") for name in names},
        API_URL,
    )
    return report_of("drift", TIME, replace(DriftResult(plan, findings=findings(plan, None)), **more))  # type: ignore[arg-type]


@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_a_page_loads_nothing_and_runs_only_its_own_script(make: Callable[[], Report]) -> None:
    text = page(make())
    assert not re.search(r"<(link|img|iframe|object|base|form)|src=|href=|url\(|@import| on\w+=| style=", text)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[0].replace("&#39;", "'")
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert policy.startswith("default-src 'none'; ")


@pytest.mark.parametrize("make", PAGES, ids=lambda make: make.__name__)
def test_equal_reports_give_equal_pages(make: Callable[[], Report]) -> None:
    assert page(make()) == page(make())


def test_what_drifted_or_could_not_be_read_is_never_green() -> None:
    plan = build_plan(
        [wish("dark", "dark.example.com"), wish("web", "web.example.com")],
        {"dark": locked_out(), "web": live("web", "old.example.com")},
        API_URL,
    )
    results: list[tuple[str, Result]] = [
        ("drift", DriftResult(plan, findings=findings(plan, None))),
        ("status", StatusResult(plan)),
    ]
    for command, result in results:
        text = documents.main_of(page(report_of(command, TIME, result)))
        for name in ("dark", "web"):
            (card,) = re.findall(rf'<section class="card (\w+)">\s*<h2>{name} <span class="(\w+)">', text)
            assert "good" not in card
    assert 'class="summary bad"' in text


@pytest.mark.parametrize("count", [2_000, 20_000])
def test_a_page_has_a_bounded_size_and_counts_what_is_left_out(count: int) -> None:
    text = page(drift(count))
    assert len(text) < 400_000
    assert f"{count - 300:,} more are not shown." in text
    assert f'<b class="bad">{count:,}</b> not serving' in text


def test_earlier_runs_show_since_when_something_has_drifted() -> None:
    finding = drift(1).content.findings[0]  # type: ignore[union-attr]
    known = {finding.fingerprint: "shop-00000: hostname differs"}
    runs = (
        EarlierDrift("2026-11-20T01:00:00Z", known),
        EarlierDrift("2026-11-21T01:00:00Z", {}),
        EarlierDrift("2026-11-22T01:00:00Z", known),
        EarlierDrift("2026-11-23T01:00:00Z", {**known, "f" * 64: "gone: missing"}),
    )
    text = page(drift(1, history=runs))
    assert ", since 2026-11-22 01:00" in text
    rows = re.findall(r'<th scope="row"><code>([^<]*)</code>[^<]*</th>(.*?)</tr>', text)
    assert [(name, re.findall(r">([^<>]+)</td>", cells)) for name, cells in rows] == [
        ("shop-00000", ["drift", "-", "drift", "drift", "drift"]),
        ("gone: missing", ["-", "-", "-", "drift", "-"]),
    ]


@in_browser
def test_a_browser_accepts_the_style_sheet_and_the_script(tmp_path: Path) -> None:
    """The search box is hidden until the script runs, which the policy must allow."""
    for count, hidden in ((3, True), (30, False)):
        (tmp_path / "drift.html").write_text(page(drift(count)), encoding="utf-8")
        assert ('<p class="search" hidden' in dom_of(tmp_path / "drift.html")) is hidden


_RUN_AXE = """
axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}).then((result) => {
  const found = result.violations.map((item) => [item.id, item.nodes.map((node) => node.html).slice(0, 3)]);
  document.documentElement.innerHTML = `<pre id="axe">${btoa(unescape(encodeURIComponent(JSON.stringify(
    {found, wide: document.documentElement.scrollWidth > window.innerWidth, passed: result.passes.length}))))}</pre>`;
});
"""


@in_browser
@with_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 500])
def test_pages_are_accessible(tmp_path: Path, width: int, dark: bool) -> None:
    axe = Path(str(AXE)).read_text(encoding="utf-8")
    reports = {make.__name__: make() for make in PAGES} | {"history": drift(120, history=(EarlierDrift(TIME, {}),))}
    for name, report in reports.items():
        text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page(report))
        text = text.replace("<details>", "<details open>")
        text = text.replace("</body>", f"<script>{axe}</script><script>{_RUN_AXE}</script></body>")
        (tmp_path / "page.html").write_text(text, encoding="utf-8")
        (answer,) = re.findall(r'<pre id="axe">([^<]*)</pre>', dom_of(tmp_path / "page.html", width, dark=dark))
        seen = json.loads(base64.b64decode(answer))
        assert seen["passed"] > 10
        assert (name, seen["found"], seen["wide"]) == (name, [], False)
