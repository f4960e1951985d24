"""The steps of an apply: where each is shown, and where it was printed before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.report import StepResult, StepState
from reconciler.model.results import ApplyResult, ShowResult
from reconciler.model.steps import Create, Vacant
from reconciler.render.formats import renderer
from reconciler.render.style import Style
from reconciler.render.text.progress import step_line
from render import documents


def of_failures() -> ApplyResult:
    result = documents.apply_failures().content
    assert isinstance(result, ApplyResult)
    return result


def rows(text: str, words: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"  {words}  ")]


@pytest.mark.parametrize("width", [60, 80, 100, 120, 160, None])
def test_show_lists_every_step_at_any_width(width: int | None) -> None:
    report = documents.apply_failures()
    text = renderer("show", "text")(replace(report, command="show", result=ShowResult({}, report)), Style(width=width))
    results = of_failures().applied.results.values()
    for state, words in (
        ("done", "done"),
        ("failed", "FAILED"),
        ("skipped", "skipped"),
        ("not_started", "not started"),
    ):
        assert len(rows(text, words)) == sum(item.state == state for item in results) > 0


def test_an_apply_on_a_terminal_lists_only_the_steps_that_its_progress_has_not_printed() -> None:
    text = renderer("apply", "text")(documents.apply_failures(), Style(width=100))
    assert [bool(rows(text, words)) for words in ("done", "FAILED", "skipped", "not started")] == [False] * 3 + [True]


@pytest.mark.parametrize("width", [60, 160, None])
def test_the_cause_of_a_failure_is_in_its_section_only(width: int | None) -> None:
    text = renderer("apply", "text")(documents.apply_failures(), Style(width=width, verbose=True))
    causes = [
        item.error.message for item in of_failures().applied.results.values() if item.error and item.state == "failed"
    ]
    assert causes
    assert [" ".join(text.split()).count(cause) for cause in causes] == [1] * len(causes)


@pytest.mark.parametrize(
    ("name", "width", "expected"),
    [("web", 6, "web     "), ("a" * 40, 40, "a" * 40 + "  "), ("web", 40, "web" + " " * 31)],
)
def test_a_line_of_progress_is_padded_to_the_longest_name_up_to_a_limit(name: str, width: int, expected: str) -> None:
    step = Create(name, "images.example.com", Vacant())
    assert (
        step_line(step, StepResult(StepState.DONE), 1.0, width)
        == f"done     create  {expected}images.example.com  1.0 s"
    )
