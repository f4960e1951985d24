"""Markdown within the size of a comment."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import API_URL, TIME, live, wish

from reconciler.model.conclusion import report_of
from reconciler.model.digest import digest
from reconciler.model.domains import Absent
from reconciler.model.plan import Block
from reconciler.model.proposal import Proposal
from reconciler.model.results import PlanResult
from reconciler.planning.planner import build_plan
from reconciler.render.formats import renderer
from reconciler.render.markup import MAX_CHARACTERS, Lines, assemble, fence, table
from reconciler.render.style import PLAIN

WORDS = st.text(alphabet="ab`|<# \n", max_size=60)


@given(st.lists(st.lists(WORDS, max_size=200), min_size=1, max_size=6), st.integers(3_000, 20_000))
def test_parts_of_any_size_stay_below_the_limit_and_keep_their_ends(parts: list[list[str]], limit: int) -> None:
    text = assemble([fence("diff", lines) for lines in parts], limit)
    assert len(text) <= limit
    assert text.count("```") == 2 * sum(bool(lines) for lines in parts)


def test_what_is_left_out_is_counted() -> None:
    text = assemble(["title", Lines(tuple(f"- {number}" for number in range(1000)))], 3_000)
    kept = sum(line.startswith("- ") for line in text.splitlines())
    assert text.endswith(f"… and {1000 - kept} more. The JSON document has all of them.\n")
    assert kept > 50


def test_a_table_without_rows_is_empty() -> None:
    assert assemble(["title", table(("A", "B"), [])]) == "title\n"


@pytest.mark.parametrize("count", [10, 2_000, 20_000])
def test_a_plan_of_any_size_fits_into_a_comment_and_ends_with_its_digest(count: int) -> None:
    names = [f"environment-{number}" for number in range(count)]
    environments = [wish(name, f"new.{name}.example.com") for name in names]
    state = {name: live(name, f"old.{name}.example.com") if index % 2 else Absent() for index, name in enumerate(names)}
    plan = build_plan(environments, state, API_URL)
    blocks = (Block("too_many_interruptions", None, "too many", "--max-interruptions 9999"),)
    report = report_of("plan", TIME, PlanResult(Proposal(plan, digest(plan), blocks)))
    text = renderer("plan", "markdown")(report, PLAIN)
    lines = text.splitlines()
    assert len(text) <= MAX_CHARACTERS
    assert lines[0].startswith("<!--")
    assert f"{count // 2:,} to create" in text[:3_000]
    assert lines[-1] == f"Digest `{digest(plan)}`"
    assert text.count("<details>") == text.count("</details>")
    assert "--max-interruptions 9999" in text
