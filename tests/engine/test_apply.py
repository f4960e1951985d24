"""A run of a plan: what follows what, what fails alone, what is told. Each case is one life of a small organization."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.domains import Present, domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.ledger import Ledger

from .runs import CUT_SHORT, REFUSED, REPLACE, RING, SWAP, A, B, C, X, Y, code, play, restored, sent, states, unserved
from .scenario import Meddling, Trouble


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
    assert lived.wire.paths == ["GET a", "POST a", "TEST a", *["GET a"] * 6]
    assert (states(lived)["verify:a"], server.hostnames()) == ("failed changed", {"a": Y})


def test_a_failed_verify_step_undoes_nothing() -> None:
    lived, server = play(*REPLACE, {5: REFUSED})
    assert states(lived) == {"delete:a": "done", "create:a": "done", "verify:a": "failed refused"}
    assert (server.hostnames(), code(lived)) == ({"a": X}, (ExitCode.PARTIAL, "refused"))


def test_a_refused_delete_is_the_end_of_its_lane() -> None:
    lived, server = play(*REPLACE, {2: REFUSED})
    assert lived.wire.paths == ["GET a", "DELETE a"]
    assert (server.hostnames(), code(lived)) == ({"a": A}, (ExitCode.ERROR, "refused"))


def test_a_delete_that_is_tried_again_is_not_sent_after_a_systemic_failure_elsewhere() -> None:
    hostnames = {name: f"{name}.example.com" for name in "abcdef"}
    ring = {"b": hostnames["c"], "c": hostnames["d"], "d": hostnames["b"]}
    replaced = {name: f"new-{name}.example.com" for name in "aef"}
    # 23 is the delete of `d`, whose hostname must go to `c`; 26 the create of `f`, whose read took longer.
    troubles = {21: Trouble("connect"), 23: CUT_SHORT, 26: Trouble("402")}
    lived, _ = play(hostnames, ring | replaced, troubles, parallelism=2)
    assert states(lived)["create:f"] == "failed payment_required"
    assert sent(lived).count("DELETE d") == 1


def test_unserved_lists_only_the_lost_hostname_of_many() -> None:
    """`a` is replaced, `b` keeps its hostname, `c` cannot get any."""
    wants = {"a": X, "b": Y, "c": "z.example.com"}
    lived, _ = play({"a": A, "b": B, "c": C}, wants, refused_hostnames=frozenset({Y, "z.example.com", C}))
    assert states(lived)["create:a"] == "done"
    assert restored(lived) == [("b", B)]
    assert unserved(lived) == [(C, "c", "delete:c")]


@pytest.mark.parametrize("requests", [6, 20, 40])
def test_what_waited_for_the_end_of_an_outage_has_all_its_retries_left(requests: int) -> None:
    """One more request fails, at any moment after the outage."""
    end = 3 + requests
    for moment in range(end, end + 14):
        _, server = play(*REPLACE, {**dict.fromkeys(range(3, end), CUT_SHORT), moment: CUT_SHORT})
        assert server.hostnames()["a"] is not None, moment


def test_a_failed_lane_does_not_stop_the_others() -> None:
    lived, server = play({"a": A, "b": B}, {"a": X, "b": Y}, {4: REFUSED})
    assert server.hostnames() == {"a": A, "b": Y}
    assert states(lived)["verify:b"] == "done"


def test_a_conflict_about_a_hostname_that_the_run_did_not_free_fails_at_once() -> None:
    lived, _ = play({"a": None}, {"a": X}, {2: Trouble("409")})
    assert lived.wire.paths == ["GET a", "POST a", "GET a"]
    assert states(lived)["create:a"] == "failed conflict"


def test_steps_that_an_earlier_run_has_done_count_as_done() -> None:
    lived, _ = play(*REPLACE)
    again = replace(lived.plan, lanes=(), done=lived.plan.steps)
    assert {result.state for result in Ledger(again).snapshot().results.values()} == {"done"}


def test_the_observer_receives_each_step_before_the_next_one_starts() -> None:
    lived, _ = play(*REPLACE)
    assert lived.told == ("delete:a done", "create:a done", "verify:a done")


def test_a_404_of_another_web_server_after_the_create_is_not_absent() -> None:
    lived, server = play(*REPLACE, {5: Trouble("404"), 6: Trouble("404")})
    assert (states(lived)["verify:a"], unserved(lived), server.hostnames()) == ("failed unexpected", [], {"a": X})
    assert lived.applied.live["a"] == Present(lived.applied.results["create:a"].domain)  # type: ignore[arg-type]
