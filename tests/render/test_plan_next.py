"""How the text of a plan ends: what keeps it from being applied, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import API_URL, wish

from reconciler.model.domains import Unreadable
from reconciler.model.errors import Unauthorized
from reconciler.model.results import PlanResult
from reconciler.planning.planner import build_plan
from reconciler.render.examples import example_lines
from reconciler.render.formats import renderer
from reconciler.render.given import Given
from reconciler.render.style import Style
from render import documents


def test_a_blocked_plan_ends_with_every_block_and_the_command_that_overrides_all() -> None:
    report = documents.plan_rich()
    content = report.content
    assert isinstance(content, PlanResult)
    readable = tuple(item for item in content.plan.environments if item.name != "dark")
    plan = replace(content.plan, environments=readable)
    result = replace(content, proposal=replace(content.proposal, plan=plan))
    text = renderer("plan", "text")(replace(report, result=result), Style(given=Given(("-f", "a.yaml"))))
    *_, error, next_ = text.splitlines()
    assert error == "error: apply refuses this plan: `protected`, `too_many_interruptions`"
    assert next_.startswith(
        "Next: review the plan. To override all of this, run `reconciler apply -f a.yaml --unprotect"
    )
    assert "--max-interruptions" in next_


def test_a_plan_that_has_read_nothing_ends_with_the_next_step_and_has_no_digest() -> None:
    plan = build_plan([wish("web", "a.example.com")], {"web": Unreadable(Unauthorized("401", status=401))}, API_URL)
    report = documents.plan_rich()
    content = report.content
    assert isinstance(content, PlanResult)
    result = replace(content, proposal=replace(content.proposal, plan=plan, blocks=()))
    text = renderer("plan", "text")(replace(report, result=result), Style())
    assert "Digest" not in text
    assert text.endswith("\n\nNext: run `reconciler plan` again once every environment can be read.\n")


def test_the_steps_of_a_plan_are_wrapped_without_a_terminal() -> None:
    text = renderer("plan", "text")(documents.plan_rich(), Style())
    _, _, steps = text.partition("Steps:")
    lines = steps.partition("\n\n")[0].splitlines()
    assert len(lines) > 1
    assert all(len(line) <= 100 for line in lines)


@pytest.mark.parametrize(("width", "lines"), [(78, 1), (40, 2)])
def test_the_description_of_an_example_is_below_its_command_where_columns_do_not_fit(width: int, lines: int) -> None:
    text = example_lines([("reconciler apply --auto-approve", "Plan, apply")], width)
    assert len(text.splitlines()) == lines
    assert "Plan, apply" in text
