"""Who the emulator lets in: keys, sessions and X-Environment-Id."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.emulator.behaviour import Behaviour
from reconciler.emulator.doors import Account, Caller
from reconciler.emulator.problems import Problem
from reconciler.emulator.state import digest, stable_id
from reconciler.emulator.world import World
from reconciler.model.environments import Secret

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"


def made(*accounts: tuple[str, str, str | None], **switches: Any) -> World:
    world = World(Behaviour(**switches), clock=lambda: 1_790_000_000.0)
    world.doors.register(Account(name, Secret(key), environment_id) for name, key, environment_id in accounts)
    return world


def entered(world: World, key: str | None, environment_id: str | None = None) -> Any:
    """The Environment's id, or status and what the refusal says."""
    try:
        return world.doors.enter(None if key is None else f"Bearer {key}", environment_id)
    except Problem as problem:
        body: Any = problem.body
        return problem.status, body.get("error_type") or body["detail"][0]["type"]


def test_a_key_opens_its_environment() -> None:
    world = made(("a", "key-a", A), ("b", "key-b", B))
    assert [entered(world, "key-a"), entered(world, "key-b"), entered(world, "key-b", B)] == [A, B, B]


def test_an_account_without_an_id_always_gets_the_same_one() -> None:
    assert entered(made(("a", "one", None)), "one") == entered(made(("a", "two", None)), "two") == stable_id("a")


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic key-a", "key-a"])
def test_without_a_bearer_nobody_enters(header: str | None) -> None:
    with pytest.raises(Problem) as refused:
        made(("a", "key-a", A)).doors.enter(header, None)
    assert refused.value.status == 401
    assert refused.value.body == {"detail": "Missing credential", "error_type": "InvalidTokenError"}


@pytest.mark.parametrize("key", ["ck_client", "nonsense"])
def test_client_keys_and_nonsense_are_refused(key: str) -> None:
    assert entered(made(), key) == (401, "InvalidTokenError")


def test_an_unknown_server_key_opens_an_environment_of_its_own() -> None:
    world = made()
    first = entered(world, "sk_one")
    assert first == stable_id(digest("sk_one"))
    assert entered(world, "sk_one") == first
    assert entered(world, "sk_two") != first


def test_strict_keys_refuse_what_was_not_registered() -> None:
    world = made(("a", "sk_one", A), strict_keys=True)
    assert (entered(world, "sk_one"), entered(world, "sk_two")) == (A, (401, "InvalidTokenError"))


@pytest.mark.parametrize("header", ["env_123", "", "null", A.replace("-", ""), f"{{{A}}}", f" {A}"])
def test_a_header_that_is_no_uuid_is_invalid(header: str) -> None:
    assert entered(made(("a", "key-a", A)), "key-a", header) == (422, "uuid_parsing")


def test_the_header_may_be_in_upper_case() -> None:
    key = "0AF00000-0000-4000-8000-0000000000AF"
    assert entered(made(("a", "key-a", key)), "key-a", key) == key.lower()


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, (403, "ResourceNotAuthorizedError")),
        ({"not_authorized_status": 404}, (404, "ResourceNotAuthorizedError")),
        ({"foreign_environment": "hide"}, (404, "ResourceNotFoundError")),
        ({"foreign_environment": "ignore"}, A),
    ],
)
def test_the_header_of_another_environment_is_answered_as_the_switch_says(switches: Any, expected: Any) -> None:
    assert entered(made(("a", "key-a", A), ("b", "key-b", B), **switches), "key-a", B) == expected


def test_a_key_of_several_environments_needs_the_header() -> None:
    world = made(("a", "shared", A), ("b", "shared", B))
    assert [entered(world, "shared", A), entered(world, "shared", B)] == [A, B]
    assert entered(world, "shared") == (422, "missing")


def test_a_session_opens_every_environment_by_header() -> None:
    world = made(("a", "key-a", A), ("b", "key-b", B))
    assert [entered(world, "session_x", A), entered(world, "session_x", B)] == [A, B]
    assert entered(world, "session_x") == (422, "missing")


def test_only_sessions_may_list_environments_unless_told() -> None:
    made().doors.enter_session("Bearer session_x")
    made(environments_api="any").doors.enter_session("Bearer sk_x")
    with pytest.raises(Problem) as refused:
        made().doors.enter_session("Bearer sk_x")
    assert refused.value.status == 401


def test_a_known_key_keeps_what_it_opens() -> None:
    world = made(("a", "key-a", A))
    world.doors.register([Account("renamed", Secret("key-a"), B)])
    assert entered(world, "key-a") == A


def test_a_shared_key_opens_what_is_added_to_it() -> None:
    world = made(("a", "shared", A))
    world.doors.register([Account("a", Secret("shared"), A), Account("b", Secret("shared"), B)])
    assert [entered(world, "shared", A), entered(world, "shared", B)] == [A, B]


def test_a_key_of_a_deleted_environment_opens_nothing() -> None:
    world = made(("a", "key-a", A))
    with world.writing() as state:
        state.remove_environment(A)
    assert entered(world, "key-a") == (401, "InvalidTokenError")


def test_faults_and_the_log_know_a_caller_without_letting_anyone_in() -> None:
    world = made(("a", "key-a", A))
    assert world.doors.caller("Bearer key-a", None) == Caller(digest("key-a"), "a", A, "a")
    assert world.doors.caller(None, A) == Caller()
    unknown = world.doors.caller("Bearer sk_new", None)
    assert unknown == Caller(digest("sk_new"), None, stable_id(digest("sk_new")), None)
    with world.reading() as state:
        assert list(state.environments) == [A]
