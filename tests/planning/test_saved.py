"""A saved plan: what comes back from its document, and when it is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from samples import API_URL, TIME, domain, live, pending, uid, wish

from reconciler.documents.reports import render_plan
from reconciler.documents.saved_plan import SavedPlan, other_format, saved_plan_of
from reconciler.documents.steps import NotAPlan
from reconciler.model.conclusion import report_of
from reconciler.model.digest import KeyAccess, digest, digest_of
from reconciler.model.domains import Absent, Live, Present
from reconciler.model.environments import EMULATOR_API_URL, Source, SourceFile
from reconciler.model.proposal import Proposal
from reconciler.model.results import PlanResult
from reconciler.model.steps import Identity, Vacant, Verify
from reconciler.planning.planner import build_plan
from reconciler.planning.saved import refusals, stale

if TYPE_CHECKING:
    from reconciler.model.domains import Known
    from reconciler.model.environments import Environment
    from reconciler.model.plan import Plan
    from reconciler.model.steps import Precondition

BEFORE = datetime(2026, 3, 1, 12, 0, 1, tzinfo=UTC)
WISHES = [
    wish("fresh", "fresh.example.com", environment_id=uid("fresh")),
    wish("gone", None),
    wish("same", "same.example.com"),
    wish("slow", "slow.example.com"),
    wish("web", "new.example.com", environment_id=uid("web")),
]
LIVE: dict[str, Live] = {
    "fresh": Absent(),
    "gone": live("gone", "gone.example.com"),
    "same": live("same", "same.example.com"),
    "slow": Present(pending("slow", "slow.example.com")),
    "web": live("web", "old.example.com"),
}


def document_of(plan: Plan) -> dict[str, Any]:
    text = render_plan(
        report_of(
            "plan",
            TIME,
            PlanResult(Proposal(plan, digest(plan)), 24 * 3600),
            Source((SourceFile("imgwire.yaml", "0" * 64),), plan.api_url),
        )
    )
    found: dict[str, Any] = json.loads(text)
    return found


def plan_of(live_: dict[str, Live] = LIVE, wishes: list[Environment] = WISHES) -> Plan:
    """The plan for the environments that `live_` names."""
    return build_plan([item for item in wishes if item.name in live_], live_, API_URL)


@pytest.fixture
def saved() -> SavedPlan:
    return saved_plan_of(document_of(plan_of()))


def environments(wishes: list[Environment] = WISHES) -> dict[str, Environment]:
    return {item.name: item for item in wishes}


def test_a_saved_plan_holds_what_the_plan_promised(saved: SavedPlan) -> None:
    plan = plan_of()
    assert saved == SavedPlan(
        saved.source,
        datetime(2026, 3, 1, 12, tzinfo=UTC),
        datetime(2026, 3, 2, 12, tzinfo=UTC),
        digest(plan),
        {
            "fresh": "fresh.example.com",
            "gone": None,
            "same": "same.example.com",
            "slow": "slow.example.com",
            "web": "new.example.com",
        },
        {item.name: KeyAccess.of(item) for item in WISHES},
        {name: state.domain.as_dict() if isinstance(state, Present) else None for name, state in LIVE.items()},
        {step.id: step for step in plan.steps},
    )
    assert saved.concerned == {"fresh", "gone", "slow", "web"}


def test_a_saved_plan_can_be_used_while_everything_is_as_it_was(saved: SavedPlan) -> None:
    assert refusals(saved, API_URL, BEFORE, environments()) == ()
    assert stale(saved, plan_of()) == ()


@pytest.mark.parametrize(
    ("url", "now", "changed", "expected"),
    [
        pytest.param(
            API_URL,
            datetime(2026, 3, 2, 12, tzinfo=UTC),
            {},
            [("expired_plan", None, "the saved plan expired at 2026-03-02T12:00:00Z")],
            id="expired to the second",
        ),
        pytest.param(
            "https://other.example",
            BEFORE,
            {},
            [("other_api_url", None, f"the saved plan is for {API_URL}, and this run uses https://other.example")],
            id="another API",
        ),
        pytest.param(
            EMULATOR_API_URL,
            BEFORE,
            {},
            [("other_api_url", None, f"the saved plan is for {API_URL}, and this run uses the emulator (--emulator)")],
            id="the emulator",
        ),
        pytest.param(
            API_URL,
            BEFORE,
            {"web": None},
            [("stale_plan", "web", "the manifest no longer lists `web`, which the saved plan changes")],
            id="no longer listed",
        ),
        pytest.param(
            API_URL,
            BEFORE,
            {"web": wish("web", "newer.example.com", environment_id=uid("web"))},
            [
                (
                    "stale_plan",
                    "web",
                    "the manifest has changed for `web` since the plan was saved: hostname: new.example.com -> newer.example.com",
                )
            ],
            id="another hostname wanted",
        ),
        pytest.param(
            API_URL,
            BEFORE,
            {"gone": wish("gone", "gone.example.com")},
            [
                (
                    "stale_plan",
                    "gone",
                    "the manifest has changed for `gone` since the plan was saved: hostname: null -> gone.example.com",
                )
            ],
            id="a delete no longer wanted",
        ),
        pytest.param(
            API_URL,
            BEFORE,
            {"web": wish("web", "new.example.com", environment_id=uid("other"))},
            [
                (
                    "stale_plan",
                    "web",
                    f"the manifest has changed for `web` since the plan was saved: its environment_id in the saved plan is"
                    f" {uid('web')}, and in the manifest {uid('other')}",
                )
            ],
            id="another pin",
        ),
        pytest.param(
            API_URL,
            BEFORE,
            {"gone": wish("gone", None, environment_id=uid("gone"))},
            [
                (
                    "stale_plan",
                    "gone",
                    f"the manifest has changed for `gone` since the plan was saved: its environment_id in the saved plan is"
                    f" none, and in the manifest {uid('gone')}",
                )
            ],
            id="a pin where there was none",
        ),
        pytest.param(
            API_URL,
            BEFORE,
            {"same": wish("same", "elsewhere.example.com")},
            [],
            id="a change where the plan has no step is not its business",
        ),
    ],
)
def test_a_plan_is_unusable_when_the_world_it_was_made_for_is_another(
    saved: SavedPlan,
    url: str,
    now: datetime,
    changed: dict[str, Environment | None],
    expected: list[tuple[str, str | None, str]],
) -> None:
    found = {name: item for name, item in {**environments(), **changed}.items() if item is not None}
    blocks = refusals(saved, url, now, found)
    assert [(block.code, block.environment, block.message) for block in blocks] == expected
    assert all(block.override is None for block in blocks)


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        pytest.param(
            {"web": live("web", "old.example.com", id="recreated")},
            ["`web` has changed since the plan was saved: `old.example.com` was deleted and created again"],
            id="another domain under the same hostname",
        ),
        pytest.param(
            {"web": live("web", "other.example.com")},
            [
                "`web` has changed since the plan was saved: "
                "hostname: old.example.com -> other.example.com; "
                f"id: {domain('web', 'old.example.com').id} -> {domain('web', 'other.example.com').id}"
            ],
            id="another hostname",
        ),
        pytest.param(
            {"fresh": live("fresh", "taken.example.com")},
            [
                "`fresh` has changed since the plan was saved: "
                f"environment_id: none -> {uid('fresh')}; hostname: none -> taken.example.com; "
                f"id: none -> {domain('fresh', 'taken.example.com').id}"
            ],
            id="something where nothing was",
        ),
        pytest.param({"gone": Absent()}, [], id="a delete that was done already"),
        pytest.param({"web": Absent()}, [], id="half of a replace done already"),
        pytest.param({"web": live("web", "new.example.com")}, [], id="all of a replace done already"),
        pytest.param(
            {"web": Present(pending("web", "new.example.com"))}, [], id="all but the verify of a replace done already"
        ),
        pytest.param(
            {"slow": live("slow", "slow.example.com", id=pending("slow", "slow.example.com").id)}, [], id="ready"
        ),
        pytest.param(
            {"web": live("web", "old.example.com", status="FAILED", updated_at="2027-01-01T00:00:00Z")},
            [],
            id="health is not what a plan depends on",
        ),
    ],
)
def test_a_plan_is_stale_exactly_when_a_step_would_meet_something_else(
    saved: SavedPlan, changed: dict[str, Live], expected: list[str]
) -> None:
    now = {name: state for name, state in {**LIVE, **changed}.items() if name in saved.concerned}
    blocks = stale(saved, plan_of(now))
    assert [block.message for block in blocks] == expected
    assert all(block.code == "stale_plan" for block in blocks)


def test_an_environment_that_was_right_and_is_not_any_more_is_no_part_of_the_plan(saved: SavedPlan) -> None:
    now = {"same": live("same", "elsewhere.example.com")}
    assert [block.environment for block in stale(saved, plan_of(now))] == ["same"]


def test_a_step_for_another_hostname_was_not_promised(saved: SavedPlan) -> None:
    other = [item if item.name != "fresh" else wish("fresh", "other.example.com") for item in WISHES]
    assert [block.environment for block in stale(saved, plan_of({"fresh": Absent()}, other))] == ["fresh"]


X = "x.example.com"


@pytest.mark.parametrize(
    ("promised", "live_", "holds"),
    [
        (Identity(X, "1", "e"), Present(domain("a", X, id="1", environment_id="e")), True),
        (Identity(X), Present(domain("a", X)), True),
        (Identity(X, "1", "e"), Present(domain("a", "y.example.com", id="1", environment_id="e")), False),
        (Identity(X, "1", "e"), Present(domain("a", X, id="2", environment_id="e")), False),
        (Identity(X, "1", "e"), Present(domain("a", X, id="1", environment_id="f")), False),
        (Identity(X, "1", "e"), Absent(), False),
        (Vacant(), Absent(), True),
        (Vacant(), Present(domain("a", X)), False),
    ],
)
def test_a_precondition_holds_for_exactly_what_was_read(promised: Precondition, live_: Known, holds: bool) -> None:
    assert promised.holds(live_) is holds


@pytest.mark.parametrize(
    ("promised", "asked", "covered"),
    [
        (Identity(X, "1", "e"), Identity(X, "1", "e"), True),
        (Identity(X, environment_id="e"), Identity(X, "1", "e"), True),
        (Identity(X), Identity(X, "1", "e"), True),
        (Identity(X, "1", "e"), Identity(X, "2", "e"), False),
        (Identity(X, "1", "e"), Identity(X, "1", "f"), False),
        (Identity(X, "1", "e"), Identity(X), False),
        (Identity(X), Identity("y.example.com"), False),
        (Identity(X), Vacant(), False),
        (Vacant(), Vacant(), True),
        (Vacant(), Identity(X), False),
    ],
)
def test_a_promise_covers_what_asks_for_no_less(promised: Precondition, asked: Precondition, covered: bool) -> None:
    assert promised.covers(asked) is covered


def _edited(**edit: Any) -> dict[str, Any]:
    return {**document_of(plan_of()), **edit}


def _with_step(index: int, **edit: Any) -> dict[str, Any]:
    document = document_of(plan_of())
    document["steps"][index].update(edit)
    return document


def test_every_edit_of_what_would_be_done_is_noticed() -> None:
    whole = document_of(plan_of())
    writes = [index for index, step in enumerate(whole["steps"]) if step["op"] != "verify"]
    edits = [
        *(_with_step(index, hostname="evil.example.com") for index in writes),
        *(_with_step(index, environment="same") for index in writes),
        *(_with_step(index, after=["delete:gone"]) for index in writes if whole["steps"][index]["op"] == "delete"),
        _edited(steps=whole["steps"][1:]),
        _edited(source={**whole["source"], "api_url": "https://evil.example"}),
        _edited(environments=[{**item, "environment_id": None} for item in whole["environments"]]),
        _edited(digest="sha256:" + "0" * 64),
    ]
    for document in edits:
        with pytest.raises(NotAPlan, match=r"^its digest does not match its content, so it was edited or damaged"):
            saved_plan_of(document)


@pytest.mark.parametrize(
    "times",
    [
        {"created_at": "2020-01-01T00:00:00Z", "expires_at": "2099-01-01T00:00:00Z", "expires_in": 10**10},
        {"expires_in": 10**15},
        {"expires_in": 10**30},
        {"expires_in": 0},
        {"created_at": "9999-12-31T23:59:59Z"},
    ],
)
def test_impossible_times_are_refused(times: dict[str, Any]) -> None:
    with pytest.raises(NotAPlan, match=r"^its times are impossible, so it was edited after it was written$"):
        saved_plan_of(_edited(**times))


def test_a_plan_that_was_never_made_cannot_be_applied() -> None:
    with pytest.raises(NotAPlan, match=r"^it contains no plan: it was written by a run that failed$"):
        saved_plan_of(_edited(digest=None))


def test_a_step_under_another_id_is_refused() -> None:
    document = document_of(plan_of())
    verify = next(step for step in document["steps"] if step["op"] == "verify")
    verify["id"] = "verify:other"
    with pytest.raises(NotAPlan, match=r"^the id of a step does not match its content$"):
        saved_plan_of(document)


def test_a_delete_without_the_domain_it_is_for_is_refused() -> None:
    document = document_of(plan_of())
    delete = next(step for step in document["steps"] if step["op"] == "delete")
    delete["precondition"] = {"absent": True}
    with pytest.raises(NotAPlan, match=r"has no custom domain as its precondition$"):
        saved_plan_of(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"format": "imgwire-reconciler/plan", "format_version": "1.7"}, None),
        ({"format": "imgwire-reconciler/plan", "format_version": "2.0"}, "imgwire-reconciler/plan 2.0"),
        ({"format": "imgwire-reconciler/report", "format_version": "1.0"}, "imgwire-reconciler/report 1.0"),
        ({"format": "terraform"}, "terraform"),
        ({"steps": []}, None),
        ([], None),
    ],
)
def test_another_format_or_version_is_called_by_its_name(document: object, expected: str | None) -> None:
    assert other_format(document) == expected


def test_a_verify_after_a_create_promises_the_hostname_and_the_pin_only(saved: SavedPlan) -> None:
    step = saved.steps["verify:fresh"]
    assert isinstance(step, Verify)
    assert step.precondition.as_dict() == {
        "environment_id": uid("fresh"),
        "id": None,
        "hostname": "fresh.example.com",
    }


def test_a_step_for_an_environment_that_is_not_listed_is_refused() -> None:
    document = document_of(plan_of())
    document["environments"] = [item for item in document["environments"] if item["name"] != "web"]
    access = {
        item["name"]: KeyAccess(item["environment_id"], item["access"], item["send_environment_id"])
        for item in document["environments"]
    }
    document["digest"] = digest_of(API_URL, access, plan_of().writes)
    with pytest.raises(NotAPlan, match=r"^it has a step for `web`, which is not among its environments$"):
        saved_plan_of(document)
