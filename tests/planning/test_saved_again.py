"""A saved plan that was run before: what is left of it, and what counts as done."""

from __future__ import annotations

from samples import domain, pending, unreadable

from reconciler.model.domains import Absent, Present
from reconciler.planning.saved import from_document, of_other_format, stale, with_done

from .test_saved import LIVE, document_of, plan_of


def ids(steps: object) -> list[str]:
    return [step.id for step in steps]  # type: ignore[attr-defined]


def test_before_the_first_run_nothing_counts_as_done() -> None:
    saved = from_document(document_of(plan_of()))
    assert with_done(saved, plan_of()) == plan_of()


def test_what_there_is_not_to_do_any_more_was_done_and_comes_first() -> None:
    saved = from_document(document_of(plan_of()))
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
    assert (whole.items, whole.lanes, whole.moves) == (fresh.items, fresh.lanes, fresh.moves)


def test_of_what_cannot_be_read_nothing_counts_as_done() -> None:
    saved = from_document(document_of(plan_of()))
    fresh = plan_of({**LIVE, "web": unreadable()})
    assert not [step for step in with_done(saved, fresh).done if step.environment == "web"]


def test_a_half_done_replace_needs_only_its_create() -> None:
    saved = from_document(document_of(plan_of()))
    fresh = plan_of({**LIVE, "web": Absent()})
    assert stale(saved, fresh) == ()
    assert [step.id for step in fresh.steps if step.environment == "web"] == ["create:web", "verify:web"]


def test_a_document_without_a_version_is_of_another_format() -> None:
    assert of_other_format({"format": "imgwire-reconciler/plan"}) == "imgwire-reconciler/plan"
    assert of_other_format({"format": "imgwire-reconciler/plan", "format_version": "1.9.3"}) is None
    assert (
        of_other_format({"format": "imgwire-reconciler/plan", "format_version": "10.0"})
        == "imgwire-reconciler/plan 10.0"
    )
