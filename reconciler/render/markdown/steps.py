"""The steps of an apply in comments: how each of them ended, what failed, and what was restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import domain_of
from reconciler.model.report import RestoreFailure, StepState, Verdict
from reconciler.model.steps import Verify
from reconciler.render.endings import Ending, ending_of, endings
from reconciler.render.markdown.sections import host, unserved
from reconciler.render.markup import Lines, bullets, code, prose, table
from reconciler.render.restored import restored_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.domains import Domain
    from reconciler.model.report import StepResult
    from reconciler.model.results import ApplyResult
    from reconciler.model.steps import Step


def step_tables(result: ApplyResult) -> list[Lines]:
    """What serves no traffic first, then each step, then what was restored."""
    applied = result.applied
    rows = [
        (
            ending.words.lower(),
            step.op,
            code(step.environment),
            host(step.hostname),
            _detail(step, result, domain_of(applied.live.get(step.environment))),
        )
        for step, result, ending in endings(result.plan, applied)
    ]
    not_restored = [item for item in applied.restores if isinstance(item, RestoreFailure)]
    return [
        unserved(applied.unserved),
        table(("State", "Step", "Environment", "Hostname", "Why"), rows),
        bullets(
            "Restored after a failure",
            (
                f"{host(item.hostname)} in {code(item.environment)}: {prose(restored_state(item, result))}"
                for item in applied.restored
            ),
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
            is_unknown = ending_of(step, outcome, None) is Ending.UNKNOWN
            how = "has an unknown outcome" if is_unknown else "failed"
            what = f"{step.op} {code(step.environment)} {host(step.hostname)} {how}: {prose(outcome.error.message)}."
            yield f"{what} Next: {prose(outcome.error.hint)}." if outcome.error.hint else what


def stuck(result: ApplyResult) -> Iterator[str]:
    """Each domain that has failed, also after waiting."""
    hostnames = {step.environment: step.hostname for step in result.plan.steps}
    for item in result.verified:
        if item.verdict in {Verdict.STUCK, Verdict.UNKNOWN}:
            name = hostnames.get(item.environment)
            yield f"{code(item.environment)}{f' {host(name)}' if name else ''} is {item.verdict}: {prose(item.message)}"
    for step, _, ending in endings(result.plan, result.applied) if not result.verified else ():
        domain = domain_of(result.applied.live.get(step.environment))
        if ending is Ending.FAILING and domain is not None:
            yield f"{code(step.environment)} {host(step.hostname)} is not ready: {prose(domain.health)}"


def _detail(step: Step, result: StepResult, domain: Domain | None) -> str:
    if result.error is not None:
        return prose(result.error.message)
    checked = isinstance(step, Verify) and result.state is StepState.DONE
    return prose(domain.short_health) if checked and domain is not None else ""
