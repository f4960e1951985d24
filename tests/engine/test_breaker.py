"""In which order lanes start, and after which failures no further delete is sent. Each case is one run over the emulator."""

from __future__ import annotations

import pytest

from reconciler.model.exit_codes import ExitCode
from reconciler.model.report import RestoreFailure, StepError

from .runs import code, play, restored, sent, states, unserved
from .scenario import Meddling, Outage, Trouble

OLD = {name: f"old-{name}.example.com" for name in "abcdefgh"}
NEW = {name: f"new-{name}.example.com" for name in "abcdefgh"}
SYSTEMIC = ("401", "402", "403", "500", "503", "drop", "html", "connect", "429")
LOCAL = ("409", "422", "400")


def replaces(names: str) -> tuple[dict[str, str | None], dict[str, str | None]]:
    return {name: OLD[name] for name in names}, {name: NEW[name] for name in names}


def creates(kind: str, since: int = 1) -> tuple[Outage, ...]:
    return (Outage("create", Trouble(kind), since),)


@pytest.mark.parametrize("parallelism", [1, 3, 256])
@pytest.mark.parametrize("kind", SYSTEMIC)
def test_when_no_create_works_at_most_one_environment_loses_its_hostname(kind: str, parallelism: int) -> None:
    lived, server = play(*replaces("abcdef"), outages=creates(kind), parallelism=parallelism)
    assert [write for write in sent(lived) if write.startswith("DELETE")] == ["DELETE a"]
    assert server.hostnames() == {**replaces("abcdef")[0], "a": None}
    assert unserved(lived) == [(OLD["a"], "a", "delete:a")]
    assert {step: state for step, state in states(lived).items() if not step.endswith(":a")} == {
        f"{op}:{name}": "not_started stopped" for name in "bcdef" for op in ("delete", "create", "verify")
    }
    assert code(lived)[0] is ExitCode.PARTIAL


@pytest.mark.parametrize("kind", ["500", "drop", "429-soon", "connect"])
@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_no_lane_begins_to_delete_while_the_outcome_of_a_create_is_not_known(kind: str, failing: int) -> None:
    """The other creates go on, and each that succeeds would let two more lanes start."""
    calm, _ = play(*replaces("abcdefgh"), parallelism=4)
    moment = [number for number, path in enumerate(calm.wire.paths, 1) if path.startswith("POST")][failing]
    lived, server = play(*replaces("abcdefgh"), {moment: Trouble(kind)}, parallelism=4)
    after, name = lived.wire.paths[moment:], lived.wire.paths[moment - 1].split()[1]
    again = f"POST {name}"
    known = after.index(again) if again in after else len(after)
    assert not [path for path in after[:known] if path.startswith("DELETE")]
    assert None not in server.hostnames().values()


@pytest.mark.parametrize("kind", ["402", "401", "403"])
def test_no_lane_begins_to_delete_while_the_last_create_of_a_swap_is_refused(kind: str) -> None:
    holds, wants = replaces("cdefgh")
    worlds = (
        {"a": "a.example.com", "b": "b.example.com", **holds},
        {"a": "b.example.com", "b": "a.example.com", **wants},
    )
    calm, _ = play(*worlds, parallelism=4)
    moment = max(number for number, path in enumerate(calm.wire.paths, 1) if path in {"POST a", "POST b"})
    lived, server = play(*worlds, {moment: Trouble(kind)}, parallelism=4)
    after = lived.wire.paths[moment:]
    assert not [path for path in after[: after.index(lived.wire.paths[moment - 1])] if path.startswith("DELETE")]
    assert (server.hostnames(), code(lived)) == (worlds[1], (ExitCode.OK, None))


@pytest.mark.parametrize("others", ["a", "abc"])
def test_replaces_that_another_run_has_made_are_no_proof_that_creates_work(others: str) -> None:
    meddling = {number: Meddling(name, NEW[name]) for number, name in enumerate(others, 1)}
    lived, server = play(*replaces("abcdef"), outages=creates("402"), meddling=meddling, parallelism=4)
    assert [name for name, hostname in server.hostnames().items() if hostname is None] == [
        name for name in "abcdef" if name not in others
    ][:1]
    assert len([write for write in sent(lived) if write.startswith("DELETE")]) == 1


def test_the_refusal_of_a_restore_and_the_reason_of_what_was_not_started_are_reported() -> None:
    lived, _ = play(*replaces("ab"), outages=creates("402"))
    refusal = "POST /api/v1/custom_domain/: 402 told to fail (PaymentRequiredError)"
    (failure,) = lived.applied.restores
    assert isinstance(failure, RestoreFailure)
    assert (failure.environment, failure.hostname, failure.error.message) == ("a", OLD["a"], refusal)
    assert lived.applied.results["delete:b"].error == StepError(
        "stopped",
        "not started: `create a` failed (402 PaymentRequiredError)",
        402,
        "PaymentRequiredError",
        hint="fix the error above, then run apply again",
    )
    assert code(lived) == (ExitCode.PARTIAL, "payment_required")


@pytest.mark.parametrize("kind", SYSTEMIC)
def test_a_plain_create_that_fails_systemically_keeps_every_hostname(kind: str) -> None:
    holds, wants = replaces("abc")
    lived, server = play(
        {**holds, "x": None, "d": OLD["d"]}, {**wants, "x": "x.example.com", "d": None}, outages=creates(kind)
    )
    assert not [write for write in sent(lived) if write.startswith("DELETE")]
    assert server.hostnames() == {**holds, "x": None, "d": OLD["d"]}
    assert (unserved(lived), lived.applied.writes_done) == ([], 0)
    assert code(lived)[0] in {ExitCode.CREDENTIALS, ExitCode.UNREACHABLE}


def test_plain_creates_run_first_and_all_of_them_whatever_fails() -> None:
    lived, server = play(
        {"a": OLD["a"], "x": None, "y": None, "z": None},
        {"a": NEW["a"], "x": "x.example.com", "y": "y.example.com", "z": "z.example.com"},
        {2: Trouble("402")},
    )
    assert sent(lived) == ["POST x x.example.com", "POST y y.example.com", "POST z z.example.com"]
    assert server.hostnames() == {"a": OLD["a"], "x": None, "y": "y.example.com", "z": "z.example.com"}


@pytest.mark.parametrize("parallelism", [1, 4])
def test_nothing_else_is_deleted_until_the_trial_has_created(parallelism: int) -> None:
    holds, wants = replaces("abcd")
    lived, server = play({**holds, "e": OLD["e"]}, {**wants, "e": None}, parallelism=parallelism)
    assert sent(lived)[:2] == ["DELETE a", f"POST a {NEW['a']}"]
    assert server.hostnames() == {**wants, "e": None}


@pytest.mark.parametrize("since", [4, 8, 16, 32])
@pytest.mark.parametrize("kind", ["402", "503", "drop"])
def test_when_creates_stop_working_no_more_hostnames_are_lost_than_have_been_replaced_and_one(
    kind: str, since: int
) -> None:
    names = "abcdefghijklmnop"
    holds = {name: f"old-{name}.example.com" for name in names}
    wants = {name: f"new-{name}.example.com" for name in names}
    lived, server = play(holds, wants, outages=creates(kind, since), parallelism=256)
    lost = [name for name, hostname in server.hostnames().items() if hostname is None]
    assert 1 <= len(lost) <= lived.replaced + 1
    assert {name for _, name, _ in unserved(lived)} == set(lost)


@pytest.mark.parametrize("kind", LOCAL)
def test_a_trial_that_fails_locally_and_is_restored_passes_the_trial_on(kind: str) -> None:
    lived, server = play(*replaces("abc"), {4: Trouble(kind)}, parallelism=3)
    assert restored(lived) == [("a", OLD["a"])]
    assert server.hostnames() == {"a": OLD["a"], "b": NEW["b"], "c": NEW["c"]}
    assert sent(lived)[3:5] == ["DELETE b", f"POST b {NEW['b']}"]


@pytest.mark.parametrize("parallelism", [1, 8])
def test_three_lanes_that_fail_locally_in_a_row_stop_the_run(parallelism: int) -> None:
    """Refused is only what is new: the old hostnames can be restored."""
    holds, wants = replaces("abcdef")
    lived, server = play(holds, wants, refused_hostnames=frozenset(NEW.values()), parallelism=parallelism)
    assert [write for write in sent(lived) if write.startswith("DELETE")] == ["DELETE a", "DELETE b", "DELETE c"]
    assert server.hostnames() == holds
    error = lived.applied.results["delete:d"].error
    assert error is not None
    assert error.message == "not started: 3 lanes failed in a row, the last one at `create c` (422)"


def test_a_create_that_succeeds_between_local_failures_starts_their_count_again() -> None:
    holds, wants = replaces("abcdef")
    refused = frozenset(NEW[name] for name in "abde")
    lived, server = play(holds, wants, refused_hostnames=refused)
    assert server.hostnames() == {name: OLD[name] if name in "abde" else NEW[name] for name in "abcdef"}
    assert states(lived)["create:f"] == "done"


def test_lanes_that_only_delete_need_no_trial() -> None:
    lived, server = play(
        {"a": OLD["a"], "b": OLD["b"], "c": OLD["c"]},
        {"a": NEW["a"], "b": None, "c": None},
        refused_hostnames=frozenset({NEW["a"]}),
    )
    assert server.hostnames() == {"a": OLD["a"], "b": None, "c": None}
    assert states(lived)["delete:c"] == "done"


def test_a_refused_delete_stops_its_lane_only() -> None:
    lived, server = play(*replaces("abc"), {2: Trouble("409")})
    assert server.hostnames() == {"a": OLD["a"], "b": NEW["b"], "c": NEW["c"]}
    assert code(lived) == (ExitCode.PARTIAL, "conflict")


def test_without_restores_a_trial_that_loses_its_hostname_is_the_last_one() -> None:
    lived, server = play(*replaces("abc"), refused_hostnames=frozenset({NEW["a"]}), restore=False)
    assert server.hostnames() == {"a": None, "b": OLD["b"], "c": OLD["c"]}
    assert unserved(lived) == [(OLD["a"], "a", "delete:a")]
    assert states(lived)["delete:b"] == "not_started stopped"


def test_without_restores_a_local_failure_after_the_trial_stops_its_lane_only() -> None:
    lived, server = play(*replaces("abc"), refused_hostnames=frozenset({NEW["b"]}), restore=False)
    assert server.hostnames() == {"a": NEW["a"], "b": None, "c": NEW["c"]}
    assert unserved(lived) == [(OLD["b"], "b", "delete:b")]


def test_a_restore_that_fails_stops_the_run_even_after_a_local_failure() -> None:
    lived, server = play(
        *replaces("abc"), refused_hostnames=frozenset({NEW["b"], OLD["b"]}), meddling={1: Meddling("c", OLD["c"])}
    )
    assert server.hostnames()["b"] is None
    assert states(lived)["delete:c"] == "not_started stopped"
    error = lived.applied.results["delete:c"].error
    assert error is not None
    assert error.message == f"not started: restoring `{OLD['b']}` in `b` failed (422)"


def test_a_stopped_chain_sends_no_second_delete_and_restores_the_first() -> None:
    """The delete of `e` is forbidden while the chain of `c` and `d` is between its two deletes."""
    holds = {name: OLD[name] for name in "acde"}
    lived, server = play(
        holds,
        {"a": NEW["a"], "c": OLD["d"], "d": NEW["d"], "e": NEW["e"]},
        {7: Trouble("connect"), 11: Trouble("connect")},  # a read of `e`, and the one before the delete of `d`
        outages=(Outage("delete", Trouble("403"), 12),),
        parallelism=3,
    )
    assert lived.wire.paths[8:13] == ["DELETE c", "GET e", "GET d", "DELETE e", "GET d"]
    assert "DELETE d" not in lived.wire.paths
    assert server.hostnames() == {**holds, "a": NEW["a"]}
    assert (restored(lived), unserved(lived)) == ([("c", OLD["c"])], [])
    assert states(lived)["delete:d"] == "not_started stopped"


def test_a_delete_that_could_not_be_sent_when_the_run_stops_has_failed() -> None:
    """Both lanes try at the same time; the last attempt of `a` fails first, so `b` sends no further one."""
    lived, server = play(
        {"a": OLD["a"], "b": OLD["b"]},
        {"a": None, "b": None},
        outages=(Outage("delete", Trouble("connect")),),
        parallelism=2,
    )
    assert states(lived) == {"delete:a": "failed not_sent", "delete:b": "failed not_sent"}
    assert lived.wire.paths.count("DELETE b") <= lived.wire.paths.count("DELETE a") == 3
    assert server.hostnames() == {"a": OLD["a"], "b": OLD["b"]}


@pytest.mark.parametrize("kind", ["401", "402", "403"])
def test_a_check_that_is_refused_for_the_key_or_the_plan_stops_further_deletes(kind: str) -> None:
    lived, server = play(*replaces("ab"), outages=(Outage("test", Trouble(kind)),))
    assert server.hostnames() == {"a": NEW["a"], "b": OLD["b"]}
    assert states(lived)["delete:b"] == "not_started stopped"


def test_a_check_that_the_api_cannot_do_stops_nothing() -> None:
    lived, server = play(*replaces("abc"), outages=(Outage("test", Trouble("503")),))
    assert server.hostnames() == replaces("abc")[1]
    assert code(lived) == (ExitCode.PARTIAL, "server_fault")


def test_a_signal_during_the_trial_finishes_the_trial_and_starts_no_other_lane() -> None:
    lived, server = play(*replaces("abc"), stopped=2, parallelism=3)
    assert server.hostnames() == {"a": NEW["a"], "b": OLD["b"], "c": OLD["c"]}
    assert {states(lived)[f"delete:{name}"] for name in "bc"} == {"not_started interrupted"}


def test_three_plain_creates_that_fail_locally_stop_what_deletes_but_no_other_create() -> None:
    new = {name: f"{name}.example.com" for name in "vwxyz"}
    lived, server = play(
        {"a": OLD["a"], **dict.fromkeys(new)},
        {"a": NEW["a"], **new},
        refused_hostnames=frozenset(new[name] for name in "wxy"),
    )
    assert server.hostnames() == {"a": OLD["a"], "v": new["v"], "w": None, "x": None, "y": None, "z": new["z"]}
    assert states(lived)["delete:a"] == "not_started stopped"


def test_three_deletes_that_are_refused_in_a_row_stop_the_run() -> None:
    names = "abcde"
    lived, server = play(
        {name: OLD[name] for name in names}, dict.fromkeys(names), outages=(Outage("delete", Trouble("409")),)
    )
    assert [path for path in lived.wire.paths if path.startswith("DELETE")] == ["DELETE a", "DELETE b", "DELETE c"]
    assert server.hostnames() == {name: OLD[name] for name in names}


@pytest.mark.parametrize("lost", [17, 20, 23])
def test_no_delete_follows_a_create_of_unknown_outcome_that_looked_for_a_free_place(lost: int) -> None:
    """A ring in which one create was done late, and every other one is in conflict; then a delete of another lane."""
    holds = {name: OLD[name] for name in "abcd"}
    late, refused = Trouble("timeout", acts=True, late=1), Outage("create", Trouble("409"))
    lived, _ = play(
        holds, {"a": OLD["c"], "b": OLD["a"], "c": OLD["b"], "d": None}, {lost: late}, outages=(refused,), restore=False
    )
    assert (states(lived)["create:b"], states(lived)["delete:d"]) == ("failed unknown", "not_started stopped")
