"""How live differs from desired and from before, as findings that schedules and dashboards can follow from run to run."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from reconciler.model.domains import CertificateStatus, Domain, Known, Status, domain_of
from reconciler.model.hostnames import compared_form
from reconciler.model.plan import Action
from reconciler.model.report import Cause, DriftKind, Finding
from reconciler.planning.diff import changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.documents.baseline import Baseline
    from reconciler.model.domains import Live
    from reconciler.model.plan import Change, EnvironmentPlan, Plan

_KINDS = {
    Action.CREATE: DriftKind.MISSING,
    Action.DELETE: DriftKind.UNEXPECTED,
    Action.REPLACE: DriftKind.HOSTNAME_DIFFERS,
}
_TARGETS = ("cname_record", "cname_value", "dcv_cname_record", "dcv_cname_value")
_HEALTH = ("status", "certificate_status")
# Everything else, words that the API may add included, is somewhere between good and failed.
_GRADES: dict[str, int] = {
    Status.CONNECTED: 2,
    CertificateStatus.ACTIVE: 2,
    Status.FAILED: 0,
    CertificateStatus.FAILING: 0,
}


def findings(plan: Plan, baseline: Baseline | None = None, *, health: bool = False) -> tuple[Finding, ...]:
    """Everything that drifted, in order of environment.

    Without a baseline: each live hostname that is not the desired one. With one also what happened to a hostname that is the
    same as then: `recreated`, `dns_targets_changed`, `health_regressed`. Health counts only with `health`, which also finds
    each desired domain that is not ready. What could not be read has no finding.
    """
    return tuple(finding for item in plan.environments for finding in _of(item, baseline, health=health))


def _of(item: EnvironmentPlan, baseline: Baseline | None, *, health: bool) -> Iterator[Finding]:
    before = baseline.live.get(item.name) if baseline else None
    if item.action in _KINDS:
        yield _hostname(item, _KINDS[item.action], before, baseline)
    then, now = domain_of(before), domain_of(item.live)
    if now is None:
        return
    if then is None or then.hostname != now.hostname:
        if health and item.action is Action.VERIFY:
            yield _not_ready(item.name, now)
        return
    if then.id != now.id:
        message = f"`{now.hostname}` of `{item.name}` was deleted and created again"
        yield _since(DriftKind.RECREATED, item.name, now, message, _differences(then, now, ("id",)), now.id)
    moved = _differences(then, now, _TARGETS)
    if moved:
        message = f"`{now.hostname}` of `{item.name}` needs other DNS records than before"
        values = [getattr(now, field) or "" for field in _TARGETS]
        yield _since(DriftKind.DNS_TARGETS_CHANGED, item.name, now, message, moved, *values)
    if _worse(then, now):
        message = f"`{now.hostname}` of `{item.name}` was {then.short_health} and is {now.short_health}"
        changes = _differences(then, now, _HEALTH)
        yield _since(DriftKind.HEALTH_REGRESSED, item.name, now, message, changes, counts=health)
    elif health and item.action is Action.VERIFY:
        yield _not_ready(item.name, now)


def _hostname(item: EnvironmentPlan, kind: DriftKind, before: Known | None, baseline: Baseline | None) -> Finding:
    desired = item.environment.hostname
    match kind:
        case DriftKind.MISSING:
            message = f"`{item.name}` has no custom domain, but the manifest declares `{desired}`"
        case DriftKind.UNEXPECTED:
            message = f"`{item.name}` has `{item.before}`, but the manifest declares none"
        case _:
            message = f"`{item.name}` has `{item.before}`, but the manifest declares `{desired}`"
    fingerprint = _fingerprint(kind, item.name, item.before or "", desired or "")
    cause = None
    if before is not None and baseline is not None:
        # What was found to be changed outside in an earlier run stays so: being seen twice is not being wished for.
        same = _identity(before) == _identity(item.live)
        cause = baseline.causes.get(fingerprint, Cause.NOT_APPLIED) if same else Cause.CHANGED_OUTSIDE
    offline = kind is DriftKind.MISSING and baseline is not None and item.name in baseline.unserved
    return Finding(
        kind, item.name, item.before or desired, message, fingerprint, item.changes, cause, left_offline=offline
    )


def _since(
    kind: DriftKind,
    name: str,
    now: Domain,
    message: str,
    differences: tuple[Change, ...],
    *identity: str,
    counts: bool = True,
) -> Finding:
    fingerprint = _fingerprint(kind, name, now.hostname, *identity)
    return Finding(kind, name, now.hostname, message, fingerprint, differences, Cause.CHANGED_OUTSIDE, counts)


def _not_ready(name: str, now: Domain) -> Finding:
    kind = DriftKind.HEALTH_REGRESSED
    message = f"`{now.hostname}` of `{name}` is not ready: {now.short_health}"
    return Finding(kind, name, now.hostname, message, _fingerprint(kind, name, now.hostname))


def _fingerprint(*identity: str) -> str:
    return hashlib.sha256("\0".join(identity).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _identity(live: Live) -> tuple[str, str, str] | None:
    domain = domain_of(live)
    return (domain.environment_id, domain.id, domain.hostname) if domain else None


def _differences(then: Domain, now: Domain, fields: tuple[str, ...]) -> tuple[Change, ...]:
    """What differs in more than its spelling: DNS names have no case and may end with a dot. Unknown values do not differ."""
    before, after = then.as_dict(), now.as_dict()
    differing = [
        field
        for field in fields
        if (old := before[field]) and (new := after[field]) and compared_form(old) != compared_form(new)
    ]
    return changes({field: before[field] for field in differing}, {field: after[field] for field in differing})


def _worse(then: Domain, now: Domain) -> bool:
    return any(
        _grade(new) < _grade(old)
        for field in _HEALTH
        if (old := getattr(then, field)) is not None and (new := getattr(now, field)) is not None
    )


def _grade(word: str) -> int:
    return _GRADES.get(word, 1)
