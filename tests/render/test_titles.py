"""What the title of a comment counts, and what a plan names as protected."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from reconciler.model.plan import Block
from reconciler.model.report import Verdict
from reconciler.model.results import PlanResult, StatusResult, VerifyResult
from reconciler.render.formats import renderer
from reconciler.render.style import Style
from render import documents


def title(text: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("### "))


def test_the_title_of_verify_counts_the_verdicts_and_names_no_other() -> None:
    report = documents.verify_mixed()
    assert isinstance(report.content, VerifyResult)
    number = Counter(item.verdict for item in report.content.verified)
    listed = ", ".join(f"{number[verdict]} {verdict}" for verdict in Verdict if number[verdict])
    assert title(renderer("verify", "markdown")(report, Style())) == f"### Imgwire verify: {listed}"


def test_verify_in_markdown_shows_the_records_below_a_heading_without_those_of_ready_domains() -> None:
    report = documents.verify_mixed()
    text = renderer("verify", "markdown")(report, Style())
    ready = next(item for item in report.content.verified if item.verdict is Verdict.READY)  # type: ignore[union-attr]
    assert "\n**DNS records**\n" in text
    assert f"_acme.{ready.environment}.example.com" not in text
    assert "_acme.slow.example.com" in text


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_the_numbers_of_status_add_up_and_the_differences_are_counted_among_them(format_: str) -> None:
    report = documents.status()
    assert isinstance(report.content, StatusResult)
    plan = report.content.plan
    differing = sum(bool(item.changes) for item in plan.environments)
    text = renderer("status", format_)(report, Style())
    assert f"{differing} of {len(plan.environments)} environments differ from the manifest" in text
    if format_ == "markdown":
        numbers = title(text).partition(": ")[2].partition(". ")[0].split(", ")
        assert sum(int(part.split()[0]) for part in numbers) == len(plan.environments)


def test_the_title_of_drift_is_its_total() -> None:
    assert title(renderer("drift", "markdown")(documents.drift(), Style())).endswith(" could not be read")


@pytest.mark.parametrize(("blocked", "words"), [(True, "(protected)"), (False, "(protected, lifted for this run)")])
def test_a_plan_says_whether_a_protection_is_lifted(blocked: bool, words: str) -> None:
    report = documents.plan_rich()
    assert isinstance(report.content, PlanResult)
    proposal = report.content.proposal
    (name,) = (item.name for item in proposal.plan.environments if item.environment.protect and item.changes)
    blocks = (Block("protected", name, "It is protected", f"--unprotect {name}"),) if blocked else ()
    shown = replace(report, result=replace(report.content, proposal=replace(proposal, blocks=blocks)))
    assert f" {name}   {words}" in renderer("plan", "text")(shown, Style())
