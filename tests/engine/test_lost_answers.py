"""Writes whose answer is lost, and reads that show them late."""

from __future__ import annotations

import pytest

from reconciler.model.domains import Unreadable
from reconciler.model.exit_codes import ExitCode

from .runs import LOST, LOST_AND_DONE, REPLACE, A, X, code, move, play, restored, sent, states, unserved
from .scenario import Meddling, Outage, Trouble


def test_a_delete_that_nothing_should_follow_is_not_undone() -> None:
    lived, server = play({"a": A}, {"a": None}, {2: LOST_AND_DONE, **dict.fromkeys((3, 4, 5), LOST)})
    assert (states(lived), server.hostnames()) == ({"delete:a": "failed unknown"}, {"a": None})
    assert (restored(lived), unserved(lived)) == ([], [])


def test_a_lost_answer_is_read_back_and_counts_as_done() -> None:
    lived, server = play(*REPLACE, {2: LOST_AND_DONE, 5: LOST_AND_DONE})
    assert sent(lived) == ["DELETE a", f"POST a {X}"]
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, {"a": X})
    assert lived.applied.writes_done == 2


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_a_write_of_unknown_outcome_that_shows_late_is_neither_sent_again_nor_undone(lag: int) -> None:
    """Where the first read after it fails, the others decide."""
    for unread in range(5 + lag, 20):
        lost = Outage("create", LOST_AND_DONE)
        lived, server = play(*REPLACE, {unread: Trouble("400")}, lag=lag, outages=(lost,))
        assert (sent(lived), server.hostnames()) == (["DELETE a", f"POST a {X}"], REPLACE[1])
        assert (restored(lived), unserved(lived)) == ([], [])


def test_a_hostname_is_unserved_when_nothing_shows_whether_it_was_deleted() -> None:
    lived, server = play(*REPLACE, {2: LOST_AND_DONE, **dict.fromkeys(range(3, 60), LOST)})
    assert states(lived)["delete:a"] == "failed unknown"
    assert (unserved(lived), server.hostnames()) == ([(A, "a", "delete:a")], {"a": None})
    assert isinstance(lived.applied.live["a"], Unreadable)
    assert code(lived) == (ExitCode.PARTIAL, "unknown")


@pytest.mark.parametrize("unread", [{}, {5: Trouble("400")}, {5: LOST, 6: LOST}], ids=["read", "refused", "lost"])
def test_a_goal_that_one_read_shows_after_a_lost_create_is_not_believed(unread: dict[int, Trouble]) -> None:
    """It may be a state before the plan, such as that of a move which this one takes back."""
    first = 5 + len(unread)
    meddling = {first: Meddling("b", A), first + 1: Meddling("b", None)}
    lived, server = move({"a": A, "b": None}, {"a": None, "b": A}, {4: LOST, **unread}, meddling=meddling)
    assert states(lived)["create:b"].startswith("failed")
    assert (server.hostnames(), unserved(lived)) == ({"a": A, "b": None}, [])


@pytest.mark.parametrize("unread", [(5, 7), (6, 7, 8)], ids=["before and after", "after"])
def test_a_goal_that_one_read_shows_is_looked_for_again_where_the_next_read_fails(unread: tuple[int, ...]) -> None:
    refused = dict.fromkeys(unread, Trouble("400"))
    lived, server = move({"a": A, "b": None}, {"a": None, "b": A}, {4: LOST_AND_DONE, **refused})
    assert (set(states(lived).values()), restored(lived)) == ({"done"}, [])
    assert (sent(lived), server.hostnames()) == (["DELETE a", f"POST b {A}"], {"a": None, "b": A})
