"""What the report of an apply advises."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import API_URL, domain, live, wish

from reconciler.model.ledger import Ledger
from reconciler.model.proposal import Proposal
from reconciler.model.report import StepError, StepResult, StepState
from reconciler.model.results import ApplyResult
from reconciler.planning.planner import build_plan
from reconciler.planning.records import records
from reconciler.render.style import PLAIN
from reconciler.render.text.apply import next_step

PLAN = build_plan([wish("web", "new.example.com")], {"web": live("web", "old.example.com")}, API_URL)


@pytest.mark.parametrize(
    ("kind", "fix", "when"),
    [
        (None, False, "again"),
        ("interrupted", False, "again"),
        ("conflict", True, "again"),
        ("unknown", False, "again later"),
    ],
)
def test_only_a_failure_is_to_be_fixed_before_apply_runs_again(kind: str | None, fix: bool, when: str) -> None:
    """A killed run has left no error, and a signal is none. What the API or the network has passes by itself."""
    applied = Ledger(PLAN).snapshot()
    if kind is not None:
        results = {step.id: StepResult(StepState.NOT_STARTED, StepError(kind, "why")) for step in PLAN.steps}
        applied = replace(applied, results=results)
    text = next_step(ApplyResult(Proposal(PLAN, "sha256:0"), applied), PLAIN)
    assert text.endswith(f"run `reconciler apply` {when}: it does what is left.")
    assert ("fix the error" in text) is fix


def test_after_a_change_by_another_writer_the_next_command_is_a_plan() -> None:
    """Another apply would replace what the other one has made."""
    results = {step.id: StepResult(StepState.FAILED, StepError("changed", "why")) for step in PLAN.steps}
    applied = replace(Ledger(PLAN).snapshot(), results=results)
    text = next_step(ApplyResult(Proposal(PLAN, "sha256:0"), applied), PLAIN)
    assert text.startswith("Next: check the change above, then run `reconciler plan`: ")
    assert "reconciler apply" not in text


def test_the_records_of_what_was_created_come_before_another_run() -> None:
    applied = Ledger(PLAN).snapshot()
    made = records([("app", domain("app", "app.example.com"))])
    text = next_step(ApplyResult(Proposal(PLAN, "sha256:0"), applied, made), PLAIN)
    assert text == "Next: publish these records. Then run `reconciler apply` again: it does what is left."
