"""How live differs from desired, as findings that schedules and dashboards can follow from run to run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reconciler.model.plan import Action
from reconciler.model.report import DriftKind, Finding

if TYPE_CHECKING:
    from reconciler.model.plan import Plan, Planned

_KINDS = {
    Action.CREATE: DriftKind.MISSING,
    Action.DELETE: DriftKind.UNEXPECTED,
    Action.REPLACE: DriftKind.HOSTNAME_DIFFERS,
}


def findings(plan: Plan) -> tuple[Finding, ...]:
    """One finding for each environment whose live hostname is not the desired one, in order of name."""
    return tuple(_finding(item, _KINDS[item.action]) for item in plan.items if item.action in _KINDS)


def _finding(item: Planned, kind: DriftKind) -> Finding:
    desired = item.environment.hostname
    match kind:
        case DriftKind.MISSING:
            message = f"`{item.name}` has no custom domain, and the manifest wants `{desired}`"
        case DriftKind.UNEXPECTED:
            message = f"`{item.name}` has `{item.before}`, and the manifest wants none"
        case DriftKind.HOSTNAME_DIFFERS:
            message = f"`{item.name}` has `{item.before}`, and the manifest wants `{desired}`"
    identity = "\0".join([kind, item.name, item.before or "", desired or ""])
    fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return Finding(kind, item.name, item.before or desired, message, fingerprint, item.changes)
