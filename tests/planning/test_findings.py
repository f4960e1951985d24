"""Findings as wholes: what each tells, and the fingerprint that dashboards follow from release to release."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from samples import API_URL, domain, live, unreadable, wish

from reconciler.documents.baseline import Baseline, NotABaseline, baseline_of
from reconciler.documents.saved_plan import other_format
from reconciler.model.domains import Absent, Present
from reconciler.model.plan import Change
from reconciler.model.report import Cause, DriftKind, Finding
from reconciler.planning.drift import findings
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from reconciler.model.domains import Domain

HOST = "web.example.com"
NOW = domain("web", HOST)


def found(
    desired: str | None, now: Domain | None, then: Domain | None = None, *, health: bool = False
) -> tuple[Finding, ...]:
    state = Present(now) if now else Absent()
    plan = build_plan([wish("web", desired)], {"web": state}, API_URL)
    return findings(plan, Baseline({"web": Present(then)}, {}) if then else None, health=health)


@pytest.mark.parametrize(
    ("desired", "now", "expected"),
    [
        (
            HOST,
            None,
            Finding(
                DriftKind.MISSING,
                "web",
                HOST,
                f"`web` has no custom domain, but the manifest declares `{HOST}`",
                "5b65c90344ea5105",
                (Change("hostname", None, HOST),),
            ),
        ),
        (
            None,
            NOW,
            Finding(
                DriftKind.UNEXPECTED,
                "web",
                HOST,
                f"`web` has `{HOST}`, but the manifest declares none",
                "33f478b1a462a6f8",
                (Change("hostname", HOST, None),),
            ),
        ),
        (
            "new.example.com",
            NOW,
            Finding(
                DriftKind.HOSTNAME_DIFFERS,
                "web",
                HOST,
                f"`web` has `{HOST}`, but the manifest declares `new.example.com`",
                "9fc4b66bf1931e1f",
                (Change("hostname", HOST, "new.example.com"),),
            ),
        ),
    ],
    ids=["missing", "unexpected", "differs"],
)
def test_a_drifted_hostname_has_a_complete_finding(desired: str | None, now: Domain | None, expected: Finding) -> None:
    assert found(desired, now) == (expected,)


def test_changes_of_the_same_hostname_have_complete_findings() -> None:
    then = domain("web", HOST, id="old", cname_value="old.imgwire.dev")
    assert found(HOST, NOW, then) == (
        Finding(
            DriftKind.RECREATED,
            "web",
            HOST,
            f"`{HOST}` of `web` was deleted and created again",
            "30ded532edec6f01",
            (Change("id", "old", NOW.id),),
            Cause.CHANGED_OUTSIDE,
        ),
        Finding(
            DriftKind.DNS_TARGETS_CHANGED,
            "web",
            HOST,
            f"`{HOST}` of `web` needs other DNS records than before",
            "07540603a2bfd37c",
            (Change("cname_value", "old.imgwire.dev", NOW.cname_value),),
            Cause.CHANGED_OUTSIDE,
        ),
    )


def test_a_domain_that_is_not_ready_has_a_complete_finding() -> None:
    assert found(HOST, domain("web", HOST, status="PENDING"), health=True) == (
        Finding(
            DriftKind.HEALTH_REGRESSED,
            "web",
            HOST,
            f"`{HOST}` of `web` is not ready: PENDING / ACTIVE",
            "35cf096ffb7de113",
        ),
    )


def test_an_id_of_any_text_has_a_fingerprint() -> None:
    (recreated,) = found(HOST, domain("web", HOST, id="\ud800"), NOW)
    assert len(recreated.fingerprint) == 16


def test_dns_names_are_compared_as_dns_does() -> None:
    assert found(HOST, domain("web", HOST, cname_value="CDN-proxy.imgwire.dev."), NOW) == ()


@pytest.mark.parametrize("field", ["last_verified_at", "hostname"])
def test_a_baseline_may_leave_open_only_when_a_domain_was_verified(field: str) -> None:
    document = {
        "format": "imgwire-reconciler/report",
        "format_version": "1.0",
        "environments": [{"name": "web", "error": None, "live": {**NOW.as_dict(), field: None}}],
    }
    if field == "last_verified_at":
        assert baseline_of(document).live == {"web": Present(domain("web", HOST, last_verified_at=None))}
    else:
        with pytest.raises(NotABaseline, match="`live` of `web` is not a custom domain"):
            baseline_of(document)


def test_a_move_to_an_unreadable_environment_names_both() -> None:
    wishes = [wish("a", None), wish("b", HOST)]
    plan = build_plan(wishes, {"a": live("a", HOST), "b": unreadable()}, API_URL)
    (block,) = blocks(plan, Consent())
    assert block.message == f"`{HOST}` moves from `a` to `b`, which could not be read"


def test_this_very_version_is_no_other_format() -> None:
    assert other_format({"format": "imgwire-reconciler/plan", "format_version": "1.0"}) is None


@pytest.mark.parametrize(
    "field", ["cname_record", "cname_value", "dcv_cname_record", "dcv_cname_value", "status", "certificate_status"]
)
def test_a_value_that_becomes_known_or_unknown_is_not_drift(field: str) -> None:
    unknown = domain("web", HOST, **{field: None})
    assert found(HOST, NOW, unknown) == ()
    assert found(HOST, unknown, NOW) == ()
