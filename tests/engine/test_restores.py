"""What is put back when the create after a delete fails."""

from __future__ import annotations

import pytest

from reconciler.emulator.switches import Switches
from reconciler.model.exit_codes import ExitCode
from reconciler.model.report import RestoreFailure, StepError

from .runs import (
    CHAIN,
    CUT_SHORT,
    LOST,
    LOST_AND_DONE,
    REFUSED,
    REPLACE,
    A,
    X,
    code,
    play,
    restored,
    sent,
    states,
    unserved,
)
from .scenario import Outage, Trouble


def test_apply_restores_the_old_hostname_when_the_create_is_refused() -> None:
    lived, server = play(*REPLACE, {4: REFUSED})
    assert states(lived) == {
        "delete:a": "done",
        "create:a": "failed refused",
        "verify:a": "skipped dependency",
    }
    assert restored(lived) == [("a", A)]
    assert (unserved(lived), server.hostnames(), code(lived)) == ([], {"a": A}, (ExitCode.PARTIAL, "refused"))
    assert lived.applied.results["verify:a"].error == StepError(
        "dependency",
        "`create a` was not done",
        hint="fix the error above, then run apply again",
    )


def test_a_restored_hostname_is_verified() -> None:
    lived, server = play(*REPLACE, {4: REFUSED})
    with server.world.reading() as state:
        claim = state.environments[server.ids["a"]].claim
    assert claim is not None
    assert claim.domain.ready
    assert lived.applied.restored[0].domain.status == "PENDING"


def test_apply_restores_nothing_with_leave() -> None:
    lived, server = play(*REPLACE, {4: REFUSED}, restore=False)
    assert sent(lived) == ["DELETE a", f"POST a {X}"]
    assert (restored(lived), unserved(lived)) == ([], [(A, "a", "delete:a")])
    assert (server.hostnames(), code(lived)) == ({"a": None}, (ExitCode.PARTIAL, "refused"))


@pytest.mark.parametrize("kind", ["drop", "503", "connect", "429", "html", "400", "404", "409", "422"])
def test_a_restore_that_fails_once_is_tried_again(kind: str) -> None:
    trouble = Trouble(kind)
    lived, server = play(*REPLACE, {4: REFUSED, 6: trouble})
    assert (restored(lived), server.hostnames()) == ([("a", A)], {"a": A})


def test_a_failed_verify_does_not_undo_a_restore() -> None:
    lived, server = play(*REPLACE, {4: REFUSED, 7: REFUSED})
    assert (restored(lived), server.hostnames()) == ([("a", A)], {"a": A})
    assert lived.wire.paths[-2:] == ["POST a", "TEST a"]


def test_a_restore_waits_until_reads_no_longer_show_the_deleted_domain() -> None:
    lived, server = play(*REPLACE, refused_hostnames=frozenset({X}), switches=Switches(delete_seconds=2.0))
    assert (restored(lived), server.hostnames()) == ([("a", A)], {"a": A})


def test_a_restore_that_reads_show_later_has_succeeded() -> None:
    lived, server = play(*REPLACE, {4: REFUSED, 6: LOST_AND_DONE, **dict.fromkeys((7, 8, 9), LOST)})
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], {"a": A})
    assert lived.applied.writes_done == 2


def test_a_domain_whose_lost_delete_did_not_happen_is_not_restored() -> None:
    lived, server = play(*REPLACE, {2: LOST, **dict.fromkeys((3, 4, 5), LOST)})
    assert states(lived)["delete:a"] == "failed unknown"
    assert (restored(lived), unserved(lived), server.hostnames()) == ([], [], {"a": A})


def test_a_create_that_shows_only_when_the_old_hostname_is_to_be_restored_is_done_and_the_lane_goes_on() -> None:
    lived, server = play(*REPLACE, {4: LOST_AND_DONE, **dict.fromkeys((5, 6, 7), LOST)})
    assert set(states(lived).values()) == {"done"}
    assert (restored(lived), unserved(lived), server.hostnames()) == ([], [], {"a": X})
    assert lived.applied.writes_done == 2


@pytest.mark.parametrize("kind", ["400", "404", "503"])
def test_after_a_create_of_unknown_outcome_nothing_is_restored_without_a_read_that_works(kind: str) -> None:
    lived, server = play(*REPLACE, {4: LOST_AND_DONE, **dict.fromkeys((5, 6, 7), LOST), 8: Trouble(kind)})
    assert (sent(lived), server.hostnames()) == (["DELETE a", f"POST a {X}"], {"a": X})


def test_a_hostname_that_cannot_be_restored_is_unserved() -> None:
    lived, server = play(*REPLACE, refused_hostnames=frozenset({X, A}))
    assert sent(lived) == ["DELETE a", f"POST a {X}", *[f"POST a {A}"] * 7]
    assert (restored(lived), unserved(lived)) == ([], [(A, "a", "delete:a")])
    assert server.hostnames() == {"a": None}


def test_a_restore_that_reads_show_not_done_has_as_many_attempts_as_any_call() -> None:
    lived, _ = play(*REPLACE, {4: REFUSED}, outages=(Outage("create", CUT_SHORT, 5),))
    assert unserved(lived) == [(A, "a", "delete:a")]
    assert sent(lived).count(f"POST a {A}") == 1 + 2


@pytest.mark.parametrize("kind", ["401", "402", "403", "423", "425"])
def test_a_restore_survives_a_moment_in_which_the_key_is_refused(kind: str) -> None:
    lived, server = play(*REPLACE, dict.fromkeys(range(3, 7), Trouble(kind)))
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], {"a": A})


@pytest.mark.parametrize("kind", ["401", "402", "403"])
def test_a_restore_outlasts_a_moment_in_which_everything_is_refused(kind: str) -> None:
    lived, server = play(*REPLACE, dict.fromkeys(range(3, 17), Trouble(kind)))
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], {"a": A})
    assert server.clock.elapsed < 40
    lived, _ = play(*REPLACE, dict.fromkeys(range(3, 99), Trouble(kind)))
    assert unserved(lived) == [(A, "a", "delete:a")]
    assert len(lived.wire.paths) < 20


def test_a_restore_waits_for_the_end_of_an_outage_within_its_step_timeout() -> None:
    """While nothing can be read, its first attempt may have been done, so it is not sent again."""
    lived, server = play(*REPLACE, {4: REFUSED, **dict.fromkeys(range(6, 30), CUT_SHORT)})
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], {"a": A})
    assert sent(lived) == ["DELETE a", f"POST a {X}", f"POST a {A}", f"POST a {A}"]
    lived, _ = play(*REPLACE, {4: REFUSED, **dict.fromkeys(range(6, 2000), CUT_SHORT)})
    assert unserved(lived) == [(A, "a", "delete:a")]


def test_a_delete_with_an_unknown_outcome_is_followed_by_a_restore() -> None:
    unread = dict.fromkeys((3, 4, 5), LOST)
    lived, server = play(*REPLACE, {2: LOST_AND_DONE, **unread})
    assert states(lived) == {
        "delete:a": "failed unknown",
        "create:a": "skipped dependency",
        "verify:a": "skipped dependency",
    }
    assert (restored(lived), server.hostnames(), code(lived)) == ([("a", A)], {"a": A}, (ExitCode.PARTIAL, "unknown"))


def test_a_restore_of_unknown_outcome_that_shows_late_is_not_sent_again() -> None:
    lived, server = play(*REPLACE, {5: REFUSED, 7: LOST_AND_DONE, 8: Trouble("400")}, lag=1)
    assert (sent(lived), server.hostnames()) == (["DELETE a", f"POST a {X}", f"POST a {A}"], REPLACE[0])
    assert (restored(lived), unserved(lived)) == ([("a", A)], [])


def test_reads_that_lag_behind_a_restore_change_nothing() -> None:
    lived, server = play(*REPLACE, refused_hostnames=frozenset({X}), lag=3)
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], {"a": A})


def test_a_create_that_arrives_after_all_reads_of_it_is_done_when_the_restore_meets_it() -> None:
    """The write arrives eight requests after its answer was lost: six re-reads do not show it."""
    lived, server = play(*REPLACE, {4: Trouble("timeout", acts=True, late=7)})
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, {"a": X})
    assert (restored(lived), unserved(lived)) == ([], [])
    assert sent(lived) == ["DELETE a", f"POST a {X}"]


def test_a_restore_whose_outcome_is_unknown_says_so_though_the_last_read_was_refused() -> None:
    lived, server = play(*REPLACE, {4: REFUSED, 6: LOST_AND_DONE, **dict.fromkeys(range(7, 40), Trouble("400"))})
    (failure,) = lived.applied.restores
    assert isinstance(failure, RestoreFailure)
    assert failure.error.kind == "unknown"
    assert (unserved(lived), server.hostnames()) == ([(A, "a", "delete:a")], {"a": A})


def test_a_restore_that_may_have_been_done_is_not_called_failed_because_of_a_conflict_and_a_lagging_read() -> None:
    """The conflict is with the restore itself, and the time of the step ends before reads show it."""
    for requests in range(18, 27):
        down = dict.fromkeys(range(4, 4 + requests), Trouble("404", acts=True))
        lived, server = play(*CHAIN, down, lag=3)
        assert server.hostnames()["a"] == A
        assert [item for item in lived.applied.unserved if not item.uncertain] == []
