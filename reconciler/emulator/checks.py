"""The life of a custom domain: how a check of DNS and certificate, or time alone, changes its two statuses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.emulator.times import seconds_of, timestamp
from reconciler.model.domains import CertificateStatus, Status

if TYPE_CHECKING:
    from reconciler.emulator.state import Claim
    from reconciler.emulator.switches import Switches


@dataclass(frozen=True, slots=True)
class LookupResult:
    """Whether the two CNAMEs are right; None where DNS did not answer."""

    routing: bool | None
    validation: bool | None


_READY = (Status.CONNECTED.value, CertificateStatus.ACTIVE.value)
_FAILED = (Status.FAILED.value, CertificateStatus.FAILING.value)


def settle(claim: Claim, now: float, switches: Switches) -> Claim:
    """The claim at this time: ready by itself `settle_seconds` after creation, if it was still PENDING."""
    domain = claim.domain
    if switches.settle_seconds is None or (domain.status, domain.certificate_status) != (
        Status.PENDING,
        CertificateStatus.PENDING,
    ):
        return claim
    due = seconds_of(domain.created_at or "") + switches.settle_seconds
    return claim if now < due else _with(claim, _READY, timestamp(due, switches.timestamps), verified=True)


def run_check(claim: Claim, now: float, switches: Switches, lookup: LookupResult | None) -> tuple[Claim, bool]:
    """The claim after one more test_connection, and whether that check failed."""
    claim = replace(claim, checks=claim.checks + 1)
    if claim.script:
        outcome, claim = claim.script[0], replace(claim, script=claim.script[1:])
    else:
        outcome = _outcome(claim, now, switches, lookup)
    bad = outcome == _FAILED
    if bad and switches.failed_check != "failed":
        outcome = _statuses(claim)
    verified = switches.verified_at == "always" or (switches.verified_at == "success" and outcome == _READY)
    return _with(claim, outcome, timestamp(now, switches.timestamps), verified=verified), bad


def _statuses(claim: Claim) -> tuple[str, str]:
    return claim.domain.status or "", claim.domain.certificate_status or ""


def _outcome(claim: Claim, now: float, switches: Switches, lookup: LookupResult | None) -> tuple[str, str]:
    before = _statuses(claim)
    match switches.check:
        case "now":
            return _READY
        case "staged":
            return _READY if claim.checks > 1 else (_READY[0], CertificateStatus.PENDING.value)
        case "checks":
            return _READY if claim.checks >= switches.check_count else before
        case "seconds":
            return _READY if now >= seconds_of(claim.domain.created_at or "") + switches.check_seconds else before
        case "recover":
            return _READY if claim.checks >= switches.check_count else _FAILED
        case "fail":
            return _FAILED
        case "never":
            return before
        case "dns":
            return _by_dns(before, lookup or LookupResult(None, None))


def _by_dns(before: tuple[str, str], lookup: LookupResult) -> tuple[str, str]:
    """Right records connect and activate. Wrong or missing ones make a connected domain fail, and leave a PENDING one."""
    status = _next(before[0], lookup.routing, Status.PENDING, _READY[0], _FAILED[0])
    # A certificate is only issued for a name that leads here.
    valid = lookup.validation if status == Status.CONNECTED else (False if lookup.validation is not None else None)
    return status, _next(before[1], valid, CertificateStatus.PENDING, _READY[1], _FAILED[1])


def _next(before: str, right: bool | None, pending: str, good: str, bad: str) -> str:
    if right is None:
        return before
    if right:
        return good
    return pending if before == pending else bad


def _with(claim: Claim, outcome: tuple[str, str], now: str, *, verified: bool) -> Claim:
    domain = claim.domain
    moved = (domain.status, domain.certificate_status) != outcome
    return replace(
        claim,
        domain=replace(
            domain,
            status=outcome[0],
            certificate_status=outcome[1],
            updated_at=now if moved or verified else domain.updated_at,
            last_verified_at=now if verified else domain.last_verified_at,
        ),
    )
