"""What results amount to, as short tuples for tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.conclusion import conclude
from reconciler.model.digest import digest
from reconciler.model.proposal import Proposal
from reconciler.model.results import ApplyResult, DriftResult, PlanResult, VerifyResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Applied, Finding, Verified
    from reconciler.model.results import Result


def ended(result: Result) -> tuple[ExitCode, str | None]:
    """Exit code and reason."""
    conclusion = conclude(result)
    return conclusion.exit_code, conclusion.reason


def of_plan(plan: Plan, blocks: Iterable[Block], *, detailed: bool) -> tuple[ExitCode, str, str | None]:
    """Exit code, outcome and reason."""
    conclusion = conclude(PlanResult(Proposal(plan, digest(plan), tuple(blocks)), detailed=detailed))
    return conclusion.exit_code, conclusion.outcome, conclusion.reason


def of_apply(plan: Plan, applied: Applied) -> tuple[ExitCode, str | None]:
    return ended(ApplyResult(Proposal(plan, digest(plan)), applied))


def of_verify(plan: Plan, verified: Iterable[Verified]) -> tuple[ExitCode, str | None]:
    return ended(VerifyResult(plan, tuple(verified)))


def of_drift(plan: Plan, blocks: Iterable[Block], findings: Iterable[Finding]) -> tuple[ExitCode, str | None]:
    return ended(DriftResult(plan, tuple(blocks), tuple(findings)))
