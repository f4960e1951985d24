"""A 429 slows the run down, and neither makes a delete late nor keeps the create after it back."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from reconciler.operations.after_create import AfterCreate

from .own_api import OwnApi, Reply, own_api
from .stage import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stage import Stage

ABSENT = Reply(404, {"detail": "no custom domain", "error_type": "ResourceNotFoundError"}, seconds=1.0)


@pytest.fixture
def api(stage: Stage) -> Iterator[OwnApi]:
    """Two replaces: that of `a` is the trial, and that of `b` begins while `a` is checked."""
    with own_api() as server:
        stage.set("IMGWIRE_API_BASE_URL", server.url)
        for name in ("a", "b"):
            stage.set(f"IMGWIRE_API_KEY_{name.upper()}", key(name))
            server.put(key(name), f"{name}.example.com")
        stage.manifest(a="new-a.example.com", b="new-b.example.com")
        yield server


def too_many(seconds: str, *, after: float) -> Reply:
    return Reply(429, {"detail": "slow down"}, {"Retry-After": seconds}, seconds=after)


def test_a_pause_for_another_environment_keeps_no_create_back(stage: Stage, api: OwnApi) -> None:
    def intercept(method: str, key_: str, _number: int) -> Reply | None:
        if (method, key_) == ("TEST", key("a")):
            return too_many("300", after=0.4)
        return ABSENT if (method, key_) == ("GET", key("b")) and api.records[key("b")] is None else None

    api.intercept = intercept
    ended = stage.run("apply", "--auto-approve", "--no-dns", "--format", "json")
    states = {step["id"]: step["state"] for step in ended.document["steps"]}
    assert (states["delete:b"], states["create:b"], states["verify:a"]) == ("done", "done", "failed")
    assert (api.hostnames()[key("b")], ended.document["unserved"]) == ("new-b.example.com", [])


def test_a_domain_that_serves_only_since_it_was_planned_is_not_deleted(stage: Stage, api: OwnApi) -> None:
    """No limit, change window or person has approved that interruption."""
    record = api.records[key("a")]
    assert record is not None
    record["status"] = "PENDING"

    def intercept(method: str, key_: str, number: int) -> Reply | None:
        if (method, key_) == ("GET", key("a")) and len(api.sent("GET")) > 2:
            record["status"] = "CONNECTED"
        return None

    api.intercept = intercept
    ended = stage.run(
        "apply", "--auto-approve", "--no-dns", "--env", "a", "--max-interruptions", "0", "--format", "json"
    )
    assert (ended.document["steps"][0]["error"]["kind"], api.sent("DELETE")) == ("changed", [])


def test_after_a_pause_the_domain_is_read_again_before_its_delete(stage: Stage, api: OwnApi) -> None:
    """Another writer may have replaced it meanwhile."""

    def intercept(method: str, key_: str, number: int) -> Reply | None:
        if (method, key_, number) == ("TEST", key("a"), 1):
            return too_many("2", after=0.1)
        if (method, key_) == ("GET", key("b")) and ("DELETE", key("a")) in api.requests and replaced.ident is None:
            replaced.start()
            return Reply(200, dict(api.records[key("b")] or {}), seconds=0.6)
        return None

    replaced = threading.Timer(1.2, lambda: api.put(key("b"), "other.example.com"))
    api.intercept = intercept
    ended = stage.run("apply", "--auto-approve", "--no-dns", "--format", "json")
    errors = {step["id"]: step["error"] and step["error"]["kind"] for step in ended.document["steps"]}
    assert (errors["delete:b"], api.hostnames()[key("b")]) == ("changed", "other.example.com")
    assert ("DELETE", key("b")) not in api.requests


def test_a_bug_in_one_lane_leaves_no_other_lane_between_its_delete_and_its_create(
    stage: Stage, api: OwnApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_self: AfterCreate, environment: str, _domain: object) -> None:
        if environment == "a":
            while ("DELETE", key("b")) not in api.requests:  # noqa: ASYNC110 - of a server in another thread
                await asyncio.sleep(0.01)
            raise KeyError("bug")

    monkeypatch.setattr(AfterCreate, "__call__", fails)
    api.intercept = lambda method, key_, _number: (
        ABSENT if (method, key_) == ("GET", key("b")) and api.records[key("b")] is None else None
    )
    ended = stage.run("apply", "--auto-approve", "--no-dns", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (6, "internal_error")
    assert (api.hostnames()[key("b")], ended.document["unserved"]) == ("new-b.example.com", [])
