"""The steps of an apply in comments: how each of them ended, what failed, and what was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.report import RestoreFailure, StepState
from reconciler.model.steps import Verify
from reconciler.render.markdown.sections import host, unserved
from reconciler.render.markup import Lines, bullets, code, prose, table
from reconciler.render.priority import STEP_STATES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied, StepResult
    from reconciler.model.results import ApplyResult
    from reconciler.model.steps import Step


def step_tables(plan: Plan, applied: Applied) -> list[Lines]:
    """What serves no traffic first, then each step, then what was restored."""
    rows = [
        (
            applied.results[step.id].state.value.replace("_", " "),
            step.op,
            code(step.environment),
            host(step.hostname),
            _detail(step, applied.results[step.id]),
        )
        for state in STEP_STATES
        for step in plan.steps
        if applied.results[step.id].state is state
    ]
    not_restored = [item for item in applied.restores if isinstance(item, RestoreFailure)]
    return [
        unserved(applied.unserved),
        table(("State", "Step", "Environment", "Hostname", "Why"), rows),
        bullets(
            "Restored after a failed create",
            (f"{host(item.hostname)} in {code(item.environment)}" for item in applied.restored),
        ),
        bullets(
            "Could not be restored",
            (
                f"{host(item.hostname)} in {code(item.environment)}: {prose(item.error.message)}"
                for item in not_restored
            ),
        ),
    ]


def failures(result: ApplyResult) -> Iterator[str]:
    """Each failed step: the cause, then what to do."""
    for step in result.plan.steps:
        outcome = result.applied.results[step.id]
        if outcome.state is StepState.FAILED and outcome.error is not None:
            what = f"{step.op} {code(step.environment)} {host(step.hostname)} failed: {prose(outcome.error.message)}."
            yield f"{what} Next: {prose(outcome.error.hint)}." if outcome.error.hint else what


def _detail(step: Step, result: StepResult) -> str:
    if result.error is not None:
        return prose(result.error.message)
    return prose(result.domain.health) if isinstance(step, Verify) and result.domain is not None else ""
