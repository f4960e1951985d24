"""Keys that open another Environment than the manifest pins, as a first create shows."""

from __future__ import annotations

from reconciler.model.exit_codes import ExitCode
from reconciler.model.report import StepError

from .runs import CUT_SHORT, LOST, LOST_AND_DONE, B, X, Y, code, mistaken, play, sent, states
from .scenario import MISTAKEN_PIN, OUTSIDER, Meddling, Outage, Trouble


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


def test_a_domain_in_the_wrong_environment_that_may_be_of_another_writer_is_not_undone() -> None:
    """The create is lost, and before it is read back another writer creates the same hostname there."""
    lived, server = mistaken({"a": None}, {"a": X}, troubles={2: LOST}, meddling={3: Meddling("a", X)})
    error = lived.applied.results["create:a"].error
    assert error is not None
    assert error.message.endswith("not undone, because its answer was lost: check that Environment in the dashboard")
    assert (sent(lived), server.hostnames()) == ([f"POST a {X}"], {"a": X})
    assert code(lived) == (ExitCode.PARTIAL, "wrong_environment")
