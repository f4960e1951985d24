"""What the title of a comment counts, and what a plan names as protected."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from samples import API_URL, TIME, live, locked_out, wish

from reconciler.model.conclusion import report_of
from reconciler.model.domains import Absent, Live
from reconciler.model.plan import Block
from reconciler.model.report import Verdict, Verified
from reconciler.model.results import DriftResult, PlanResult, StatusResult, VerifyResult
from reconciler.planning.drift import findings
from reconciler.planning.planner import build_plan
from reconciler.render.formats import renderer
from reconciler.render.style import Style
from render import documents


def title(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("### "))


def summary(text: str) -> str:
    """The line that counts, in any format."""
    start = re.compile(r"(### Imgwire \w+: |Status: |Verified: |<p class=\"summary[^>]*>)")
    return re.sub("<.*?>", "", next(line for line in text.splitlines() if start.match(line))).removesuffix(".")


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_verify_counts_each_environment_once_worst_first(format_: str) -> None:
    text = summary(renderer("verify", format_)(documents.verify_probed(), Style()))
    assert text.endswith(": 1 not serving, 1 waiting, 1 ready, 1 as desired without a custom domain")


def test_verify_in_markdown_shows_the_records_below_a_heading_without_those_of_ready_domains() -> None:
    report = documents.verify_mixed()
    text = renderer("verify", "markdown")(report, Style())
    ready = next(item for item in report.content.verified if item.verdict is Verdict.READY)  # type: ignore[union-attr]
    assert "\n**DNS records**\n" in text
    assert f"_acme.{ready.environment}.example.com" not in text
    assert "_acme.slow.example.com" in text


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_status_counts_each_environment_once_and_the_tiles_of_its_page_count_the_same(format_: str) -> None:
    report = documents.status()
    assert isinstance(report.content, StatusResult)
    plan = report.content.plan
    text = renderer("status", format_)(report, Style())
    numbers = dict(reversed(part.split(" ", 1)) for part in summary(text).partition(": ")[2].split(", "))
    changed = sum(bool(item.changes) for item in plan.environments)
    assert sum(int(numbers[word]) for word in ("absent", "different", "unexpected")) == changed
    assert sum(map(int, numbers.values())) == len(plan.environments)
    if format_ == "html":
        assert dict(reversed(tile) for tile in re.findall(r"<li><b class=.*?>(\d+)</b> (.*?)</li>", text)) == numbers


def test_the_title_of_drift_is_its_total() -> None:
    report = documents.drift()
    assert isinstance(report.content, DriftResult)
    total = title(renderer("drift", "markdown")(report, Style())).partition(": ")[2]
    assert f"{total}." in renderer("drift", "text")(report, Style()).splitlines()
    assert total.startswith(
        "5 of 8 environments drifted: 1 absent, 3 different, 1 unexpected. The others: 1 could not be read,"
    )


def test_drift_names_the_only_state_of_all_environments_once() -> None:
    states: dict[str, Live] = {"a": locked_out(), "b": locked_out()}
    plan = build_plan([wish(name, "a.example.com") for name in states], states, API_URL)
    text = renderer("drift", "text")(report_of("drift", TIME, DriftResult(plan)), Style())
    assert "2 of 2 environments could not be read." in text.splitlines()


@pytest.mark.parametrize(("blocked", "words"), [(True, "(protected)"), (False, "(protected, lifted for this run)")])
def test_a_plan_says_whether_a_protection_is_lifted(blocked: bool, words: str) -> None:
    report = documents.plan_rich()
    assert isinstance(report.content, PlanResult)
    proposal = report.content.proposal
    (name,) = (item.name for item in proposal.plan.environments if item.environment.protect and item.changes)
    blocks = (Block("protected", name, "It is protected", f"--unprotect {name}"),) if blocked else ()
    shown = replace(report, result=replace(report.content, proposal=replace(proposal, blocks=blocks)))
    assert f" {name}   {words}" in renderer("plan", "text")(shown, Style())


@pytest.mark.parametrize("command", ["status", "verify", "drift"])
def test_the_same_environments_have_the_same_words_in_every_command_and_format(command: str) -> None:
    """One of each: the counts, worst first, add up to the number of environments."""
    states: dict[str, Live] = {
        "locked": locked_out(),
        "failed": live("failed", "failed.example.com", status="FAILED", certificate_status="FAILING"),
        "fresh": Absent(),
        "other": live("other", "old.example.com"),
        "more": live("more", "more.example.com"),
        "slow": live("slow", "slow.example.com", status="PENDING"),
        "fine": live("fine", "fine.example.com"),
        "empty": Absent(),
    }
    unwanted = frozenset({"more", "empty"})
    wishes = [wish(name, None if name in unwanted else f"{name}.example.com") for name in states]
    plan = build_plan(wishes, states, API_URL)
    verdicts = {
        "locked": Verdict.UNKNOWN,
        "failed": Verdict.STUCK,
        "slow": Verdict.WAITING,
        "fine": Verdict.READY,
        "other": Verdict.DIFFERENT,
        "more": Verdict.DIFFERENT,
    }
    verified = [Verified(name, verdicts.get(name, Verdict.ABSENT), state, "why") for name, state in states.items()]
    result = {
        "status": StatusResult(plan),
        "verify": VerifyResult(plan, tuple(verified), unwanted),
        "drift": DriftResult(plan, findings=findings(plan)),
    }[command]
    words = [
        *("1 could not be read", "1 stuck", "1 absent", "1 different", "1 unexpected"),
        *("1 waiting", "1 ready", "1 as desired without a custom domain"),
    ]
    report = report_of(command, TIME, result)
    for format_ in ("text", "markdown", "html"):
        text = renderer(command, format_)(report, Style())
        counts = summary(text) if command != "drift" else text[text.index("3 of 8 environments drifted") :]
        assert all(word in counts for word in words), counts
    if command != "drift":
        assert summary(renderer(command, "text")(report, Style())).partition(": ")[2] == ", ".join(words)
