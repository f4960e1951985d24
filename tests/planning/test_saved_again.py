"""A saved plan that was run before: what is left of it, and what counts as done."""

from __future__ import annotations

import pytest
from samples import API_URL, domain, pending, uid, wish

from reconciler.documents.saved_plan import other_format, saved_plan_of
from reconciler.documents.steps import NotAPlan
from reconciler.model.domains import Absent, Present
from reconciler.planning.saved import refusals, stale, with_done

from .test_saved import BEFORE, LIVE, WISHES, document_of, plan_of


def ids(steps: object) -> list[str]:
    return [step.id for step in steps]  # type: ignore[attr-defined]


def test_before_the_first_run_nothing_counts_as_done() -> None:
    saved = saved_plan_of(document_of(plan_of()))
    assert with_done(saved, plan_of()) == plan_of()


def test_what_there_is_not_to_do_any_more_was_done_and_comes_first() -> None:
    saved = saved_plan_of(document_of(plan_of()))
    later = {
        **LIVE,
        "gone": Absent(),
        "web": Present(pending("web", "new.example.com")),
        "slow": Present(domain("slow", "slow.example.com")),
    }
    fresh = plan_of(later)
    assert stale(saved, fresh) == ()
    whole = with_done(saved, fresh)
    assert ids(whole.done) == [step for step in saved.steps if step not in ids(fresh.steps)]
    assert set(ids(whole.done)) == {"delete:gone", "delete:web", "create:web", "verify:slow"}
    assert ids(whole.steps) == ids(whole.done) + ids(fresh.steps)
    assert (whole.environments, whole.lanes, whole.moves) == (fresh.environments, fresh.lanes, fresh.moves)


def test_a_replace_whose_delete_is_done_needs_only_its_create() -> None:
    saved = saved_plan_of(document_of(plan_of()))
    fresh = plan_of({**LIVE, "web": Absent()})
    assert stale(saved, fresh) == ()
    assert [step.id for step in fresh.steps if step.environment == "web"] == ["create:web", "verify:web"]


def test_a_document_without_a_version_is_of_another_format() -> None:
    assert other_format({"format": "imgwire-reconciler/plan"}) == "imgwire-reconciler/plan"
    assert (
        other_format({"format": "imgwire-reconciler/plan", "format_version": "10.0"}) == "imgwire-reconciler/plan 10.0"
    )


def test_a_changed_manifest_is_reported_for_a_saved_plan() -> None:
    saved = saved_plan_of(document_of(plan_of()))
    wishes = {item.name: item for item in [*WISHES[:-1], wish("web", None, environment_id=uid("web"))]}
    assert [block.message for block in refusals(saved, API_URL, BEFORE, wishes)] == [
        "the manifest has changed for `web` since the plan was saved: hostname: new.example.com -> null"
    ]


def test_an_absent_domain_is_reported_for_a_saved_plan() -> None:
    saved = saved_plan_of(document_of(plan_of()))
    before = pending("slow", "slow.example.com")
    assert [block.message for block in stale(saved, plan_of({**LIVE, "slow": Absent()}))] == [
        "`slow` has changed since the plan was saved: "
        f"environment_id: {before.environment_id} -> none; hostname: slow.example.com -> none; id: {before.id} -> none"
    ]


def test_an_expiry_without_a_time_zone_is_no_moment() -> None:
    with pytest.raises(NotAPlan, match=r"^one of its times has no time zone$"):
        saved_plan_of({**document_of(plan_of()), "expires_at": "2999-01-01T00:00:00"})
