"""What a look for drift found, in each format."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import API_URL, TIME, domain, live, locked_out, unreadable, wish

from reconciler.documents.baseline import Baseline
from reconciler.model.conclusion import report_of
from reconciler.model.diagnostics import Diagnostic, Severity, Span
from reconciler.model.domains import Absent, CertificateStatus, Present, Status
from reconciler.model.environments import Source
from reconciler.model.errors import NoAnswer
from reconciler.model.exit_codes import ExitCode
from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.model.results import DriftResult, Failed
from reconciler.planning.drift import findings
from reconciler.planning.planner import build_plan
from reconciler.render.formats import FORMATS, renderer
from reconciler.render.style import Style
from render.documents import main_of

if TYPE_CHECKING:
    from conftest import Golden

    from reconciler.model.results import Report

CASES = Path(__file__).parents[1] / "cases" / "drift"
HOSTILE = "\x1b[31m</script>]]>&\"'`\n::error::pwned\n%0A\u202e|@all"


def at(line: int) -> Span:
    return Span("sites/imgwire.yaml", line, 3, 4)


def drifted() -> Report:
    """Every kind of finding, an environment without one, and one that could not be read."""
    plan = build_plan(
        [
            wish("docs", "docs.example.com", span=at(4)),
            wish("empty", None, span=at(5)),
            wish("gone", "gone.example.com", span=at(6)),
            wish("more", None, span=at(7)),
            wish("new", "xn--bcher-kva.example.com", span=at(8)),
            wish("slow", "slow.example.com", span=at(9)),
            wish("web", "web.example.com", span=at(10)),
        ],
        {
            "docs": live("docs", "docs.example.com"),
            "empty": Absent(),
            "gone": Absent(),
            "more": live("more", "more.example.com"),
            "new": live("new", "old.example.com"),
            "slow": unreadable(),
            "web": live("web", "web.example.com", id="2", cname_value="b.imgwire.dev", status="FAILED"),
        },
        API_URL,
    )
    baseline = Baseline(
        {
            "gone": live("gone", "gone.example.com"),
            "new": live("new", "old.example.com"),
            "web": live("web", "web.example.com"),
        },  # type: ignore[dict-item]
        {},
    )
    return report_of("drift", TIME, DriftResult(plan, findings=findings(plan, baseline)), Source((), API_URL))


def in_sync() -> Report:
    plan = build_plan([wish("web", "web.example.com")], {"web": live("web", "web.example.com")}, API_URL)
    return report_of("drift", TIME, DriftResult(plan), Source((), API_URL))


def failed() -> Report:
    problem = Diagnostic(Severity.ERROR, "missing-key", "`web` has no `hostname`", "write one", at(3))
    return report_of("drift", TIME, Failed(ExitCode.DATA, "invalid_manifest"), diagnostics=(problem,))


def refused() -> Report:
    result = in_sync().result
    assert isinstance(result, DriftResult)
    message = "the key of `web` opens another Environment"
    refusal = Failed(ExitCode.REFUSED, "wrong_environment", message, "look at the key", result)
    return report_of("drift", TIME, refusal, Source((), API_URL))


DOCUMENTS = {"drifted": drifted, "in-sync": in_sync, "failed": failed, "refused": refused}
ENDINGS = {
    "text": "txt",
    "markdown": "md",
    "junit": "xml",
    "prometheus": "prom",
    "github": "github.txt",
    "html": "html",
}


@pytest.mark.parametrize("name", DOCUMENTS)
@pytest.mark.parametrize("format_", ENDINGS)
def test_what_was_found_is_written_as_expected(name: str, format_: str, golden: Golden) -> None:
    written = renderer("drift", format_)(DOCUMENTS[name](), Style())
    golden(CASES / f"{name}.{ENDINGS[format_]}", main_of(written) if format_ == "html" else written)


def test_every_format_but_json_is_shown_by_example() -> None:
    assert {*ENDINGS, "json"} == set(FORMATS["drift"])


def spoken(text: str, *, failed: bool = False) -> Report:
    """Outside text in every place where there can be some."""
    plan = build_plan(
        [wish("api", "api.example.com"), wish("mute", None, span=Span(text, 1, 1)), wish("web", "web.example.com")],
        {
            "api": Present(replace(domain("api", "x"), hostname=text, status=text, certificate_status=text)),
            "mute": unreadable(NoAnswer(text)),
            "web": live("web", "web.example.com", status=text),
        },
        API_URL,
    )
    before = Baseline({"web": live("web", "web.example.com")}, {})  # type: ignore[dict-item]
    problem = Diagnostic(Severity.ERROR, "unknown-key", text, text, Span(text, 1, 1))
    drift = DriftResult(plan, findings=findings(plan, before, health=True))
    result = Failed(ExitCode.UNREACHABLE, "unreadable", text, text, drift) if failed else drift
    return report_of("drift", TIME, result, Source((), text), (problem,))


anything = st.text(min_size=1, max_size=20).filter(
    lambda text: text not in {*Status, *CertificateStatus}
) | st.sampled_from([HOSTILE, "\ud800", "\ufffe", "\x00\x0b\x85\u2028", "&amp;", '"} 1\n'])
"""Any text but the statuses that a page knows: they change what it shows. Hypothesis tries the words of the code too."""


def written(format_: str, document: Report) -> str:
    return renderer("drift", format_)(document, Style())


@given(anything)
def test_junit_is_one_xml_document_with_the_same_elements_whatever_the_text(text: str) -> None:
    def elements(text: str, *, failed: bool) -> list[str]:
        output = written("junit", spoken(text, failed=failed)).encode("utf-8")
        return [element.tag for element in ET.fromstring(output).iter()]

    for failed in (True, False):
        assert elements(text, failed=failed) == elements("plain", failed=failed)


class Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[tuple[str, frozenset[str]]] = set()
        self.comments = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add((tag, frozenset(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.comments += 1


@given(anything)
def test_a_page_has_no_other_tags_whatever_the_text(text: str) -> None:
    for failed in (True, False):
        page = written("html", spoken(text, failed=failed))
        page.encode("utf-8")
        tags = Tags(page)
        assert tags.found <= Tags(written("html", spoken("plain", failed=failed))).found | {("code", frozenset())}
        assert tags.comments == 0


SAMPLE = re.compile(
    r'imgwire_[a-z_]+(\{[a-z]+="([^"\\\n]|\\["\\n])*"(,[a-z]+="([^"\\\n]|\\["\\n])*")*\})? -?[0-9]+', re.ASCII
)


@given(anything)
def test_every_line_of_the_gauges_is_a_sample_or_a_comment(text: str) -> None:
    output = written("prometheus", spoken(text))
    assert output.endswith("\n")
    for line in output[:-1].split("\n"):
        assert re.fullmatch("# (HELP imgwire_[a-z_]+ .+|TYPE imgwire_[a-z_]+ gauge)", line) or SAMPLE.fullmatch(line)


@pytest.mark.parametrize(
    ("health", "line"),
    [
        (
            True,
            "1 of 2 environments drifted: 1 waiting. The others: 1 ready. Health is counted (--health).",
        ),
        (False, "No drift in 2 environments: 1 waiting, 1 ready. Health is not counted (add --health)."),
    ],
)
def test_a_domain_that_was_never_ready_has_drifted_only_where_health_is_counted(health: bool, line: str) -> None:
    new = live("new", "new.example.com", status="PENDING", certificate_status="PENDING")
    states = {"new": new, "web": live("web", "web.example.com")}
    plan = build_plan([wish(name, f"{name}.example.com") for name in states], states, API_URL)
    report = report_of("drift", TIME, DriftResult(plan, findings=findings(plan, health=health)))
    assert report.conclusion.exit_code == (ExitCode.CHANGES if health else ExitCode.OK)
    text = written("text", report)
    assert text.splitlines()[-3:] == [line, "", "Next: run `reconciler verify`."]
    for format_ in ("markdown", "html"):
        assert ("1 of 2 environments drifted" in written(format_, report)) == health
        assert ("No drift" in written(format_, report)) != health
    assert ("waiting  new  new.example.com: PENDING / PENDING\n" in text) == health
    for format_ in ("text", "markdown", "html"):
        assert "regressed" not in written(format_, report)


def test_a_hostname_that_does_not_serve_is_counted_below_a_drift_without_findings() -> None:
    report = in_sync()
    assert isinstance(report.content, DriftResult)
    probe = Probe("web", "web.example.com", ProbeVerdict.NOT_SERVING, "no connection")
    text = written("text", report_of("drift", TIME, replace(report.content, probes=(probe,))))
    assert text.splitlines()[-3:] == [
        "No drift in 1 environment: 1 ready. Probes: 1 not serving.",
        "",
        "Next: run `reconciler dns check`.",
    ]


def test_each_difference_is_written_once_and_one_line_says_what_to_do() -> None:
    names = [f"shop-{number:02}" for number in range(51)]
    plan = build_plan(
        [wish(name, f"{name}.example.com", span=at(4)) for name in names],
        {name: live(name, f"old-{name}.example.com") for name in names},
        API_URL,
    )
    text = written("text", report_of("drift", TIME, DriftResult(plan, findings=findings(plan))))
    assert len(text.splitlines()) == 3 * len(names) + 4
    assert all(text.count(f" {name}.example.com") == text.count(f" old-{name}.example.com") == 1 for name in names)
    assert text.endswith("\n51 of 51 environments drifted: 51 different.\n\nNext: run `reconciler plan`, then apply.\n")


def test_what_could_not_be_read_is_neither_in_order_nor_drifted() -> None:
    plan = build_plan([wish("web", "web.example.com")], {"web": locked_out()}, API_URL)
    output = written("prometheus", report_of("drift", TIME, DriftResult(plan)))
    assert [line for line in output.splitlines() if not line.startswith("#")] == [
        "imgwire_drift_exit_code 7",
        'imgwire_environment_readable{environment="web"} 0',
    ]


@given(anything)
def test_a_workflow_command_is_never_made_of_outside_text(text: str) -> None:
    def commands(text: str, *, failed: bool) -> list[str]:
        lines = written("github", spoken(text, failed=failed))[:-1].split("\n")
        return [re.match("::(error|warning) ", line)[1] for line in lines]  # type: ignore[index]

    for failed in (True, False):
        assert commands(text, failed=failed) == commands("plain", failed=failed)
