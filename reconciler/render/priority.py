"""What every format lists first: the worst."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.report import DriftKind, StepState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.report import Finding

SHOW_RECORDS = "dns show --format bind"
"""Works for every DNS server: `dns sync` needs an octoDNS configuration."""

DRIFT_COMMANDS = {
    DriftKind.MISSING: "apply",
    DriftKind.HOSTNAME_DIFFERS: "apply",
    DriftKind.HEALTH_REGRESSED: "verify",
    DriftKind.UNEXPECTED: "apply",
    DriftKind.DNS_TARGETS_CHANGED: SHOW_RECORDS,
    DriftKind.RECREATED: "dns check",
}
"""Worst first: the command that makes live as desired, or finds the cause."""

STEP_STATES = (StepState.FAILED, StepState.SKIPPED, StepState.NOT_STARTED, StepState.DONE)

_DRIFT = {kind: place for place, kind in enumerate(DRIFT_COMMANDS)}


def by_kind(findings: Iterable[Finding]) -> list[Finding]:
    """The findings that count first, then by kind."""
    return sorted(findings, key=lambda item: (not item.counts, _DRIFT[item.kind], item.environment))
