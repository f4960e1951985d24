"""Reports as pages: what they show first, how large they become, and what a browser makes of them."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import API_URL, TIME, live, locked_out, wish

from reconciler.model.conclusion import report_of
from reconciler.model.digest import digest
from reconciler.model.dns import DnsVerdict, LookupResult
from reconciler.model.exit_codes import ExitCode
from reconciler.model.history import EarlierDrift, EarlierFinding, History
from reconciler.model.plan import Block
from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.model.proposal import Proposal
from reconciler.model.report import Applied, Record, StepError, StepResult, StepState, Unserved, Verdict, Verified
from reconciler.model.results import (
    ApplyResult,
    DnsCheckResult,
    DriftResult,
    Failed,
    PlanResult,
    StatusResult,
    ValidateResult,
    VerifyResult,
)
from reconciler.planning.drift import findings
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan
from reconciler.planning.records import records
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.html.render import render
from reconciler.render.style import PLAIN
from render import documents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.model.plan import Plan
    from reconciler.model.results import Report, Result

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
from browser import CHROMIUM, Browser

PAGES = [make for make in documents.ALL if "html" in FORMATS[str(make().command)]]
AXE = os.environ.get("RECONCILER_AXE")
in_browser = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
with_axe = pytest.mark.skipif(not AXE, reason="RECONCILER_AXE does not name axe.min.js of the npm package axe-core")


def page(report: Report) -> str:
    return renderer(str(report.command), "html")(report, PLAIN)


def differing(count: int) -> Plan:
    """Every environment of `count` has another hostname, and is protected."""
    names = [f"shop-{number:05}" for number in range(count)]
    return build_plan(
        [wish(name, f"{name}.example.com", protect=True) for name in names],
        {name: live(name, f"old-{name}.example.com") for name in names},
        API_URL,
    )


def drift(count: int, **more: object) -> Report:
    plan = differing(count)
    return report_of("drift", TIME, replace(DriftResult(plan, findings=findings(plan, None)), **more))  # type: ignore[arg-type]


def earlier(count: int, now: Report) -> History:
    """`count` runs that had the findings of `now`."""
    content = now.content
    assert isinstance(content, DriftResult)
    known = {item.fingerprint: EarlierFinding(item.environment, item.kind) for item in content.findings}
    read = frozenset(item.name for item in content.plan.environments)
    return History(tuple(EarlierDrift(f"2026-10-{day:02}T01:00:00Z", known, read) for day in range(1, count + 1)))


def plan_of(count: int) -> Report:
    plan = differing(count)
    proposal = Proposal(plan, digest(plan), blocks(plan, Consent(max_interruptions=3)), 3)
    return report_of("plan", TIME, PlanResult(proposal))


def apply_of(count: int) -> Report:
    """Every delete is done and every create is refused."""
    plan = differing(count)
    failure = StepResult(StepState.FAILED, StepError("conflict", "409 taken", hint="choose another hostname"))
    results = {step.id: StepResult(StepState.DONE) if step.op == "delete" else failure for step in plan.steps}
    lost = tuple(Unserved(str(item.before), item.name, f"delete:{item.name}") for item in plan.environments)
    applied = Applied(results, {item.name: item.live for item in plan.environments}, unserved=lost)
    found = [(item.name, item.live.domain) for item in plan.environments]  # type: ignore[union-attr]
    return report_of("apply", TIME, ApplyResult(Proposal(plan, digest(plan)), applied, records(found)))


def status_of(count: int) -> Report:
    return report_of("status", TIME, StatusResult(differing(count)))


def verify_of(count: int) -> Report:
    plan = differing(count)
    verified = tuple(
        Verified(item.name, Verdict.WAITING, item.live, "PENDING", records([(item.name, item.live.domain)]))  # type: ignore[union-attr]
        for item in plan.environments
    )
    return report_of("verify", TIME, VerifyResult(plan, verified))


def drift_with_history(count: int) -> Report:
    now = drift(count)
    return drift(count, history=earlier(30, now))


LARGE = [plan_of, apply_of, status_of, verify_of, drift, drift_with_history]


def named(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize("make", PAGES, ids=named)
def test_a_page_loads_nothing_and_runs_only_its_own_script(make: Callable[[], Report]) -> None:
    text = page(make())
    assert not re.search(r"<(link|img|iframe|object|base|form)|src=|href=|url\(|@import| on\w+=| style=", text)
    policy = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[0].replace("&#39;", "'")
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        expected = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{expected}'" in policy
    assert policy.startswith("default-src 'none'; ")


@pytest.mark.parametrize("make", PAGES, ids=named)
def test_equal_reports_give_equal_pages(make: Callable[[], Report]) -> None:
    assert page(make()) == page(make())


@pytest.mark.parametrize("make", LARGE, ids=named)
def test_a_page_has_a_bounded_size_and_counts_what_is_left_out(make: Callable[[int], Report]) -> None:
    count = int(os.environ.get("RECONCILER_TEST_LARGE", "4000"))  # `.ci/full scale` takes 20,000
    text = page(make(count))
    assert len(text) < 2_000_000
    assert f"{count - 300:,} more are not shown." in text
    assert text.count('<details class="card') == 300
    assert text.count(" open>") == 20
    assert f'">{count:,}</b>' in text


def cards(text: str) -> dict[str, str]:
    """The colours of each card by the name of its environment."""
    found = re.findall(r'<details class="card (\w+)"[^>]*>\s*<summary><h2>([^<]*)</h2> <span class="(\w+)">', text)
    return {name: f"{edge} {state}" for edge, name, state in found}


def looked_up(verdict: DnsVerdict) -> Record:
    result = LookupResult(verdict, ("elsewhere.example.com",), ("192.0.2.1",))
    return Record("web", "web.example.com", "routing", "web.example.com", "cdn-proxy.imgwire.dev", lookup=result)


@pytest.mark.parametrize("command", ["drift", "status", "verify"])
@pytest.mark.parametrize("flaw", ["unreadable", "another hostname", "missing", "failing", "not serving", "mistaken"])
def test_an_environment_that_needs_attention_is_a_card_and_never_green(command: str, flaw: str) -> None:
    state = {
        "unreadable": locked_out(),
        "another hostname": live("web", "old.example.com"),
        "missing": live("web", None),
        "failing": live("web", "web.example.com", status="FAILED", certificate_status="FAILING"),
    }.get(flaw, live("web", "web.example.com"))
    plan = build_plan([wish("web", "web.example.com")], {"web": state}, API_URL)
    verdict = {
        "unreadable": Verdict.UNKNOWN,
        "another hostname": Verdict.DIFFERENT,
        "missing": Verdict.ABSENT,
        "failing": Verdict.STUCK,
    }.get(flaw, Verdict.READY)
    probes = (Probe("web", "web.example.com", ProbeVerdict.NOT_SERVING, "refused"),) if flaw == "not serving" else ()
    mistaken = (Block("wrong_environment", "web", "the key opens another Environment"),) if flaw == "mistaken" else ()
    result: Result = {
        "drift": DriftResult(plan, mistaken, findings(plan, None), probes=probes),
        "status": StatusResult(plan, mistaken, probes),
        "verify": VerifyResult(plan, (Verified("web", verdict, state, "because"),), blocks=mistaken, probes=probes),
    }[command]
    text = documents.main_of(page(report_of(command, TIME, result)))
    assert cards(text).keys() == {"web"}
    assert "good" not in cards(text)["web"]
    assert 'class="summary good"' not in text
    assert '<b class="good">' not in text
    assert ("Blocked (<code>wrong_environment</code>)" in text) == (flaw == "mistaken")


def test_a_card_of_drift_shows_what_dns_has_and_what_it_should_have() -> None:
    plan = build_plan([wish("web", "web.example.com")], {"web": live("web", "web.example.com")}, API_URL)
    for verdict, attention in ((DnsVerdict.WRONG, True), (DnsVerdict.OK, False)):
        text = page(report_of("drift", TIME, DriftResult(plan, records=(looked_up(verdict),))))
        assert (cards(text) == {"web": "warn warn"}) == attention
        assert ("<del><code>elsewhere.example.com</code>" in text) == attention
        assert ("<pre>reconciler dns show --format bind --env web</pre>" in text) == attention


def test_the_changes_of_a_plan_are_no_failure_and_its_blocks_are() -> None:
    plan = build_plan(
        [wish("new", "new.example.com"), wish("web", None)],
        {"new": live("new", None), "web": live("web", None)},
        API_URL,
    )
    text = page(report_of("plan", TIME, PlanResult(Proposal(plan, digest(plan)), detailed=True)))
    assert 'class="summary plain"' in text
    assert f"<pre>reconciler apply --expect-digest {digest(plan)}</pre>" in text
    blocked = page(plan_of(1))
    assert cards(blocked) == {"shop-00000": "bad bad"}
    assert "--expect-digest" not in blocked
    assert "<code>--unprotect shop-00000</code>" in blocked


def test_a_card_of_apply_has_everything_that_happened_to_its_environment() -> None:
    text = page(apply_of(1))
    assert cards(text) == {"shop-00000": "bad bad"}
    assert "serving no traffic now · create failed, verify failed" in text
    assert "Next: choose another hostname" in text
    assert "and run <code>reconciler apply</code> again" in text


def test_the_receipt_of_a_run_that_has_not_ended_is_not_green() -> None:
    done = documents.apply_done()
    assert 'class="summary good"' in page(done)
    running = replace(done, conclusion=replace(done.conclusion, outcome="running"))
    assert 'class="summary warn"' in page(running)


def test_other_commands_and_failures_have_a_page_with_their_problems() -> None:
    dns = report_of("dns check", TIME, DnsCheckResult(differing(1), records=(looked_up(DnsVerdict.WRONG),)))
    assert "elsewhere.example.com" in render(dns, PLAIN)
    assert "Valid: 2 environments in 1 file." in render(report_of("validate", TIME, ValidateResult((), 2, 1)), PLAIN)
    stale = Failed(
        ExitCode.REFUSED, "stale_plan", "the saved plan is stale", blocks=(Block("stale_plan", None, "web changed"),)
    )
    text = page(report_of("apply", TIME, stale))
    assert "web changed" in text
    assert 'class="summary bad"' in text


def test_earlier_runs_show_since_when_something_has_drifted() -> None:
    finding = drift(1).content.findings[0]  # type: ignore[union-attr]
    known = {finding.fingerprint: EarlierFinding("shop-00000", "hostname_differs")}
    gone = {"f" * 16: EarlierFinding("gone", "missing")}
    read, unread = frozenset({"shop-00000", "gone"}), frozenset({"gone"})
    runs = (
        EarlierDrift("2026-11-20T01:00:00Z", known, read),
        EarlierDrift("2026-11-21T01:00:00Z", {}, read),
        EarlierDrift("2026-11-22T01:00:00Z", known, read),
        EarlierDrift("2026-11-23T01:00:00Z", {}, unread),
        EarlierDrift("2026-11-24T01:00:00Z", {**known, **gone}, read),
    )
    text = page(drift(1, history=History(runs, ("reports/<b>.json",))))
    assert "Since 2026-11-22 01:00 UTC." in text
    assert "<code>reports/&lt;b&gt;.json</code>" in text
    assert re.findall(r'<th scope="col">([^ <]*)', text)[-6:] == [
        "now",
        *(f"2026-11-{day}" for day in (24, 23, 22, 21, 20)),
    ]
    rows = re.findall(r'<th scope="row">([^<]*) <span>([^<]*)</span></th>(.*?)</tr>', text)
    assert [(name, kind, re.findall(r">([^<>]+)</td>", marks)) for name, kind, marks in rows] == [
        ("shop-00000", "different", ["drift", "drift", "?", "drift", "-", "drift"]),
        ("gone", "absent", ["?", "drift", "-", "-", "-", "-"]),
    ]


def test_a_finding_that_the_last_run_did_not_have_is_new() -> None:
    now = drift(1)
    before = earlier(3, now).runs
    runs = (*before, EarlierDrift("2026-10-04T01:00:00Z", {}, frozenset({"shop-00000"})))
    assert "Since " not in page(drift(1, history=History(runs)))


@given(st.text(min_size=1, max_size=12) | st.sampled_from(["</script><script>x()", "::error::x", "\u202e", "'\"><b>"]))
@settings(max_examples=60)
def test_names_of_earlier_reports_are_text(text: str) -> None:
    def shape(text: str) -> list[str]:
        run = EarlierDrift("2026-10-01T01:00:00Z", {"a" * 16: EarlierFinding(text, text)}, frozenset())
        return re.findall(r"<[^>]*>", documents.main_of(page(drift(1, history=History((run,), (text,))))))

    assert shape(text) == shape("plain")


def test_a_long_text_is_cut_and_counted() -> None:
    plan = build_plan([wish("web", "web.example.com")], {"web": locked_out()}, API_URL)
    verified = (Verified("web", Verdict.UNKNOWN, locked_out(), "x" * 1_000_000),)
    text = page(report_of("verify", TIME, VerifyResult(plan, verified)))
    assert len(text) < 30_000
    assert "… (998,000 more characters)" in text


def test_the_templates_are_found_inside_a_zip(tmp_path: Path) -> None:
    package = Path(__file__).parents[2] / "reconciler"
    with zipfile.ZipFile(tmp_path / "tool.zip", "w") as archive:
        for path in (*package.rglob("*.py"), *(package / "render" / "html" / "templates").iterdir()):
            archive.write(path, path.relative_to(package.parent))
    code = "from reconciler.render.html.render import _source, _templates; _templates().get_template('page.html')"
    code += "; import reconciler; print(reconciler.__file__, len(_source('page.css')))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "tool.zip")},
        capture_output=True,
        text=True,
    )
    assert ended.stderr == ""
    assert ended.stdout.startswith(f"{tmp_path}/tool.zip/")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


def show(browser: Browser, folder: Path, text: str, width: int = 1280, **how: bool) -> None:
    (folder / "page.html").write_text(text, encoding="utf-8")
    browser.open(folder / "page.html", width, **how)


@in_browser
def test_a_browser_accepts_the_style_sheet_and_the_script_and_sends_no_request(
    browser: Browser, tmp_path: Path
) -> None:
    for count, hidden in ((3, True), (30, False)):
        show(browser, tmp_path, page(drift(count)))
        assert browser.value("document.querySelector('.search').hidden") is hidden
        assert browser.requests == [(tmp_path / "page.html").as_uri()]
        assert browser.messages == []
        assert browser.value("getComputedStyle(document.querySelector('.card')).borderLeftWidth") == "4px"


@in_browser
def test_a_browser_runs_no_script_of_others(browser: Browser, tmp_path: Path) -> None:
    added = "<script>window.bad = 1</script><style>h1{display:none}</style>"
    show(browser, tmp_path, page(drift(1)).replace("</main>", f"{added}</main>"))
    assert browser.value("window.bad") is None
    assert browser.value("getComputedStyle(document.querySelector('h1')).display") == "block"
    assert len(browser.messages) == 2


@in_browser
def test_the_search_shows_what_has_every_word_and_opens_what_is_folded(browser: Browser, tmp_path: Path) -> None:
    show(browser, tmp_path, page(drift(120)), 390)
    seen = "[...document.querySelectorAll('.card')].filter((card) => !card.hidden)"
    search = "const i = document.querySelector('input'); i.value = {}; i.dispatchEvent(new Event('input'))"
    browser.value(f"{{{search.format(repr('shop-00117 old-'))}}}")
    assert browser.value(f"{seen}.map((card) => [card.querySelector('h2').textContent, card.open])") == [
        ["shop-00117", True]
    ]
    assert browser.value("document.querySelector('[role=status]').textContent") == "1 of 120"
    browser.value(f"{{{search.format(repr(''))}}}")
    assert browser.value(f"{seen}.length") == 120
    assert browser.value(f"{seen}.filter((card) => card.open).length") == 20


@in_browser
def test_a_page_without_scripts_and_on_paper_shows_everything(browser: Browser, tmp_path: Path) -> None:
    visible = (
        "document.querySelectorAll('.card')[40].querySelector('del').checkVisibility({contentVisibilityAuto: true})"
    )
    show(browser, tmp_path, page(drift(60)), scripts=False)
    assert browser.value("document.querySelector('.search').checkVisibility()") is False
    assert browser.value(visible) is False
    card = "document.querySelectorAll('.card')[40]"
    browser.value(f"{card}.querySelector('summary').click()")
    assert browser.value(f"{card}.open") is True
    (tmp_path / "page.html").write_text(page(drift(60)), encoding="utf-8")
    browser.open(tmp_path / "page.html", media="print")
    assert browser.value(visible) is True


@in_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_no_page_is_wider_than_its_window(browser: Browser, tmp_path: Path, width: int) -> None:
    reports = {named(make): make() for make in PAGES} | {named(make): make(120) for make in LARGE}
    for name, report in reports.items():
        show(browser, tmp_path, page(report), width)
        browser.value("document.querySelectorAll('details').forEach((part) => { part.open = true })")
        assert (name, browser.value("document.documentElement.scrollWidth <= innerWidth")) == (name, True)


@in_browser
@with_axe
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_accessible(browser: Browser, tmp_path: Path, width: int, dark: bool) -> None:
    axe = Path(str(AXE)).read_text(encoding="utf-8")
    rules = "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']}"
    reports = {named(make): make() for make in PAGES} | {named(make): make(40) for make in LARGE}
    for name, report in reports.items():
        show(browser, tmp_path, page(report), width, dark=dark)
        assert browser.value("matchMedia('(prefers-color-scheme: dark)').matches") is dark
        browser.value("document.querySelectorAll('details').forEach((part) => { part.open = true })")
        browser.value(axe + ";1")
        violations = browser.value(
            f"axe.run({rules}).then((result) => result.violations.map((item) => "
            "[item.id, item.nodes.slice(0, 3).map((node) => node.html)]))"
        )
        assert (name, violations) == (name, [])
        assert browser.value(f"axe.run({rules}).then((result) => result.passes.length)") > 10


@in_browser
def test_a_name_in_a_list_is_not_broken_while_there_is_room(browser: Browser, tmp_path: Path) -> None:
    plan = differing(1)
    name, value = "_acme-challenge.images-staging.example.com", "53f9e33472bc44a7.dcv.imgwire.dev"
    lookups = [LookupResult(DnsVerdict.MISSING), LookupResult(DnsVerdict.WRONG, ("b",), note="a long note " * 9)]
    found = tuple(Record("shop-00000", name, "validation", name, value, lookup=lookup) for lookup in lookups)
    show(browser, tmp_path, page(report_of("drift", TIME, DriftResult(plan, records=found))))
    rows = "[...document.querySelectorAll('.lines code')].map((name) => name.getClientRects().length)"
    assert browser.value(rows) == [1] * len(browser.value(rows)) != []
