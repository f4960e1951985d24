"""Runs that a signal ends, and runs that are killed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.domains import Unreadable
from reconciler.model.exit_codes import ExitCode

from .runs import (
    CHAIN,
    CUT_SHORT,
    LOST_AND_DONE,
    REFUSED,
    REPLACE,
    RING,
    SWAP,
    A,
    B,
    X,
    Y,
    code,
    move,
    play,
    states,
    unserved,
)
from .scenario import Trouble


@pytest.mark.parametrize("moment", [2, 3, 4])
def test_after_a_signal_a_sent_delete_is_followed_by_its_create(moment: int) -> None:
    lived, server = play({"a": A, "b": B}, {"a": X, "b": Y}, stopped=moment)
    assert server.hostnames() == {"a": X, "b": B}
    assert states(lived) == {
        "delete:a": "done",
        "create:a": "done",
        "verify:a": "not_started interrupted",
        "delete:b": "not_started interrupted",
        "create:b": "not_started interrupted",
        "verify:b": "not_started interrupted",
    }
    assert code(lived) == (ExitCode.PARTIAL, "interrupted")


def test_a_ring_that_has_begun_when_the_signal_comes_is_finished() -> None:
    lived, server = move(*RING, stopped=2)
    assert server.hostnames() == RING[1]
    assert [word for step, word in states(lived).items() if step.startswith("verify")] == [
        "not_started interrupted"
    ] * 3


def test_a_signal_during_the_read_before_the_first_delete_writes_nothing() -> None:
    """That read may have waited for minutes, where the API wants a pause."""
    lived, server = play({"a": A, "b": B}, {"a": X, "b": Y}, stopped=1)
    assert (server.hostnames(), lived.applied.writes_done) == ({"a": A, "b": B}, 0)
    assert set(states(lived).values()) == {"not_started interrupted"}
    assert code(lived) == (ExitCode.INTERRUPTED, "interrupted")


def test_a_signal_before_the_first_write_stops_the_run() -> None:
    lived, server = play({"a": A, "b": None}, {"a": A, "b": Y}, stopped=1, troubles={1: Trouble("403")})
    assert (server.hostnames(), lived.applied.writes_done) == ({"a": A, "b": None}, 0)
    lived, _ = play({"a": None, "b": None}, {"a": X, "b": Y}, stopped=1, troubles={2: REFUSED})
    assert states(lived)["create:b"] == "not_started interrupted"
    assert code(lived) == (ExitCode.INTERRUPTED, "interrupted")


@pytest.mark.parametrize(
    ("moment", "expected", "written"),
    [
        pytest.param(1, "not_started interrupted", 0, id="before anything was sent"),
        pytest.param(2, "failed interrupted", 1, id="while the delete is on its way"),
        pytest.param(4, "done", 2, id="while the create is on its way"),
    ],
)
def test_a_second_signal_ends_the_run_with_an_unknown_outcome(moment: int, expected: str, written: int) -> None:
    lived, _ = play(*REPLACE, stopped=moment, stopped_again=moment)
    assert lived.cut_off
    assert states(lived)["delete:a"] == expected
    assert (states(lived)["create:a"], lived.applied.writes_done) == (
        "failed interrupted" if moment == 4 else "not_started interrupted",
        written,
    )
    assert code(lived)[0] == (ExitCode.PARTIAL if written else ExitCode.INTERRUPTED)


def test_a_run_asks_for_patience_while_it_lasts_and_no_longer() -> None:
    """Whoever hears a signal may cancel what is not patient."""
    lived, _ = play(*REPLACE)
    assert (lived.patient, lived.wire.stop.patient) == ((False, True, True, True), False)


def test_a_snapshot_is_complete_at_any_moment() -> None:
    lived, _ = play(*REPLACE, killed_before=4)
    assert lived.killed
    assert states(lived) == {"delete:a": "done", "create:a": "not_started", "verify:a": "not_started"}
    assert unserved(lived) == [(A, "a", "delete:a")]
    assert replace(lived.applied, results={}).writes_done == 1


def test_a_second_signal_between_the_deletes_of_a_chain_reports_what_is_unserved() -> None:
    lived, server = move(*CHAIN, stopped=3, stopped_again=3)
    assert (server.hostnames(), unserved(lived)) == ({"a": None, "b": B}, [(A, "a", "delete:a")])


def test_a_second_signal_during_a_delete_reports_the_hostname_that_may_be_gone() -> None:
    lived, _ = play(*REPLACE, stopped=2, stopped_again=2)
    assert states(lived)["delete:a"] == "failed interrupted"
    assert unserved(lived) == [(A, "a", "delete:a")]
    assert isinstance(lived.applied.live["a"], Unreadable)


def test_a_second_signal_during_a_restore_reports_the_hostname_that_may_be_missing() -> None:
    lived, _ = play(*REPLACE, {4: REFUSED}, stopped=6, stopped_again=6)
    assert (unserved(lived), lived.applied.writes_done) == ([(A, "a", "delete:a")], 2)


def test_a_second_signal_while_a_write_of_unknown_outcome_is_looked_for_leaves_it_unknown() -> None:
    """The last create of a swap, which was done."""
    troubles = {8: LOST_AND_DONE, **dict.fromkeys(range(9, 20), CUT_SHORT)}
    lived, server = move(*SWAP, troubles, stopped=13, stopped_again=13)
    assert (states(lived)["create:b"], server.hostnames()) == ("failed interrupted", SWAP[1])
    assert [(item.hostname, item.uncertain) for item in lived.applied.unserved] == [(A, True)]
    assert lived.applied.writes_done == 4


def test_a_second_signal_while_a_refused_write_waits_for_its_next_attempt_leaves_it_failed() -> None:
    lived, server = move(*SWAP, {8: REFUSED}, stopped=9, stopped_again=9)
    assert (states(lived)["create:b"], unserved(lived)) == ("failed refused", [(A, "a", "delete:a")])
    assert server.hostnames() == {"a": B, "b": None}
