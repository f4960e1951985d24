"""The steps of an apply: where each is shown, and where it was printed before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import domain

from reconciler.model.domains import Present
from reconciler.model.report import StepError, StepResult, StepState
from reconciler.model.results import ApplyResult, ShowResult
from reconciler.model.steps import Create, Identity, Vacant, Verify
from reconciler.render.formats import renderer
from reconciler.render.style import Style
from reconciler.render.text.steps import StepLines
from render import documents

DONE = StepResult(StepState.DONE)


def of_failures() -> ApplyResult:
    result = documents.apply_failures().content
    assert isinstance(result, ApplyResult)
    return result


def rows(text: str, words: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"  {words}  ")]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, None])
def test_show_lists_every_step_at_any_width(width: int | None) -> None:
    report = documents.apply_failures()
    text = renderer("show", "text")(
        replace(report, command="show", result=ShowResult({}, report, "r.json")), Style(width=width)
    )
    results = of_failures().applied.results.values()
    for state, words in (
        ("done", "done"),
        ("failed", "FAILED"),
        ("skipped", "skipped"),
        ("not_started", "not started"),
    ):
        listed = rows(text, words) + (rows(text, "checked") if words == "done" else [])
        assert len(listed) == sum(item.state == state for item in results) > 0


@pytest.mark.parametrize("width", [60, 100, None])
def test_an_apply_lists_only_the_steps_that_its_progress_has_not_printed(width: int | None) -> None:
    text = renderer("apply", "text")(documents.apply_failures(), Style(width=width))
    listed = [bool(rows(text, words)) for words in ("done", "FAILED", "skipped", "not started")]
    assert listed == [False, False, True, True]


@pytest.mark.parametrize("width", [60, 160, None])
def test_the_cause_of_a_failure_is_in_its_section_only(width: int | None) -> None:
    text = renderer("apply", "text")(documents.apply_failures(), Style(width=width, verbose=True))
    causes = [
        item.error.message for item in of_failures().applied.results.values() if item.error and item.state == "failed"
    ]
    assert causes
    assert [" ".join(text.split()).count(cause) for cause in causes] == [1] * len(causes)


def create(name: str, hostname: str = "images.example.com") -> Create:
    return Create(name, hostname, Vacant())


@pytest.mark.parametrize(
    ("longest", "padded"),
    [("web", "web  "), ("a" * 8, "web       "), ("a" * 40, "web" + " " * 31)],
    ids=["alone", "longer", "limit"],
)
def test_a_line_of_progress_is_padded_to_the_longest_name_up_to_a_limit(longest: str, padded: str) -> None:
    lines = StepLines.of([create("web"), create(longest)], None)
    assert lines.ended(create("web"), DONE, 1.0) == f"done     create  {padded}images.example.com  1.0 s"


@pytest.mark.parametrize(("width", "padding"), [(None, 10), (120, 10), (60, 0)])
def test_durations_line_up_where_a_line_has_room(width: int | None, padding: int) -> None:
    steps = [create("production", "images.example.com"), create("web", "images.long-name.example.com")]
    line = StepLines.of(steps, width).ended(steps[0], DONE, 12.5)
    assert line == f"done     create  production  images.example.com{' ' * padding}  12.5 s"


def test_a_check_that_finds_the_domain_failed_is_not_called_done() -> None:
    fresh = domain("web", "images.example.com", status="FAILED", certificate_status="FAILING")
    step = Verify("web", "images.example.com", Identity("images.example.com"))
    line = StepLines().ended(step, StepResult(StepState.DONE, domain=fresh), 0.5)
    assert line == "checked  verify  web  images.example.com  0.5 s  FAILED / FAILING"


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_no_report_calls_a_check_done_that_found_the_domain_failed(format_: str) -> None:
    report = documents.apply_failures()
    result = of_failures()
    failed = domain("books", "xn--bcher-kva.example.com", status="FAILED", certificate_status="FAILING")
    applied = replace(result.applied, live={**result.applied.live, "books": Present(failed)})
    text = renderer("apply", format_)(replace(report, result=replace(result, applied=applied)), Style())
    assert "checked" in text
    assert "FAILED / FAILING" in text
    assert "1 not ready: 1 stuck" in text


def test_a_reason_that_several_steps_share_is_printed_once_on_a_terminal() -> None:
    result = of_failures()
    why = StepError("stopped", "not started: `create web` failed (403)")
    left = {
        id_: replace(item, error=why) if item.state is StepState.NOT_STARTED else item
        for id_, item in result.applied.results.items()
    }
    report = replace(documents.apply_failures(), result=replace(result, applied=replace(result.applied, results=left)))
    count = [renderer("apply", "text")(report, Style(width=width)).count("(403)") for width in (80, None)]
    assert count == [1, 7]  # each line of a log has it: it may be read by a program
