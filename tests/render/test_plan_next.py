"""How the text of a plan ends: what keeps it from being applied, and what to do."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from samples import API_URL, live, wish

from reconciler.model.domains import Unreadable
from reconciler.model.errors import Unauthorized
from reconciler.model.limits import ChangeWindow
from reconciler.model.results import PlanResult
from reconciler.planning.guards import Consent, blocks, cut_moves
from reconciler.planning.planner import build_plan
from reconciler.render.examples import example_lines
from reconciler.render.formats import renderer
from reconciler.render.given import Given
from reconciler.render.style import Style
from render import documents

if TYPE_CHECKING:
    from reconciler.model.plan import Block


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


def test_the_command_that_overrides_keeps_what_was_given() -> None:
    content = documents.plan_rich().content
    assert isinstance(content, PlanResult)
    found = swap(max_interruptions=1)
    readable = tuple(item for item in content.plan.environments if item.name != "dark")
    plan = replace(content.plan, environments=readable)
    result = replace(content, proposal=replace(content.proposal, plan=plan, blocks=found))
    given = Given(
        ("-f", "a.yaml"), ("--env", "blue"), ("--unprotect", "blue"), ("--base", "main"), ("--receipt", "r.json")
    )
    text = renderer("plan", "text")(replace(documents.plan_rich(), result=result), Style(given=given))
    words = text.rpartition("`reconciler apply ")[2].partition("`")[0]
    options = ("-f a.yaml", "--env blue", "--unprotect blue", "--base main", "--receipt r.json")
    assert all(f"{option} " in f"{words} " for option in options), words


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


def swap(**consent: object) -> tuple[Block, ...]:
    states = {"blue": live("blue", "green.example.com"), "green": live("green", "blue.example.com")}
    plan = build_plan([wish(name, f"{name}.example.com") for name in states], states, API_URL)
    return blocks(plan, Consent(**consent))  # type: ignore[arg-type]


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
def test_a_block_says_how_to_do_without_an_override(format_: str) -> None:
    opening = datetime(2026, 11, 28, 2, 0, tzinfo=ZoneInfo("Europe/Berlin"))
    window = ChangeWindow((5,), 120, 240, "Europe/Berlin")
    content = documents.plan_rich().content
    assert isinstance(content, PlanResult)
    found = swap(max_interruptions=1, closed_windows=(window,), next_opening=opening)
    result = replace(content, proposal=replace(content.proposal, blocks=found))
    text = renderer("plan", format_)(replace(documents.plan_rich(), result=result), Style())
    assert "wait until sat 2026-11-28 02:00 Europe/Berlin, when a change window opens" in text
    assert "--ignore-window" in text
    assert re.search("select fewer environments with .{0,6}--env.{0,7}: the limit applies to each run", text)


def test_a_limit_of_no_interruption_is_not_met_by_a_smaller_selection() -> None:
    assert [block.fix for block in swap(max_interruptions=0)] == [None]


def test_the_command_for_a_cut_move_keeps_the_selection_and_adds_the_other_side() -> None:
    plan = build_plan([wish("blue", "blue.example.com")], {"blue": live("blue", "green.example.com")}, API_URL)
    found = cut_moves(plan, {"green": ("green.example.com", "blue.example.com")})
    content = documents.plan_rich().content
    assert isinstance(content, PlanResult)
    result = replace(content, proposal=replace(content.proposal, plan=plan, blocks=found))
    given = Given(selection=("--env", "blue"))
    text = renderer("plan", "text")(replace(documents.plan_rich(), result=result), Style(given=given))
    assert text.endswith("\nNext: review the plan. To select both, run `reconciler apply --env blue --env green`.\n")
    assert "To select both: --env green\n" in text
    assert "override" not in text
