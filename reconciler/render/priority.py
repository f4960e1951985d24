"""What every format lists first: the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.report import DriftKind, StepState, Verdict
from reconciler.render.health import ORDER, health_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.report import Finding, Verified

DRIFT_COMMANDS = {
    DriftKind.MISSING: "apply",
    DriftKind.HOSTNAME_DIFFERS: "apply",
    DriftKind.HEALTH_REGRESSED: "verify",
    DriftKind.UNEXPECTED: "apply",
    DriftKind.DNS_TARGETS_CHANGED: "dns sync",
    DriftKind.RECREATED: "dns check",
}
"""Worst first: the command that makes live as desired, or finds the cause."""

STEP_STATES = (StepState.FAILED, StepState.SKIPPED, StepState.NOT_STARTED, StepState.DONE)

_DRIFT = {kind: place for place, kind in enumerate(DRIFT_COMMANDS)}
_VERDICTS = {
    verdict: place
    for place, verdict in enumerate(
        (Verdict.STUCK, Verdict.UNKNOWN, Verdict.DIFFERENT, Verdict.ABSENT, Verdict.WAITING, Verdict.READY)
    )
}


def by_kind(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that count first, then by kind."""
    return sorted(findings, key=lambda item: (not item.counts, _DRIFT[item.kind], item.environment))


def by_verdict(verified: Iterable[Verified]) -> list[Verified]:
    """What is stuck or unknown first, what is ready last."""
    return sorted(verified, key=lambda item: (_VERDICTS[item.verdict], item.environment))


def by_health(environments: Iterable[EnvironmentPlan]) -> list[EnvironmentPlan]:
    """What could not be read or is failing first, what is ready last."""
    return sorted(environments, key=lambda item: (ORDER[health_of(item.live)], item.name))
