"""Authentication in the emulator: keys, sessions and X-Environment-Id."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.emulator.auth import Account
from reconciler.emulator.caller import Caller
from reconciler.emulator.problems import Problem
from reconciler.emulator.state import digest, stable_id
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import World
from reconciler.model.environments import Secret

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"


def made(*accounts: tuple[str, str, str | None], **switches: Any) -> World:
    world = World(Switches(**switches), clock=lambda: 1_790_000_000.0)
    world.auth.register(Account(name, Secret(key), environment_id) for name, key, environment_id in accounts)
    return world


def authenticate(world: World, key: str | None, environment_id: str | None = None) -> Any:
    """The Environment's id, or status and what the refusal says."""
    try:
        return world.auth.authenticate(None if key is None else f"Bearer {key}", environment_id)
    except Problem as problem:
        body: Any = problem.body
        return problem.status, body.get("error_type") or body["detail"][0]["type"]


def test_a_key_opens_its_environment() -> None:
    world = made(("a", "key-a", A), ("b", "key-b", B))
    assert [authenticate(world, "key-a"), authenticate(world, "key-b"), authenticate(world, "key-b", B)] == [A, B, B]


def test_an_account_without_an_id_always_gets_the_same_one() -> None:
    assert (
        authenticate(made(("a", "one", None)), "one") == authenticate(made(("a", "two", None)), "two") == stable_id("a")
    )


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Basic key-a", "key-a"])
def test_a_request_without_a_bearer_token_is_refused(header: str | None) -> None:
    with pytest.raises(Problem) as refused:
        made(("a", "key-a", A)).auth.authenticate(header, None)
    assert refused.value.status == 401
    assert refused.value.body == {"detail": "Missing credential", "error_type": "InvalidTokenError"}


@pytest.mark.parametrize("key", ["ck_client", "nonsense"])
def test_client_keys_and_unknown_tokens_are_refused(key: str) -> None:
    assert authenticate(made(), key) == (401, "InvalidTokenError")


def test_an_unknown_server_key_opens_an_environment_of_its_own() -> None:
    world = made()
    first = authenticate(world, "sk_one")
    assert first == stable_id(digest("sk_one"))
    assert authenticate(world, "sk_one") == first
    assert authenticate(world, "sk_two") != first


def test_strict_keys_refuse_unregistered_keys() -> None:
    world = made(("a", "sk_one", A), strict_keys=True)
    assert (authenticate(world, "sk_one"), authenticate(world, "sk_two")) == (A, (401, "InvalidTokenError"))


@pytest.mark.parametrize("header", ["env_123", "", "null", A.replace("-", ""), f"{{{A}}}", f" {A}"])
def test_a_header_that_is_not_a_uuid_is_refused(header: str) -> None:
    assert authenticate(made(("a", "key-a", A)), "key-a", header) == (422, "uuid_parsing")


def test_the_header_may_be_in_upper_case() -> None:
    key = "0AF00000-0000-4000-8000-0000000000AF"
    assert authenticate(made(("a", "key-a", key)), "key-a", key) == key.lower()


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, (403, "ResourceNotAuthorizedError")),
        ({"not_authorized_status": 404}, (404, "ResourceNotAuthorizedError")),
        ({"foreign_environment": "hide"}, (404, "ResourceNotFoundError")),
        ({"foreign_environment": "ignore"}, A),
    ],
)
def test_the_header_of_another_environment_follows_the_switch(switches: Any, expected: Any) -> None:
    assert authenticate(made(("a", "key-a", A), ("b", "key-b", B), **switches), "key-a", B) == expected


def test_a_key_of_several_environments_needs_the_header() -> None:
    world = made(("a", "shared", A), ("b", "shared", B))
    assert [authenticate(world, "shared", A), authenticate(world, "shared", B)] == [A, B]
    assert authenticate(world, "shared") == (422, "missing")


def test_a_session_opens_every_environment_by_header() -> None:
    world = made(("a", "key-a", A), ("b", "key-b", B))
    assert [authenticate(world, "session_x", A), authenticate(world, "session_x", B)] == [A, B]
    assert authenticate(world, "session_x") == (422, "missing")


def test_only_sessions_list_environments_by_default() -> None:
    made().auth.authenticate_session("Bearer session_x")
    made(environments_api="any").auth.authenticate_session("Bearer sk_x")
    with pytest.raises(Problem) as refused:
        made().auth.authenticate_session("Bearer sk_x")
    assert refused.value.status == 401


def test_a_registered_key_keeps_its_environment() -> None:
    world = made(("a", "key-a", A))
    world.auth.register([Account("renamed", Secret("key-a"), B)])
    assert authenticate(world, "key-a") == A


def test_a_shared_key_opens_environments_added_later() -> None:
    world = made(("a", "shared", A))
    world.auth.register([Account("a", Secret("shared"), A), Account("b", Secret("shared"), B)])
    assert [authenticate(world, "shared", A), authenticate(world, "shared", B)] == [A, B]


def test_a_key_of_a_deleted_environment_opens_nothing() -> None:
    world = made(("a", "key-a", A))
    with world.writing() as state:
        state.remove_environment(A)
    assert authenticate(world, "key-a") == (401, "InvalidTokenError")


def test_identifying_a_caller_registers_nothing() -> None:
    world = made(("a", "key-a", A))
    assert world.auth.identify("Bearer key-a", None) == Caller(digest("key-a"), "a", A, "a")
    assert world.auth.identify(None, A) == Caller()
    unknown = world.auth.identify("Bearer sk_new", None)
    assert unknown == Caller(digest("sk_new"), None, stable_id(digest("sk_new")), None)
    with world.reading() as state:
        assert list(state.environments) == [A]
