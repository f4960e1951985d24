"""Hostnames that pass between environments: swaps, rings and chains, and what becomes of them when a step fails."""

from __future__ import annotations

import pytest

from reconciler.emulator.switches import Switches
from reconciler.model.exit_codes import ExitCode

from .runs import (
    CHAIN,
    LOST,
    LOST_AND_DONE,
    REFUSED,
    REPLACE,
    RING,
    SWAP,
    A,
    B,
    C,
    X,
    code,
    move,
    play,
    restored,
    sent,
    states,
    unserved,
)
from .scenario import Meddling, Outage, Trouble
from .test_apply_model import lost


def test_a_ring_frees_each_hostname_right_before_it_is_taken() -> None:
    lived, server = move(*RING)
    assert sent(lived) == [
        "DELETE a",
        "DELETE b",
        f"POST a {B}",
        "DELETE c",
        f"POST b {C}",
        f"POST c {A}",
    ]
    assert server.hostnames() == RING[1]
    assert set(states(lived).values()) == {"done"}
    assert (code(lived), restored(lived), unserved(lived)) == ((ExitCode.OK, None), [], [])


def test_before_the_first_delete_every_other_environment_of_the_lane_is_read_once() -> None:
    lived, _ = play(*RING)
    assert lived.wire.paths[:5] == ["GET b", "GET c", "GET a", "DELETE a", "GET b"]
    lived, _ = play({"a": A, "b": None}, {"a": None, "b": A})
    assert lived.wire.paths == ["GET b", "GET a", "DELETE a", "GET b", "POST b", "TEST b"]


@pytest.mark.parametrize("changed", ["a", "b", "c"])
def test_a_ring_in_which_another_writer_changed_any_environment_is_not_begun(changed: str) -> None:
    lived, server = play(*RING, meddling={1: Meddling(changed, X)})
    assert (sent(lived), server.hostnames()) == ([], {**RING[0], changed: X})
    assert states(lived)[f"delete:{changed}"] == "failed changed"
    assert code(lived) == (ExitCode.REFUSED, "changed")


def test_a_move_whose_new_environment_is_taken_interrupts_nothing() -> None:
    lived, server = play({"a": A, "b": None}, {"a": None, "b": A}, meddling={1: Meddling("b", X)})
    assert states(lived) == {
        "delete:a": "skipped dependency",
        "create:b": "failed changed",
        "verify:b": "skipped dependency",
    }
    assert (sent(lived), server.hostnames()) == ([], {"a": A, "b": X})


@pytest.mark.parametrize("kind", ["503", "drop", "hang", "404", "html", "401"])
def test_a_move_whose_new_environment_cannot_be_read_interrupts_nothing(kind: str) -> None:
    lived, server = play({"a": A, "b": None}, {"a": None, "b": A}, dict.fromkeys(range(1, 9), Trouble(kind)))
    assert states(lived)["create:b"].startswith("failed")
    assert (sent(lived), server.hostnames()) == ([], {"a": A, "b": None})
    assert code(lived)[0] in {ExitCode.UNREACHABLE, ExitCode.CREDENTIALS}


def test_a_signal_while_the_environments_of_a_ring_are_read_writes_nothing() -> None:
    lived, server = play(*RING, stopped=1)
    assert (lived.wire.paths, server.hostnames()) == (["GET b", "GET a"], RING[0])
    assert set(states(lived).values()) == {"not_started interrupted"}


def test_in_a_swap_whose_second_delete_was_lost_and_did_not_happen_the_first_hostname_is_restored() -> None:
    lived, server = move(*SWAP, {4: LOST, **dict.fromkeys((5, 6, 7), LOST)})
    assert (states(lived)["delete:a"], states(lived)["delete:b"]) == ("done", "failed unknown")
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], SWAP[0])


def test_a_hostname_whose_move_may_have_been_done_is_uncertain() -> None:
    down = dict.fromkeys(range(5, 60), LOST)
    lived, server = move({"a": A, "b": None}, {"a": None, "b": A}, {4: LOST_AND_DONE, **down}, restore=False)
    assert server.hostnames() == {"a": None, "b": A}
    assert [(item.hostname, item.uncertain) for item in lived.applied.unserved] == [(A, True)]


@pytest.mark.parametrize("kind", ["drop", "503", "connect", "html", "429", "400", "404", "409", "422"])
@pytest.mark.parametrize(("hostnames", "writes"), [(SWAP, (8,)), (RING, (8, 10, 12))], ids=["swap", "ring"])
def test_a_write_whose_lane_cannot_go_back_is_tried_again(
    hostnames: tuple[dict[str, str], dict[str, str]], writes: tuple[int, ...], kind: str
) -> None:
    """The environment that had the hostname has its new one, so nothing can be restored. An API that refuses what it will
    accept in a moment costs no hostname either."""
    for moment in writes:
        lived, server = move(*hostnames, {moment: Trouble(kind)})
        assert (server.hostnames(), set(states(lived).values())) == (hostnames[1], {"done"})


@pytest.mark.parametrize("kind", ["503", "drop", "404", "connect", "401"])
@pytest.mark.parametrize("operation", ["GET", "DELETE"])
def test_a_ring_whose_reads_fail_after_its_first_create_waits_for_the_end_of_the_outage(
    kind: str, operation: str
) -> None:
    first = 7 if operation == "GET" else 8  # of the last delete
    lived, server = move(*RING, dict.fromkeys(range(first, first + 7), Trouble(kind)))
    assert (server.hostnames(), set(states(lived).values())) == (RING[1], {"done"})


@pytest.mark.parametrize("moment", [7, 8])
def test_one_read_that_is_refused_keeps_no_hostname_offline(moment: int) -> None:
    for kind in ("400", "401", "403", "402"):
        lived, server = move(*SWAP, {moment: Trouble(kind)})
        assert set(server.hostnames().values()) >= {B}, lived
        assert moment == 8 or server.hostnames() == SWAP[1]


def test_when_one_hostname_of_a_ring_is_refused_for_good_the_others_arrive() -> None:
    lived, server = move(*RING, refused_hostnames=frozenset({C}))
    assert server.hostnames() == {"a": B, "b": None, "c": A}
    assert unserved(lived) == [(C, "c", "delete:c")]
    assert {step: state for step, state in states(lived).items() if step.startswith("create")} == {
        "create:a": "done",
        "create:b": "failed refused",
        "create:c": "done",
    }


def test_a_ring_goes_on_after_a_create_that_turns_out_to_be_done() -> None:
    """Its failure was the only reason for sending no further delete."""
    lived, server = move(*RING, {6: LOST_AND_DONE, 7: Trouble("400")})
    assert (server.hostnames(), set(states(lived).values())) == (RING[1], {"done"})


@pytest.mark.parametrize("unread", [1, 3, 5])
@pytest.mark.parametrize("hostnames", [SWAP, RING, REPLACE], ids=["swap", "ring", "replace"])
def test_what_turns_out_to_be_done_is_done_also_where_nothing_is_to_be_restored(
    hostnames: tuple[dict[str, str], dict[str, str]], unread: int
) -> None:
    moment = 4 if hostnames is REPLACE else 6  # of the first create
    down = dict.fromkeys(range(moment + 1, moment + 1 + unread), LOST)
    lived, server = move(*hostnames, {moment: LOST_AND_DONE, **down}, restore=False)
    assert (server.hostnames(), set(states(lived).values())) == (hostnames[1], {"done"})


def test_a_hostname_that_cannot_go_back_is_not_sent_to_an_environment_that_is_not_empty() -> None:
    lived, server = move(*SWAP, {4: REFUSED}, outages=(Outage("create", Trouble("400")),))
    assert server.hostnames() == {"a": None, "b": B}
    assert (states(lived)["create:b"], unserved(lived)) == ("skipped dependency", [(A, "a", "delete:a")])


def test_a_place_where_a_restore_may_have_been_done_is_not_taken_without_a_read_that_works() -> None:
    refused, down = dict.fromkeys(range(10, 25, 2), REFUSED), dict.fromkeys(range(27, 900), LOST)
    lived, server = move(*RING, {**refused, 26: LOST_AND_DONE, **down})
    assert (sent(lived)[-1], server.hostnames()) == (f"POST c {C}", {"a": B, "b": None, "c": C})


def test_a_hostname_that_a_delete_of_unknown_outcome_left_in_its_place_is_not_sent_elsewhere() -> None:
    hangs = dict.fromkeys((4, 5), Trouble("hang"))
    lived, server = move({"a": A, "b": B}, {"a": None, "b": A}, hangs, restore=False)
    assert (sent(lived), server.hostnames()) == (["DELETE b", "DELETE a"], {"a": A, "b": None})
    assert states(lived)["delete:a"] == "failed unknown"


def test_all_attempts_of_a_write_share_one_step_timeout() -> None:
    down = dict.fromkeys(range(8, 999), Trouble("connect"))
    lived, server = move(*SWAP, down)
    assert states(lived)["create:b"].startswith("failed")
    assert 100 < server.clock.elapsed < 125


def test_when_a_swap_fails_both_get_back_what_they_had() -> None:
    lived, server = move(*SWAP, {6: REFUSED})
    assert sent(lived) == ["DELETE a", "DELETE b", f"POST a {B}", f"POST a {A}", f"POST b {B}"]
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A), ("b", B)], [], SWAP[0])
    assert states(lived) == {
        "delete:a": "done",
        "delete:b": "done",
        "create:a": "failed refused",
        "create:b": "skipped dependency",
        "verify:a": "skipped dependency",
        "verify:b": "skipped dependency",
    }


def test_every_step_that_was_skipped_names_the_one_that_failed() -> None:
    lived, _ = move(*SWAP, {6: REFUSED})
    told = {name: result.error.message for name, result in lived.applied.results.items() if result.error}
    assert told["create:b"] == told["verify:a"] == "`create a` was not done"
    assert told["verify:b"] == "`create b` was not done"


def test_all_hostnames_are_restored_before_any_is_verified() -> None:
    lived, _ = move(*SWAP, {6: REFUSED})
    assert lived.wire.paths[-6:] == ["GET a", "POST a", "GET b", "POST b", "TEST a", "TEST b"]


def test_a_ring_that_fails_in_the_middle_keeps_arrived_hostnames_and_restores_the_others() -> None:
    """b's hostname is served by a now, so b has nothing to get back; c's goes back to c, and a's has lost its place."""
    lived, server = move(*RING, dict.fromkeys(range(10, 25, 2), REFUSED))
    assert server.hostnames() == {"a": B, "b": None, "c": C}
    assert (restored(lived), unserved(lived)) == ([("c", C)], [(A, "a", "delete:a")])
    assert states(lived)["verify:a"] == "done"


@pytest.mark.parametrize("lag", [0, 1, 3])
@pytest.mark.parametrize("unread", [1, 3, 6])
def test_a_move_of_unknown_outcome_that_was_done_is_done(lag: int, unread: int) -> None:
    down = dict.fromkeys(range(5, 5 + unread), LOST)
    lived, server = move({"a": A, "b": None}, {"a": None, "b": A}, {4: LOST_AND_DONE, **down}, lag=lag)
    assert (server.hostnames(), set(states(lived).values())) == ({"a": None, "b": A}, {"done"})
    assert (restored(lived), unserved(lived)) == ([], [])


@pytest.mark.parametrize("restore", [True, False])
@pytest.mark.parametrize("kind", ["409", "html"])
@pytest.mark.parametrize("hostnames", [SWAP, RING, CHAIN, REPLACE], ids=["swap", "ring", "chain", "replace"])
def test_what_serves_no_traffic_after_an_outage_is_reported_whatever_lagging_reads_show(
    hostnames: tuple[dict[str, str], dict[str, str]], kind: str, restore: bool
) -> None:
    for first in range(2, 12):
        lived, server = move(*hostnames, dict.fromkeys(range(first, first + 8), Trouble(kind)), lag=1, restore=restore)
        assert {(hostname, name) for hostname, name, _ in unserved(lived)} >= lost(lived, server)


@pytest.mark.parametrize("late", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("kind", ["400", "403", "drop", "503"])
def test_a_delete_that_is_carried_out_late_is_not_sent_again_before(kind: str, late: int) -> None:
    """After a second delete and the create, the first one would remove the new custom domain."""
    lived, server = move(*RING, {8: Trouble("timeout", acts=True, late=late), 9: Trouble(kind)})
    assert sent(lived).count("DELETE c") == 1
    assert (server.hostnames(), set(states(lived).values())) == (RING[1], {"done"})


def test_a_restore_that_meets_a_conflict_looks_for_its_hostname_in_the_new_place() -> None:
    lived, server = move({"a": A, "b": None}, {"a": None, "b": A}, {4: Trouble("422", acts=True)})
    assert (server.hostnames(), set(states(lived).values())) == ({"a": None, "b": A}, {"done"})
    assert (restored(lived), unserved(lived)) == ([], [])


def test_a_404_without_the_words_of_the_api_does_not_settle_a_create_of_unknown_outcome() -> None:
    """With hangs, the time of the step ends before another read."""
    troubles = {8: Trouble("hang", acts=True), 9: LOST, 10: LOST, 11: Trouble("hang"), 12: Trouble("404")}
    lived, server = move(*SWAP, troubles)
    assert (server.hostnames(), set(states(lived).values())) == (SWAP[1], {"done"})


@pytest.mark.parametrize("unread", [1, 3, 6])
def test_a_chain_goes_on_after_a_move_of_unknown_outcome_that_was_done(unread: int) -> None:
    """In `b`, whose own hostname has moved on: nothing is to be restored there."""
    wants = {"a": X, "b": A, "c": B}
    down = dict.fromkeys(range(9, 9 + unread), LOST)
    lived, server = move({"a": A, "b": B, "c": None}, wants, {8: LOST_AND_DONE, **down})
    assert (server.hostnames(), set(states(lived).values())) == (wants, {"done"})


def test_an_environment_that_wanted_nothing_gets_its_hostname_back_when_the_taker_fails() -> None:
    lived, server = move({"a": None, "b": B}, {"a": B, "b": None}, {4: REFUSED})
    assert (restored(lived), server.hostnames()) == ([("b", B)], {"a": None, "b": B})


def test_a_deleted_domain_that_shows_for_a_while_delays_what_follows_and_nothing_more() -> None:
    lived, server = move(*SWAP, switches=Switches(delete_seconds=3.0))
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, SWAP[1])
    assert restored(lived) == []


def test_a_hostname_that_is_still_taken_for_a_while_after_its_delete_is_waited_for() -> None:
    lived, server = move({"a": None, "b": B}, {"a": B, "b": None}, switches=Switches(delete_seconds=3.0))
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, {"a": B, "b": None})


@pytest.mark.parametrize(
    ("more", "restored_"),
    [
        pytest.param({"restore": False}, [], id="without restores"),
        pytest.param({"refused_hostnames": frozenset({A})}, [], id="with a refused restore"),
        pytest.param({}, [("a", A)], id="with a restore"),
    ],
)
def test_a_hostname_is_unserved_though_another_environment_has_the_one_that_should_replace_it(
    more: dict[str, object], restored_: list[tuple[str, str]]
) -> None:
    """The delete in `b` is refused, so `b` still has what `a` should have, and `a` has nothing."""
    lived, server = move(*CHAIN, {4: REFUSED}, **more)  # type: ignore[arg-type]
    assert states(lived)["delete:b"] == "failed refused"
    assert restored(lived) == restored_
    assert unserved(lived) == ([] if restored_ else [(A, "a", "delete:a")])
    assert server.hostnames() == {"a": A if restored_ else None, "b": B}


def test_reads_that_lag_behind_the_writes_of_the_run_change_nothing() -> None:
    lived, server = move(*SWAP, lag=3)
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, SWAP[1])
    assert (unserved(lived), restored(lived)) == ([], [])
