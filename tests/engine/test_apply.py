"""A run of a plan: what follows what, what is put back, what is told. Each case is one life of a small organization."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from conclusions import of_apply

from reconciler.emulator.switches import Switches
from reconciler.model.domains import Present, Unreadable, domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.ledger import Ledger
from reconciler.model.report import RestoreFailure, StepError

from .scenario import (
    MISTAKEN_PIN,
    OUTSIDER,
    Lived,
    Meddling,
    Organization,
    Outage,
    Round,
    Scenario,
    Trouble,
    live_through,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

A, B, C, X, Y = (f"{letter}.example.com" for letter in "abcxy")
REFUSED = Trouble("422")
LOST, LOST_AND_DONE = Trouble("drop"), Trouble("drop", acts=True)
CUT_SHORT = Trouble("503")


def play(
    holds: Mapping[str, str | None],
    wants: Mapping[str, str | None],
    troubles: Mapping[int, Trouble] | None = None,
    *,
    switches: Switches | None = None,
    parallelism: int = 1,
    ready: bool = True,
    lag: int = 0,
    **more: object,
) -> tuple[Lived, Organization]:
    """One apply, with what happens at which request."""
    round_ = Round(wants, troubles or {}, **more)  # type: ignore[arg-type]
    scenario = Scenario(
        holds=holds,
        ready=ready,
        outsider=None,
        pinned=frozenset(),
        one_key=False,
        switches=switches or Switches(),
        parallelism=parallelism,
        yields=(1,) if parallelism > 1 else (0,),
        rounds=(round_,),
        lag=lag,
    )
    server = Organization(scenario)
    return lived_through(scenario, server, round_), server


def lived_through(scenario: Scenario, server: Organization, round_: Round) -> Lived:
    lived = asyncio.run(live_through(scenario, server, round_))
    assert isinstance(lived, Lived)
    return lived


def states(lived: Lived) -> dict[str, str]:
    """The end of every step, with the kind of its error."""
    return {
        step.id: result.state + (f" {result.error.kind}" if result.error else "")
        for step in lived.plan.steps
        for result in [lived.applied.results[step.id]]
    }


def sent(lived: Lived) -> list[str]:
    """The writes in order, without the checks."""
    return [f"{item.method} {item.environment} {item.hostname or ''}".strip() for item in lived.wire.sent]


def restored(lived: Lived) -> list[tuple[str, str]]:
    return [(item.environment, item.hostname) for item in lived.applied.restored]


def unserved(lived: Lived) -> list[tuple[str, str, str]]:
    return [(item.hostname, item.environment, item.since) for item in lived.applied.unserved]


def code(lived: Lived) -> tuple[ExitCode, str | None]:
    return of_apply(lived.plan, lived.applied)


SWAP = ({"a": A, "b": B}, {"a": B, "b": A})
RING = ({"a": A, "b": B, "c": C}, {"a": B, "b": C, "c": A})
REPLACE = ({"a": A}, {"a": X})


def test_a_ring_frees_each_hostname_right_before_it_is_taken() -> None:
    lived, server = play(*RING)
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


def test_independent_environments_run_side_by_side_and_a_ring_does_not() -> None:
    names = "abcd"
    apart, server = play(
        {name: f"{name}.example.com" for name in names},
        {name: f"new-{name}.example.com" for name in names},
        parallelism=3,
    )
    assert apart.wire.most_in_flight == 3
    assert server.hostnames() == {name: f"new-{name}.example.com" for name in names}
    assert play(*RING, parallelism=3)[0].wire.most_in_flight == 1


def test_one_read_lies_between_a_delete_and_its_create() -> None:
    """In a replace the gap is one look and one create; nothing else is sent meanwhile, by no other environment's lane either."""
    lived, _ = play(*REPLACE)
    assert lived.wire.moment == 5  # read, delete, read, create, verify


def test_results_contain_domains_and_the_run_contains_live_and_the_number_of_writes() -> None:
    lived, server = play(*SWAP)
    for name in ("a", "b"):
        made, verified = lived.applied.results[f"create:{name}"].domain, lived.applied.results[f"verify:{name}"].domain
        assert made is not None
        assert verified is not None
        assert (made.status, verified.status) == ("PENDING", "CONNECTED")
        assert server.held(name) == (made.hostname, made.id)
        assert domain_of(lived.applied.live[name]) == verified
    assert lived.applied.writes_done == 4


def test_a_verify_right_after_its_create_is_read_first_only_where_the_response_is_not_the_created_domain() -> None:
    lived, server = play({"a": None}, {"a": X})
    assert lived.wire.paths == ["GET a", "POST a", "TEST a"]
    lived, server = play({"a": None}, {"a": X}, lag=2)
    assert (states(lived)["verify:a"], server.hostnames()) == ("done", {"a": X})
    lived, server = play({"a": None}, {"a": X}, {3: Trouble("404")})
    assert lived.wire.paths == ["GET a", "POST a", "TEST a", "GET a", "TEST a"]
    assert states(lived)["verify:a"] == "done"
    lived, server = play({"a": None}, {"a": X}, meddling={3: Meddling("a", Y)})
    assert lived.wire.paths == ["GET a", "POST a", "TEST a", "GET a"]
    assert (states(lived)["verify:a"], server.hostnames()) == ("failed changed", {"a": Y})


def test_a_failed_verify_step_undoes_nothing() -> None:
    lived, server = play(*REPLACE, {5: REFUSED})
    assert states(lived) == {"delete:a": "done", "create:a": "done", "verify:a": "failed refused"}
    assert (server.hostnames(), code(lived)) == ({"a": X}, (ExitCode.PARTIAL, "refused"))


def test_a_refused_delete_is_the_end_of_its_lane() -> None:
    lived, server = play(*REPLACE, {2: REFUSED})
    assert lived.wire.paths == ["GET a", "DELETE a"]
    assert (server.hostnames(), code(lived)) == ({"a": A}, (ExitCode.ERROR, "refused"))


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


@pytest.mark.parametrize("trouble", [LOST, CUT_SHORT, Trouble("connect"), Trouble("429"), Trouble("html")], ids=str)
def test_a_restore_is_retried_after_transient_errors(trouble: Trouble) -> None:
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


def test_in_a_swap_whose_second_delete_was_lost_and_did_not_happen_the_first_hostname_is_restored() -> None:
    lived, server = play(*SWAP, {4: LOST, **dict.fromkeys((5, 6, 7), LOST)})
    assert (states(lived)["delete:a"], states(lived)["delete:b"]) == ("done", "failed unknown")
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], SWAP[0])


def test_a_create_that_shows_only_when_the_old_hostname_is_to_be_restored_is_done_and_the_lane_goes_on() -> None:
    lived, server = play(*REPLACE, {4: LOST_AND_DONE, **dict.fromkeys((5, 6, 7), LOST)})
    assert set(states(lived).values()) == {"done"}
    assert (restored(lived), unserved(lived), server.hostnames()) == ([], [], {"a": X})
    assert lived.applied.writes_done == 2


def test_a_hostname_whose_move_may_have_been_done_is_uncertain() -> None:
    down = dict.fromkeys(range(5, 60), LOST)
    lived, server = play({"a": A, "b": None}, {"a": None, "b": A}, {4: LOST_AND_DONE, **down}, restore=False)
    assert server.hostnames() == {"a": None, "b": A}
    assert [(item.hostname, item.uncertain) for item in lived.applied.unserved] == [(A, True)]


RING = ({"a": A, "b": B, "c": C}, {"a": B, "b": C, "c": A})


@pytest.mark.parametrize("trouble", [LOST, CUT_SHORT, Trouble("connect"), Trouble("html"), Trouble("429")], ids=str)
@pytest.mark.parametrize(("hostnames", "writes"), [(SWAP, (8,)), (RING, (8, 10, 12))], ids=["swap", "ring"])
def test_a_write_whose_lane_cannot_go_back_is_tried_again(
    hostnames: tuple[dict[str, str], dict[str, str]], writes: tuple[int, ...], trouble: Trouble
) -> None:
    """The environment that had the hostname has its new one, so nothing can be restored."""
    for moment in writes:
        lived, server = play(*hostnames, {moment: trouble})
        assert (server.hostnames(), set(states(lived).values())) == (hostnames[1], {"done"})


@pytest.mark.parametrize("kind", ["503", "drop", "404", "connect", "401"])
@pytest.mark.parametrize("operation", ["GET", "DELETE"])
def test_a_ring_whose_reads_fail_after_its_first_create_waits_for_the_end_of_the_outage(
    kind: str, operation: str
) -> None:
    first = 7 if operation == "GET" else 8  # of the last delete
    lived, server = play(*RING, dict.fromkeys(range(first, first + 7), Trouble(kind)))
    assert (server.hostnames(), set(states(lived).values())) == (RING[1], {"done"})


@pytest.mark.parametrize("moment", [7, 8])
def test_one_read_that_is_refused_keeps_no_hostname_offline(moment: int) -> None:
    for kind in ("400", "401", "403", "402"):
        lived, server = play(*SWAP, {moment: Trouble(kind)})
        assert set(server.hostnames().values()) >= {B}, lived
        assert moment == 8 or server.hostnames() == SWAP[1]


def test_when_one_hostname_of_a_ring_is_refused_for_good_the_others_arrive() -> None:
    lived, server = play(*RING, refused_hostnames=frozenset({C}))
    assert server.hostnames() == {"a": B, "b": None, "c": A}
    assert unserved(lived) == [(C, "c", "delete:c")]
    assert {step: state for step, state in states(lived).items() if step.startswith("create")} == {
        "create:a": "done",
        "create:b": "failed refused",
        "create:c": "done",
    }


def test_a_ring_goes_on_after_a_create_that_turns_out_to_be_done() -> None:
    """Its failure was the only reason for sending no further delete."""
    lived, server = play(*RING, {6: LOST_AND_DONE, 7: Trouble("400")})
    assert (server.hostnames(), set(states(lived).values())) == (RING[1], {"done"})


@pytest.mark.parametrize("unread", [1, 3, 5])
@pytest.mark.parametrize("hostnames", [SWAP, RING, REPLACE], ids=["swap", "ring", "replace"])
def test_what_turns_out_to_be_done_is_done_also_where_nothing_is_to_be_restored(
    hostnames: tuple[dict[str, str], dict[str, str]], unread: int
) -> None:
    moment = 4 if hostnames is REPLACE else 6  # of the first create
    down = dict.fromkeys(range(moment + 1, moment + 1 + unread), LOST)
    lived, server = play(*hostnames, {moment: LOST_AND_DONE, **down}, restore=False)
    assert (server.hostnames(), set(states(lived).values())) == (hostnames[1], {"done"})


def test_a_hostname_that_cannot_go_back_is_not_sent_to_an_environment_that_is_not_empty() -> None:
    lived, server = play(*SWAP, {4: REFUSED}, outages=(Outage("create", Trouble("400")),))
    assert server.hostnames() == {"a": None, "b": B}
    assert (states(lived)["create:b"], unserved(lived)) == ("skipped dependency", [(A, "a", "delete:a")])


def test_after_a_create_of_unknown_outcome_nothing_is_restored_without_a_read_that_works() -> None:
    lived, server = play(*REPLACE, {4: LOST_AND_DONE, **dict.fromkeys((5, 6, 7), LOST), 8: Trouble("400")})
    assert (sent(lived), server.hostnames()) == (["DELETE a", f"POST a {X}"], {"a": X})


def test_a_place_where_a_restore_may_have_been_done_is_not_taken_without_a_read_that_works() -> None:
    down = dict.fromkeys(range(13, 900), LOST)
    lived, server = play(*RING, {10: REFUSED, 12: LOST_AND_DONE, **down})
    assert (sent(lived)[-1], server.hostnames()) == (f"POST c {C}", {"a": B, "b": None, "c": C})


def test_a_hostname_that_a_delete_of_unknown_outcome_left_in_its_place_is_not_sent_elsewhere() -> None:
    hangs = dict.fromkeys((4, 5), Trouble("hang"))
    lived, server = play({"a": A, "b": B}, {"a": None, "b": A}, hangs, restore=False)
    assert (sent(lived), server.hostnames()) == (["DELETE b", "DELETE a"], {"a": A, "b": None})
    assert states(lived)["delete:a"] == "failed unknown"


def test_all_attempts_of_a_write_share_one_step_timeout() -> None:
    down = dict.fromkeys(range(8, 999), Trouble("connect"))
    lived, server = play(*SWAP, down)
    assert states(lived)["create:b"].startswith("failed")
    assert 100 < server.clock.elapsed < 125


def test_a_delete_that_is_tried_again_is_not_sent_after_a_systemic_failure_elsewhere() -> None:
    hostnames = {name: f"{name}.example.com" for name in "abcdef"}
    ring = {"b": hostnames["c"], "c": hostnames["d"], "d": hostnames["b"]}
    replaced = {name: f"new-{name}.example.com" for name in "aef"}
    # 20 is the delete of `d`, whose hostname must go to `c`; 23 the create of `f`.
    lived, _ = play(hostnames, ring | replaced, {20: CUT_SHORT, 23: Trouble("402")}, parallelism=2)
    assert states(lived)["create:f"] == "failed payment_required"
    assert sent(lived).count("DELETE d") == 1


def test_unserved_lists_only_the_lost_hostname_of_many() -> None:
    """`a` is replaced, `b` keeps its hostname, `c` cannot get any."""
    lived, _ = play(
        {"a": A, "b": B, "c": C}, {"a": X, "b": Y, "c": "z.example.com"}, {9: REFUSED, 16: REFUSED, 18: REFUSED}
    )
    assert states(lived)["create:a"] == "done"
    assert restored(lived) == [("b", B)]
    assert unserved(lived) == [(C, "c", "delete:c")]


def test_a_hostname_that_cannot_be_restored_is_unserved() -> None:
    lived, server = play(*REPLACE, {4: REFUSED, 6: REFUSED})
    assert sent(lived) == ["DELETE a", f"POST a {X}", f"POST a {A}"]
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


@pytest.mark.parametrize("requests", [6, 20, 40])
def test_what_waited_for_the_end_of_an_outage_has_all_its_retries_left(requests: int) -> None:
    """One more request fails, at any moment after the outage."""
    end = 3 + requests
    for moment in range(end, end + 14):
        _, server = play(*REPLACE, {**dict.fromkeys(range(3, end), CUT_SHORT), moment: CUT_SHORT})
        assert server.hostnames()["a"] is not None, moment


def test_when_a_swap_fails_both_get_back_what_they_had() -> None:
    lived, server = play(*SWAP, {6: REFUSED})
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
    lived, _ = play(*SWAP, {6: REFUSED})
    told = {name: result.error.message for name, result in lived.applied.results.items() if result.error}
    assert told["create:b"] == told["verify:a"] == "`create a` was not done"
    assert told["verify:b"] == "`create b` was not done"


def test_all_hostnames_are_restored_before_any_is_verified() -> None:
    lived, _ = play(*SWAP, {6: REFUSED})
    assert lived.wire.paths[-6:] == ["GET a", "POST a", "GET b", "POST b", "TEST a", "TEST b"]


def test_a_ring_that_fails_in_the_middle_keeps_arrived_hostnames_and_restores_the_others() -> None:
    """b's hostname is served by a now, so b has nothing to get back; c's goes back to c, and a's has lost its place."""
    lived, server = play(*RING, {10: REFUSED})
    assert server.hostnames() == {"a": B, "b": None, "c": C}
    assert (restored(lived), unserved(lived)) == ([("c", C)], [(A, "a", "delete:a")])
    assert states(lived)["verify:a"] == "done"


@pytest.mark.parametrize("lag", [0, 1, 3])
@pytest.mark.parametrize("unread", [1, 3, 6])
def test_a_move_of_unknown_outcome_that_was_done_is_done(lag: int, unread: int) -> None:
    down = dict.fromkeys(range(5, 5 + unread), LOST)
    lived, server = play({"a": A, "b": None}, {"a": None, "b": A}, {4: LOST_AND_DONE, **down}, lag=lag)
    assert (server.hostnames(), set(states(lived).values())) == ({"a": None, "b": A}, {"done"})
    assert (restored(lived), unserved(lived)) == ([], [])


@pytest.mark.parametrize("unread", [1, 3, 6])
def test_a_chain_goes_on_after_a_move_of_unknown_outcome_that_was_done(unread: int) -> None:
    """In `b`, whose own hostname has moved on: nothing is to be restored there."""
    wants = {"a": X, "b": A, "c": B}
    down = dict.fromkeys(range(9, 9 + unread), LOST)
    lived, server = play({"a": A, "b": B, "c": None}, wants, {8: LOST_AND_DONE, **down})
    assert (server.hostnames(), set(states(lived).values())) == (wants, {"done"})


def test_an_environment_that_wanted_nothing_gets_its_hostname_back_when_the_taker_fails() -> None:
    lived, server = play({"a": None, "b": B}, {"a": B, "b": None}, {4: REFUSED})
    assert (restored(lived), server.hostnames()) == ([("b", B)], {"a": None, "b": B})


def test_a_delete_with_an_unknown_outcome_is_followed_by_a_restore() -> None:
    unread = dict.fromkeys((3, 4, 5), LOST)
    lived, server = play(*REPLACE, {2: LOST_AND_DONE, **unread})
    assert states(lived) == {
        "delete:a": "failed unknown",
        "create:a": "skipped dependency",
        "verify:a": "skipped dependency",
    }
    assert (restored(lived), server.hostnames(), code(lived)) == ([("a", A)], {"a": A}, (ExitCode.PARTIAL, "unknown"))


def test_a_delete_that_nothing_should_follow_is_not_undone() -> None:
    lived, server = play({"a": A}, {"a": None}, {2: LOST_AND_DONE, **dict.fromkeys((3, 4, 5), LOST)})
    assert (states(lived), server.hostnames()) == ({"delete:a": "failed unknown"}, {"a": None})
    assert (restored(lived), unserved(lived)) == ([], [])


def test_a_failed_lane_does_not_stop_the_others() -> None:
    lived, server = play({"a": A, "b": B}, {"a": X, "b": Y}, {4: REFUSED})
    assert server.hostnames() == {"a": A, "b": Y}
    assert states(lived)["verify:b"] == "done"


def test_a_lost_answer_is_read_back_and_counts_as_done() -> None:
    lived, server = play(*REPLACE, {2: LOST_AND_DONE, 5: LOST_AND_DONE})
    assert sent(lived) == ["DELETE a", f"POST a {X}"]
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, {"a": X})
    assert lived.applied.writes_done == 2


def test_a_deleted_domain_that_shows_for_a_while_delays_what_follows_and_nothing_more() -> None:
    lived, server = play(*SWAP, switches=Switches(delete_seconds=3.0))
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, SWAP[1])
    assert restored(lived) == []


def test_a_hostname_that_is_still_taken_for_a_while_after_its_delete_is_waited_for() -> None:
    lived, server = play({"a": None, "b": B}, {"a": B, "b": None}, switches=Switches(delete_seconds=3.0))
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, {"a": B, "b": None})


def test_a_conflict_about_a_hostname_that_the_run_did_not_free_fails_at_once() -> None:
    lived, _ = play({"a": None}, {"a": X}, {2: Trouble("409")})
    assert lived.wire.paths == ["GET a", "POST a", "GET a"]
    assert states(lived)["create:a"] == "failed conflict"


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
    lived, server = play(*RING, stopped=2)
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


def mistaken(
    holds: Mapping[str, str | None], wants: Mapping[str, str | None], *, lag: int = 0, **more: object
) -> tuple[Lived, Organization]:
    """Like `play`, but the pin of `a` is not the Environment that its key opens."""
    round_ = Round(wants, **more)  # type: ignore[arg-type]
    scenario = Scenario(holds, True, None, frozenset(), False, Switches(), 1, (0,), (round_,), lag, mistaken="a")
    server = Organization(scenario)
    return lived_through(scenario, server, round_), server


def test_a_first_create_in_the_wrong_environment_is_undone_and_ends_the_run() -> None:
    lived, server = mistaken({"a": None, "b": None}, {"a": X, "b": Y})
    assert sent(lived) == [f"POST a {X}", "DELETE a"]
    assert server.hostnames() == {"a": None, "b": None}
    assert states(lived) == {
        "create:a": "failed wrong_environment",
        "verify:a": "skipped dependency",
        "create:b": "not_started stopped",
        "verify:b": "not_started stopped",
    }
    assert lived.applied.results["create:a"].error == StepError(
        "wrong_environment",
        f"the key of `a` opens Environment {server.ids['a']}, but the manifest pins {MISTAKEN_PIN}; the create was undone",
        hint="give the environment the key of its own Environment, then run apply again",
    )
    assert code(lived) == (ExitCode.PARTIAL, "wrong_environment")
    assert lived.applied.writes_done == 2


def test_an_interrupted_undo_is_reported() -> None:
    lived, server = mistaken({"a": None}, {"a": X}, stopped=3, stopped_again=3)
    assert (states(lived)["create:a"], server.hostnames()) == ("failed interrupted", {"a": X})
    assert code(lived)[0] is ExitCode.PARTIAL


def test_trouble_that_passes_does_not_keep_a_create_from_being_undone() -> None:
    for trouble in (LOST, LOST_AND_DONE, CUT_SHORT):
        lived, server = mistaken({"a": None}, {"a": X}, troubles={4: trouble, 5: trouble})
        error = lived.applied.results["create:a"].error
        assert error is not None
        assert (server.hostnames(), error.message.endswith("; the create was undone")) == ({"a": None}, True)


def test_a_failed_undo_is_reported() -> None:
    refused = Outage("delete", Trouble("403"))
    lived, server = mistaken({"a": None}, {"a": X}, outages=(refused,))
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert error.message.endswith(
        "; undoing the create failed: DELETE /api/v1/custom_domain/: 403 told to fail (ResourceNotAuthorizedError)"
    )
    assert (server.hostnames(), lived.applied.writes_done) == ({"a": X}, 1)


def test_two_keys_that_turn_out_to_open_one_environment_are_noticed_after_the_first_create() -> None:
    """Only a lying answer can show this: the second environment was read as empty."""
    lived, server = play({"a": None, "b": B}, {"a": X, "b": B}, impostor=("a", "b"))
    assert states(lived)["create:a"] == "failed wrong_environment"
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert f"opens Environment {server.ids['b']}, which is that of `b`" in error.message


def test_a_key_that_opens_another_environment_than_before_the_delete_is_noticed() -> None:
    lived, server = play({"a": B}, {"a": X}, impostor=("a", OUTSIDER))
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert f"opens Environment {server.ids[OUTSIDER]}, but before this run it opened {server.ids['a']}" in error.message


def test_an_environment_that_was_filled_in_this_run_is_known_to_be_taken() -> None:
    lived, server = play({"a": None, "b": None}, {"a": X, "b": Y}, impostor=("b", "a"))
    error = lived.applied.results["create:b"].error
    assert error is not None
    assert f"opens Environment {server.ids['a']}, which is that of `a`" in error.message


def test_an_undo_deletes_nothing_of_another_writer() -> None:
    lived, server = mistaken({"a": None}, {"a": X}, meddling={3: Meddling("a", X)})
    assert server.hostnames() == {"a": X}
    assert not server.acts[-1].ours
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert "undoing the create failed: `a` was changed by someone else" in error.message


def test_steps_that_an_earlier_run_has_done_count_as_done() -> None:
    lived, _ = play(*REPLACE)
    again = replace(lived.plan, lanes=(), done=lived.plan.steps)
    assert {result.state for result in Ledger(again).snapshot().results.values()} == {"done"}


def test_the_observer_receives_each_step_before_the_next_one_starts() -> None:
    lived, _ = play(*REPLACE)
    assert lived.told == ("delete:a done", "create:a done", "verify:a done")


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


CHAIN = ({"a": A, "b": B}, {"a": B, "b": C})


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
    lived, server = play(*CHAIN, {4: REFUSED}, **more)  # type: ignore[arg-type]
    assert states(lived)["delete:b"] == "failed refused"
    assert restored(lived) == restored_
    assert unserved(lived) == ([] if restored_ else [(A, "a", "delete:a")])
    assert server.hostnames() == {"a": A if restored_ else None, "b": B}


def test_a_second_signal_between_the_deletes_of_a_chain_reports_what_is_unserved() -> None:
    lived, server = play(*CHAIN, stopped=3, stopped_again=3)
    assert (server.hostnames(), unserved(lived)) == ({"a": None, "b": B}, [(A, "a", "delete:a")])


def test_a_second_signal_during_a_delete_reports_the_hostname_that_may_be_gone() -> None:
    lived, _ = play(*REPLACE, stopped=2, stopped_again=2)
    assert states(lived)["delete:a"] == "failed interrupted"
    assert unserved(lived) == [(A, "a", "delete:a")]
    assert isinstance(lived.applied.live["a"], Unreadable)


def test_a_second_signal_during_a_restore_reports_the_hostname_that_may_be_missing() -> None:
    lived, _ = play(*REPLACE, {4: REFUSED}, stopped=6, stopped_again=6)
    assert (unserved(lived), lived.applied.writes_done) == ([(A, "a", "delete:a")], 2)


def test_a_domain_that_is_gone_when_it_should_be_verified_is_unserved() -> None:
    lived, _ = play({"a": A}, {"a": A}, meddling={1: Meddling("a", None)}, ready=False)
    assert states(lived) == {"verify:a": "failed changed"}
    assert unserved(lived) == [(A, "a", "verify:a")]


def test_reads_that_lag_behind_the_writes_of_the_run_change_nothing() -> None:
    lived, server = play(*SWAP, lag=3)
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, SWAP[1])
    assert (unserved(lived), restored(lived)) == ([], [])


@pytest.mark.parametrize("lag", [1, 2, 3])
def test_a_write_of_unknown_outcome_that_shows_late_is_neither_sent_again_nor_undone(lag: int) -> None:
    """Where the first read after it fails, the others decide."""
    for unread in range(5 + lag, 20):
        lost = Outage("create", LOST_AND_DONE)
        lived, server = play(*REPLACE, {unread: Trouble("400")}, lag=lag, outages=(lost,))
        assert (sent(lived), server.hostnames()) == (["DELETE a", f"POST a {X}"], REPLACE[1])
        assert (restored(lived), unserved(lived)) == ([], [])


def test_a_restore_of_unknown_outcome_that_shows_late_is_not_sent_again() -> None:
    lived, server = play(*REPLACE, {5: REFUSED, 7: LOST_AND_DONE, 8: Trouble("400")}, lag=1)
    assert (sent(lived), server.hostnames()) == (["DELETE a", f"POST a {X}", f"POST a {A}"], REPLACE[0])
    assert (restored(lived), unserved(lived)) == ([("a", A)], [])


def test_reads_that_lag_behind_a_restore_change_nothing() -> None:
    lived, server = play(*REPLACE, refused_hostnames=frozenset({X}), lag=3)
    assert (restored(lived), unserved(lived), server.hostnames()) == ([("a", A)], [], {"a": A})


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


def test_a_create_that_arrives_after_all_reads_of_it_is_done_when_the_restore_meets_it() -> None:
    """The write arrives eight requests after its answer was lost: six re-reads do not show it."""
    lived, server = play(*REPLACE, {4: Trouble("timeout", acts=True, late=7)})
    assert (set(states(lived).values()), server.hostnames()) == ({"done"}, {"a": X})
    assert (restored(lived), unserved(lived)) == ([], [])
    assert sent(lived) == ["DELETE a", f"POST a {X}"]


def test_a_delete_that_was_lost_and_overwritten_counts_as_a_write() -> None:
    lived, server = play(*REPLACE, {2: LOST_AND_DONE}, meddling={3: Meddling("a", Y)})
    assert states(lived)["delete:a"] == "failed changed"
    assert (code(lived)[0], server.hostnames()) == (ExitCode.PARTIAL, {"a": Y})
    assert unserved(lived) == [(A, "a", "delete:a")]


def test_a_404_of_another_web_server_after_the_create_is_not_absent() -> None:
    lived, server = play(*REPLACE, {5: Trouble("404"), 6: Trouble("404")})
    assert (states(lived)["verify:a"], unserved(lived), server.hostnames()) == ("failed unexpected", [], {"a": X})
    assert lived.applied.live["a"] == Present(lived.applied.results["create:a"].domain)  # type: ignore[arg-type]


def test_an_undo_that_reads_do_not_show_is_not_reported_as_done() -> None:
    lived, server = mistaken({"a": None}, {"a": X}, lag=20)
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert error.message.endswith(
        "the create was not undone, because reads do not show it: check that Environment in the dashboard"
    )
    assert server.hostnames() == {"a": X}


def test_an_environment_that_gets_the_desired_hostname_in_the_wrong_environment_is_left_as_it_is() -> None:
    """The hostname was created by another writer: nothing of it is undone."""
    lived, server = mistaken({"a": None, "b": None}, {"a": X, "b": Y}, meddling={1: Meddling("a", X)})
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert error.message.endswith("; nothing was created")
    assert (sent(lived), server.hostnames()) == ([], {"a": X, "b": None})


def test_a_hostname_is_unserved_when_nothing_shows_whether_it_was_deleted() -> None:
    lived, server = play(*REPLACE, {2: LOST_AND_DONE, **dict.fromkeys(range(3, 60), LOST)})
    assert states(lived)["delete:a"] == "failed unknown"
    assert (unserved(lived), server.hostnames()) == ([(A, "a", "delete:a")], {"a": None})
    assert isinstance(lived.applied.live["a"], Unreadable)
    assert code(lived) == (ExitCode.PARTIAL, "unknown")


def test_a_restore_whose_outcome_is_unknown_says_so_though_the_last_read_was_refused() -> None:
    lived, server = play(*REPLACE, {4: REFUSED, 6: LOST_AND_DONE, **dict.fromkeys(range(7, 40), Trouble("400"))})
    (failure,) = lived.applied.restores
    assert isinstance(failure, RestoreFailure)
    assert failure.error.kind == "unknown"
    assert (unserved(lived), server.hostnames()) == ([(A, "a", "delete:a")], {"a": A})


def test_a_domain_in_the_wrong_environment_that_may_be_of_another_writer_is_not_undone() -> None:
    """The create is lost, and before it is read back another writer creates the same hostname there."""
    lived, server = mistaken({"a": None}, {"a": X}, troubles={2: LOST}, meddling={3: Meddling("a", X)})
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert error.message.endswith("not undone, because its answer was lost: check that Environment in the dashboard")
    assert (sent(lived), server.hostnames()) == ([f"POST a {X}"], {"a": X})
    assert code(lived) == (ExitCode.PARTIAL, "wrong_environment")
