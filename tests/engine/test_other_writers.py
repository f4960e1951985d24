"""What another writer does meanwhile is left alone."""

from __future__ import annotations

import pytest

from reconciler.model.exit_codes import ExitCode

from .runs import LOST_AND_DONE, REPLACE, SWAP, A, B, X, Y, code, move, play, restored, sent, states, unserved
from .scenario import Meddling


def test_an_environment_that_another_writer_changed_is_left_alone() -> None:
    lived, server = play(*REPLACE, meddling={1: Meddling("a", Y)})
    assert states(lived) == {
        "delete:a": "failed changed",
        "create:a": "skipped dependency",
        "verify:a": "skipped dependency",
    }
    assert (sent(lived), server.hostnames(), code(lived)) == ([], {"a": Y}, (ExitCode.REFUSED, "changed"))
    assert lived.applied.writes_done == 0


def test_a_domain_that_another_writer_creates_after_the_delete_is_left_alone() -> None:
    lived, server = play(*REPLACE, meddling={3: Meddling("a", Y)})
    assert states(lived)["create:a"] == "failed changed"
    assert (restored(lived), unserved(lived), server.hostnames()) == ([], [(A, "a", "delete:a")], {"a": Y})


def test_a_domain_that_is_gone_when_it_should_be_verified_is_unserved() -> None:
    lived, _ = play({"a": A}, {"a": A}, meddling={1: Meddling("a", None)}, ready=False)
    assert states(lived) == {"verify:a": "failed changed"}
    assert unserved(lived) == [(A, "a", "verify:a")]


def test_a_goal_that_is_reached_just_before_the_write_is_done() -> None:
    lived, server = play({"a": None}, {"a": X}, meddling={1: Meddling("a", X)})
    assert (states(lived)["create:a"], sent(lived), server.hostnames()) == ("done", [], {"a": X})
    lived, server = play({"a": A}, {"a": None}, meddling={1: Meddling("a", None)})
    assert (states(lived), sent(lived), server.hostnames()) == ({"delete:a": "done"}, [], {"a": None})
    assert lived.applied.writes_done == 0


def test_what_another_writer_deleted_is_not_restored() -> None:
    lived, server = play(*REPLACE, meddling={1: Meddling("a", None)}, refused_hostnames=frozenset({X}))
    assert states(lived)["delete:a"] == "done"
    assert (restored(lived), server.hostnames()) == ([], {"a": None})
    assert unserved(lived) == [(A, "a", "delete:a")]
    assert code(lived) == (ExitCode.ERROR, "refused")


def test_a_delete_that_was_lost_and_overwritten_counts_as_a_write() -> None:
    lived, server = play(*REPLACE, {2: LOST_AND_DONE}, meddling={3: Meddling("a", Y)})
    assert states(lived)["delete:a"] == "failed changed"
    assert (code(lived)[0], server.hostnames()) == (ExitCode.PARTIAL, {"a": Y})
    assert unserved(lived) == [(A, "a", "delete:a")]


@pytest.mark.parametrize("serving", ["a", "b"])
def test_a_hostname_that_did_not_serve_when_it_was_planned_is_not_interrupted(serving: str) -> None:
    """That interruption was not approved, and no limit has counted it."""
    lived, server = play(*SWAP, meddling={1: Meddling(serving, checks=True)}, ready=False)
    error = lived.applied.results[f"delete:{serving}"].error
    assert error is not None
    assert (error.kind, "may serve traffic now" in error.message) == ("changed", True)
    assert (sent(lived), server.hostnames()) == ([], SWAP[0])


def test_a_lane_that_has_begun_interrupts_what_has_come_to_serve() -> None:
    """Its first hostname has no place until the lane is done."""
    lived, server = play(*SWAP, meddling={4: Meddling("b", checks=True)}, ready=False)
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, SWAP[1])


@pytest.mark.parametrize(
    ("holds", "wants", "meddling", "writes"),
    [
        (*REPLACE, {1: Meddling("a", X)}, []),
        (*SWAP, {2: Meddling("a", None), 3: Meddling("b", A), 4: Meddling("a", B)}, ["DELETE a"]),
    ],
    ids=["replace", "swap"],
)
def test_what_another_writer_has_replaced_as_planned_is_not_deleted(
    holds: dict[str, str], wants: dict[str, str], meddling: dict[int, Meddling], writes: list[str]
) -> None:
    lived, server = move(holds, wants, meddling=meddling)
    assert (set(states(lived).values()), sent(lived), server.hostnames()) == ({"done"}, writes, wants)
    assert lived.applied.unserved == ()
