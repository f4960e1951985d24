"""The endpoints for Environments, which want a user session, and the bodies of requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reconciler.emulator.app import build
from reconciler.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reconciler.emulator.world import World

PATH = "/api/v1/environments/"
DOMAIN = "/api/v1/custom_domain/"

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(world))
    headers = {"Authorization": "Bearer session_tests"}
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as found:
        yield found


async def test_an_environment_from_creation_to_deletion(client: httpx.AsyncClient, world: World) -> None:
    created = (await client.post(PATH, json={"name": "one"})).json()
    stamp = "2026-09-21T14:13:20Z"
    assert created == {
        "id": created["id"],
        "organization_id": created["organization_id"],
        "name": "one",
        "default": True,
        "created_at": stamp,
        "updated_at": stamp,
    }
    one = f"{PATH}{created['id']}"
    assert (await client.get(one)).json() == created
    world.advance_clock(60)
    renamed = (await client.patch(one, json={"name": "two"})).json()
    assert renamed == {**created, "name": "two", "updated_at": "2026-09-21T14:14:20Z"}
    domain = await client.post(DOMAIN, json={"hostname": "a.example.com"}, headers={"X-Environment-Id": created["id"]})
    assert domain.json()["environment_id"] == created["id"]
    assert (await client.delete(one)).json() == {"status": "deleted"}
    gone = await client.get(one)
    assert (gone.status_code, gone.json()) == (
        404,
        {"detail": "Environment not found", "error_type": "ResourceNotFoundError"},
    )
    other = (await client.post(PATH, json={"name": "other"})).json()
    again = await client.post(DOMAIN, json={"hostname": "a.example.com"}, headers={"X-Environment-Id": other["id"]})
    assert again.status_code == 200


async def test_environments_come_in_pages(client: httpx.AsyncClient) -> None:
    for index in range(5):
        await client.post(PATH, json={"name": f"e{index}"})

    async def page(query: str) -> tuple[list[str], list[str]]:
        answer = await client.get(f"{PATH}?{query}")
        names = ("x-total-count", "x-page", "x-limit", "x-prev-page", "x-next-page")
        return [item["name"] for item in answer.json()], [answer.headers[name] for name in names]

    assert await page("limit=2") == (["e0", "e1"], ["5", "1", "2", "null", "2"])
    assert await page("limit=2&page=2") == (["e2", "e3"], ["5", "2", "2", "1", "3"])
    assert await page("limit=2&page=3") == (["e4"], ["5", "3", "2", "2", "null"])
    assert await page(f"page={10**30}") == ([], ["5", str(10**30), "20", str(10**30 - 1), "null"])


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("page=0", "greater_than_equal"),
        ("limit=101", "less_than_equal"),
        ("limit=x", "int_parsing"),
        ("page=1.5", "int_parsing"),
        ("page=", "int_parsing"),
    ],
)
async def test_an_invalid_page_gets_422(client: httpx.AsyncClient, query: str, kind: str) -> None:
    answer = await client.get(f"{PATH}?{query}")
    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (422, kind)


async def test_server_keys_are_refused(client: httpx.AsyncClient) -> None:
    answer = await client.get(PATH, headers={"Authorization": "Bearer sk_tests"})
    assert (answer.status_code, answer.json()["error_type"]) == (401, "InvalidTokenError")


@pytest.mark.parametrize(
    ("content", "loc", "kind"),
    [
        (b"", ["body"], "json_invalid"),
        (b"{", ["body"], "json_invalid"),
        (b"\xff", ["body"], "json_invalid"),
        (b"[" * 100_000, ["body"], "json_invalid"),
        (b"[]", ["body"], "model_attributes_type"),
        (b"null", ["body"], "model_attributes_type"),
        (b"{}", ["body", "hostname"], "missing"),
        (b'{"hostname": null}', ["body", "hostname"], "string_type"),
        (b'{"hostname": 1}', ["body", "hostname"], "string_type"),
        (b'{"hostname": "\\ud800.example.com"}', ["body", "hostname"], "value_error"),
    ],
    ids=["empty", "cut", "bytes", "deep", "array", "null", "missing", "null-hostname", "number", "surrogate"],
)
async def test_an_invalid_body_gets_422(client: httpx.AsyncClient, content: bytes, loc: list[str], kind: str) -> None:
    answer = await client.post(DOMAIN, content=content, headers={"Authorization": "Bearer sk_tests"})
    assert answer.status_code == 422
    assert [(item["loc"], item["type"]) for item in answer.json()["detail"]] == [(loc, kind)]


@pytest.mark.parametrize(("extra", "status"), [("ignore", 200), ("refuse", 422)])
async def test_unknown_properties_follow_the_switch(
    client: httpx.AsyncClient, world: World, extra: Any, status: int
) -> None:
    world.switches = Switches(extra_properties=extra)
    body = {"hostname": "images.example.com", "ttl": 60}
    answer = await client.post(DOMAIN, json=body, headers={"Authorization": "Bearer sk_tests"})
    assert answer.status_code == status


async def test_a_name_may_be_any_text(client: httpx.AsyncClient) -> None:
    for name in ("\x00", "\ud800", "Ü\u202e", "a" * 10_000):
        content = b'{"name": "%s"}' % name.encode("unicode_escape").replace(b"\\x", b"\\u00")
        answer = await client.post(PATH, content=content)
        assert answer.status_code == 200
        assert answer.json()["name"] == name


async def test_every_response_names_the_emulator(client: httpx.AsyncClient) -> None:
    answers = [await client.get(path) for path in ("/", "/health", DOMAIN, "/nothing")]
    banner = "imgwire-reconciler emulator: this is not Imgwire"
    assert [answer.headers["x-emulator"] for answer in answers] == [banner] * 4
    assert answers[0].json() == {"service": banner}
    assert answers[1].json() == {"status": "ok", "service": banner}
