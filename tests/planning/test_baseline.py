"""Drift held against what an earlier run saw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from conclusions import of_drift
from hypothesis import given
from hypothesis import strategies as st
from samples import API_URL, TIME, domain, live, locked_out, uid, wish

from reconciler.documents.baseline import NotABaseline, baseline_of
from reconciler.documents.reports import render_plan, render_report
from reconciler.model.conclusion import report_of
from reconciler.model.digest import digest
from reconciler.model.domains import FIELDS, Absent, Domain, Present, domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Block, Change
from reconciler.model.proposal import Proposal
from reconciler.model.report import Cause, DriftKind, Finding
from reconciler.model.results import DriftResult, PlanResult
from reconciler.planning.drift import findings
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from reconciler.documents.baseline import Baseline
    from reconciler.model.domains import Live
    from reconciler.model.plan import Plan

HOST = "web.example.com"
READY = live("web", HOST)


def plan_of(desired: str | None, now: Live) -> Plan:
    return build_plan([wish("web", desired)], {"web": now}, API_URL)


def seen(then: Live, desired: str | None = HOST, found: tuple[Finding, ...] = ()) -> Baseline:
    document = report_of("drift", TIME, DriftResult(plan_of(desired, then), findings=found))
    return baseline_of(json.loads(render_report(document)))


def told(found: tuple[Finding, ...]) -> list[tuple[str, str | None, bool]]:
    return [(item.kind.value, item.cause.value if item.cause else None, item.counts) for item in found]


@pytest.mark.parametrize(
    ("then", "now", "desired", "expected"),
    [
        pytest.param(READY, READY, HOST, [], id="nothing happened"),
        pytest.param(
            READY, READY, "new.example.com", [("hostname_differs", "not_applied", True)], id="the manifest changed"
        ),
        pytest.param(READY, READY, None, [("unexpected", "not_applied", True)], id="the manifest wants none any more"),
        pytest.param(Absent(), Absent(), HOST, [("missing", "not_applied", True)], id="a new wish"),
        pytest.param(READY, Absent(), HOST, [("missing", "changed_outside", True)], id="deleted by somebody"),
        pytest.param(Absent(), READY, None, [("unexpected", "changed_outside", True)], id="created by somebody"),
        pytest.param(
            READY,
            live("web", "other.example.com"),
            HOST,
            [("hostname_differs", "changed_outside", True)],
            id="replaced by somebody",
        ),
        pytest.param(
            locked_out(), Absent(), HOST, [("missing", None, True)], id="what was unreadable then tells nothing"
        ),
        pytest.param(
            READY,
            live("web", HOST, id=uid("second")),
            HOST,
            [("recreated", "changed_outside", True)],
            id="deleted and created again",
        ),
        pytest.param(
            READY,
            live("web", HOST, id=uid("second")),
            "new.example.com",
            [("hostname_differs", "changed_outside", True), ("recreated", "changed_outside", True)],
            id="created again and no longer wanted",
        ),
        pytest.param(
            READY,
            live("web", HOST, cname_value="other.imgwire.dev"),
            HOST,
            [("dns_targets_changed", "changed_outside", True)],
            id="other records to publish",
        ),
        pytest.param(
            READY,
            live("web", HOST, certificate_status="PENDING"),
            HOST,
            [("health_regressed", "changed_outside", False)],
            id="no longer ready",
        ),
        pytest.param(
            live("web", HOST, status="PENDING"),
            live("web", HOST, status="FAILED"),
            HOST,
            [("health_regressed", "changed_outside", False)],
            id="from bad to worse",
        ),
        pytest.param(
            live("web", HOST, status="FAILED"), live("web", HOST, status="PENDING"), HOST, [], id="from worse to bad"
        ),
        pytest.param(
            live("web", HOST, status="BRAND_NEW"), live("web", HOST, status="PENDING"), HOST, [], id="a word of 2027"
        ),
        pytest.param(live("web", "old.example.com"), live("web", HOST, status="PENDING"), HOST, [], id="just applied"),
        pytest.param(
            READY, live("web", HOST, updated_at="2026-04-01T00:00:00Z", last_verified_at=None), HOST, [], id="times"
        ),
    ],
)
def test_findings_have_the_cause_of_the_baseline(
    then: Live, now: Live, desired: str | None, expected: list[tuple[str, str | None, bool]]
) -> None:
    found = findings(plan_of(desired, now), seen(then))
    assert told(found) == expected
    assert found == findings(plan_of(desired, now), seen(then))


def test_a_finding_has_before_and_after() -> None:
    now = live("web", HOST, id=uid("second"), cname_value="b.imgwire.dev", status="FAILED")
    recreated, moved, worse = findings(plan_of(HOST, now), seen(READY))
    assert (recreated.message, recreated.changes) == (
        "`web.example.com` of `web` was deleted and created again",
        (Change("id", uid(f"web/{HOST}"), uid("second")),),
    )
    assert (moved.message, moved.changes) == (
        "`web.example.com` of `web` needs other DNS records than before",
        (Change("cname_value", "cdn-proxy.imgwire.dev", "b.imgwire.dev"),),
    )
    assert (worse.message, worse.changes) == (
        "`web.example.com` of `web` was CONNECTED / ACTIVE and is FAILED / ACTIVE",
        (Change("status", "CONNECTED", "FAILED"),),
    )
    assert len({item.fingerprint for item in (recreated, moved, worse)}) == 3


def test_what_was_changed_outside_stays_so_when_it_is_seen_again() -> None:
    plan = plan_of(HOST, Absent())
    first = findings(plan, seen(READY))
    second = findings(plan, seen(Absent(), found=first))
    assert told(first) == told(second) == [("missing", "changed_outside", True)]
    assert first == second


@pytest.mark.parametrize("then", [None, READY, live("web", HOST, status="PENDING")])
def test_with_health_what_is_not_ready_counts(then: Live | None) -> None:
    baseline = seen(then) if then else None
    now = live("web", HOST, status="PENDING")
    (finding,) = findings(plan_of(HOST, now), baseline, health=True)
    assert (finding.kind, finding.counts) == (DriftKind.HEALTH_REGRESSED, True)
    assert finding.fingerprint == findings(plan_of(HOST, now), seen(READY))[0].fingerprint
    assert of_drift(plan_of(HOST, now), (), (finding,)) == (ExitCode.CHANGES, "drift")


def test_without_health_it_is_no_part_of_the_verdict() -> None:
    plan = plan_of(HOST, live("web", HOST, status="PENDING"))
    assert findings(plan) == ()
    assert of_drift(plan, (), findings(plan, seen(READY))) == (ExitCode.OK, None)


def test_a_wrong_environment_is_no_drift() -> None:
    block = Block("wrong_environment", "web", "another one")
    found = findings(plan_of(None, READY))
    assert of_drift(plan_of(None, READY), (block,), found) == (ExitCode.REFUSED, "wrong_environment")
    assert of_drift(plan_of(None, locked_out()), (block,), ()) == (ExitCode.CREDENTIALS, "unreadable")


def test_a_saved_plan_serves_as_a_baseline_too() -> None:
    plan = plan_of(HOST, READY)
    document = report_of("plan", TIME, PlanResult(Proposal(plan, digest(plan))))
    assert baseline_of(json.loads(render_plan(document))).live == {"web": Present(domain("web", HOST))}


REPORT: dict[str, Any] = {
    "format": "imgwire-reconciler/report",
    "format_version": "1.0",
    "environments": [{"name": "web", "live": None, "error": None}],
    "findings": [],
}


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"format": "other/report"}, "is neither a report nor a plan of this tool"),
        ({"format": ["x"]}, "is neither a report nor a plan of this tool"),
        ({"format_version": "2.0"}, "was written by another version of this tool"),
        ({"format_version": 1.0}, "was written by another version of this tool"),
        ({"environments": []}, "knows of no environment: it was written by a run that failed"),
        ({"environments": {}}, "is damaged: `environments` is not a list of objects"),
        ({"environments": [{"name": "web"}]}, "is damaged: an environment has no `name` or no `live`"),
        ({"environments": [{"name": 1, "live": None}]}, "is damaged: an environment has no `name` or no `live`"),
        ({"environments": [{"name": "web", "live": {}}]}, "is damaged: `live` of `web` is not a custom domain"),
        ({"findings": [1]}, "is damaged: `findings` is not a list of objects"),
        (
            {"findings": [{"fingerprint": "f", "cause": "magic"}]},
            "is damaged: a finding has no `fingerprint` or a `cause` that there is not",
        ),
    ],
)
def test_what_is_no_baseline_is_refused_with_the_reason(change: dict[str, Any], why: str) -> None:
    assert baseline_of(REPORT).live == {"web": Absent()}
    with pytest.raises(NotABaseline) as refusal:
        baseline_of({**REPORT, **change})
    assert str(refusal.value) == why


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


RECORD = {field: getattr(domain("web", HOST), field) for field in FIELDS}
OTHER_RECORDS = [None, RECORD, {**RECORD, "last_verified_at": None, "new_field": [1]}, {**RECORD, "status": "NEW"}]


@given(
    st.dictionaries(st.text(max_size=5), st.sampled_from(OTHER_RECORDS), min_size=1, max_size=4),
    st.dictionaries(st.text(max_size=5), st.sampled_from([*Cause]), max_size=4),
    st.dictionaries(st.text(min_size=1, max_size=3).filter(lambda key: key not in REPORT), JSON, max_size=2),
)
def test_every_complete_report_is_readable_as_a_baseline(
    records: dict[str, Any], causes: dict[str, Cause], more: dict[str, Any]
) -> None:
    environments = [{**more, "name": name, "live": record} for name, record in records.items()]
    found = [{**more, "fingerprint": fingerprint, "cause": str(cause)} for fingerprint, cause in causes.items()]
    baseline = baseline_of({**more, **REPORT, "environments": environments, "findings": found})
    assert baseline.causes == causes
    assert {name: domain_of(state) for name, state in baseline.live.items()} == {
        name: Domain(**{field: record[field] for field in FIELDS}) if record else None
        for name, record in records.items()
    }


@given(st.dictionaries(st.sampled_from([*REPORT, "other"]), JSON), JSON)
def test_any_json_is_read_or_refused(change: dict[str, Any], anything: Any) -> None:
    for document in (anything, {**REPORT, **change}, {**REPORT, "environments": [change]}):
        try:
            baseline = baseline_of(document)
        except NotABaseline:
            if document == REPORT:
                raise
        else:
            assert set(baseline.live) <= {item["name"] for item in document["environments"] if "live" in item}


def test_fields_that_a_report_lacks_are_unknown() -> None:
    required = {"id": "1", "environment_id": "2", "hostname": "web.example.com"}
    live = baseline_of({**REPORT, "environments": [{"name": "web", "live": required}]}).live["web"]
    assert isinstance(live, Present)
    assert (live.domain.hostname, live.domain.status) == ("web.example.com", None)


def test_only_known_causes_are_accepted() -> None:
    assert [cause.words for cause in Cause] == ["not applied yet", "changed outside"]


def test_a_hostname_that_the_run_of_the_baseline_left_offline_is_not_called_not_applied() -> None:
    lost = {"hostname": "web.example.com", "environment": "web", "since": "delete:web"}
    environments = [{"name": "web", "live": None}]
    plan = build_plan([wish("web", "web.example.com")], {"web": Absent()}, API_URL)
    for unserved, words in (([lost], "left offline by the run of the baseline"), ([], "not applied yet")):
        baseline = baseline_of({**REPORT, "environments": environments, "unserved": unserved})
        (finding,) = findings(plan, baseline)
        assert (finding.cause, finding.cause_words) == (Cause.NOT_APPLIED, words)
