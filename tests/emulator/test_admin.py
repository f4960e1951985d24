"""The emulator's own API at /_emulator/."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from reconciler.emulator.app import build
from reconciler.emulator.state import digest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reconciler.emulator.world import World

A = "11111111-1111-4111-8111-111111111111"
B = "22222222-2222-4222-8222-222222222222"
DOMAIN = "/api/v1/custom_domain/"

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build(world))
    headers = {"Authorization": "Bearer key-a"}
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=headers) as found:
        yield found


async def admin(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await client.request(method, f"/_emulator/{path}", json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refused(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> tuple[int, str]:
    answer = await client.request(method, f"/_emulator/{path}", json=body)
    return answer.status_code, answer.json()["detail"]


async def prepared(client: httpx.AsyncClient) -> dict[str, Any]:
    await admin(client, "PUT", f"environments/{A}", {"name": "a", "key": "key-a"})
    created = await client.post(DOMAIN, json={"hostname": "images.example.com"})
    found: dict[str, Any] = created.json()
    return found


async def test_environments_are_created_with_a_key(client: httpx.AsyncClient) -> None:
    domain = await prepared(client)
    stamp = "2026-09-21T14:13:20Z"
    shown = {"name": "a", "default": True, "created_at": stamp, "updated_at": stamp, "domain": domain}
    assert await admin(client, "GET", "environments") == {A: shown}
    assert (await admin(client, "PUT", f"environments/{A}", {"name": "renamed"}))["name"] == "renamed"
    state = await admin(client, "GET", "state")
    assert state["keys"] == {digest("key-a"): {"label": "a", "environments": [A]}}
    await admin(client, "DELETE", f"environments/{A}")
    assert await admin(client, "GET", "environments") == {}


async def test_any_property_of_a_domain_can_be_set(client: httpx.AsyncClient) -> None:
    domain = await prepared(client)
    change = {"status": "REVIEWING", "certificate_status": "FAILING", "cname_value": "elsewhere.example"}
    await admin(client, "PATCH", f"environments/{A}/domain", change)
    assert (await client.get(DOMAIN)).json() == {**domain, **change}


async def test_the_next_checks_can_be_scripted(client: httpx.AsyncClient) -> None:
    await prepared(client)
    script = [["FAILED", "FAILING"], ["CONNECTED", "PENDING"]]
    await admin(client, "PATCH", f"environments/{A}/domain", {"script": script})
    found = [(await client.post(f"{DOMAIN}test_connection")).json() for _ in range(3)]
    statuses = [[item["status"], item["certificate_status"]] for item in found]
    assert statuses == [*script, ["CONNECTED", "ACTIVE"]]


async def test_a_domain_can_be_deleted(client: httpx.AsyncClient) -> None:
    await prepared(client)
    assert (await admin(client, "DELETE", f"environments/{A}/domain"))["domain"] is None
    assert (await client.get(DOMAIN)).status_code == 404


async def test_the_clock_can_be_advanced(client: httpx.AsyncClient) -> None:
    assert await admin(client, "GET", "clock") == {"now": "2026-09-21T14:13:20Z", "offset_seconds": 0.0}
    wound = {"now": "2026-09-21T15:13:20Z", "offset_seconds": 3600.0}
    assert await admin(client, "POST", "clock", {"advance_seconds": 3600}) == wound
    assert await admin(client, "POST", "clock", {}) == wound
    assert (await prepared(client))["created_at"] == wound["now"]


async def test_without_a_plan_creates_are_refused(client: httpx.AsyncClient) -> None:
    await admin(client, "PUT", f"environments/{A}", {"name": "a", "key": "key-a"})
    changed = await admin(client, "PATCH", "organization", {"custom_domain_enabled": False})
    assert changed == await admin(client, "GET", "organization")
    answer = await client.post(DOMAIN, json={"hostname": "images.example.com"})
    detail = "An active subscription with custom domains is required"
    assert (answer.status_code, answer.json()) == (402, {"detail": detail, "error_type": "PaymentRequiredError"})


async def test_switches_can_be_set(client: httpx.AsyncClient) -> None:
    await admin(client, "PUT", f"environments/{A}", {"name": "a", "key": "key-a"})
    change = {"absent": "null", "settle_seconds": None, "extra_fields": True, "conflict_status": 400}
    changed = await admin(client, "PATCH", "switches", change)
    assert {name: changed[name] for name in change} == change
    answer = await client.get(DOMAIN)
    assert (answer.status_code, answer.json()) == (200, None)


async def test_faults_are_listed_added_and_removed(client: httpx.AsyncClient) -> None:
    added = await admin(client, "POST", "faults", {"kind": "status", "status": 503, "nth": 2})
    assert [(fault["kind"], fault["status"], fault["nth"], fault["counted"]) for fault in added] == [
        ("status", 503, 2, 0)
    ]
    assert [(await client.get("/health")).status_code for _ in range(3)] == [200, 503, 200]
    assert [fault["counted"] for fault in await admin(client, "GET", "faults")] == [3]
    assert await admin(client, "DELETE", "faults") == []
    assert len(await admin(client, "POST", "faults", [{"kind": "delay"}, {"kind": "drip"}])) == 2


async def test_the_log_has_every_request_except_admin_calls(client: httpx.AsyncClient) -> None:
    await prepared(client)
    await client.get(f"{DOMAIN}?token=sk_canary", headers={"X-Environment-Id": A})
    await client.get("/sk_canary/", headers={"Authorization": "Bearer sk_canary", "X-Environment-Id": "sk_canary"})
    log = await admin(client, "GET", "requests")
    assert "sk_canary" not in str(log)
    name = digest("sk_canary")[:8]
    common = {"fault": None, "acted": True}
    assert [
        {key: value for key, value in entry.items() if key not in {"seconds", "environment_id"}} for entry in log
    ] == [
        {"n": 1, "method": "POST", "path": DOMAIN, "key": "a", "header": None, "status": 200, **common},
        {"n": 2, "method": "GET", "path": DOMAIN, "key": "a", "header": A, "status": 200, **common},
        {"n": 3, "method": "GET", "path": "/sk_…/", "key": f"key-{name}", "header": None, "status": 404, **common},
    ]
    assert await admin(client, "DELETE", "requests") == []
    assert await admin(client, "GET", "requests") == []


async def test_a_reset_clears_everything(client: httpx.AsyncClient, world: World) -> None:
    await prepared(client)
    await admin(client, "POST", "faults", {"kind": "status", "times": None})
    await admin(client, "POST", "clock", {"advance_seconds": 5})
    assert await admin(client, "POST", "reset") == {"status": "reset"}
    state = await admin(client, "GET", "state")
    assert (state["environments"], state["keys"], state["clock_offset_seconds"]) == ({}, {}, 0.0)
    assert (world.faults.counts(), world.log.entries()) == ([], [])


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("GET", "nothing", None, (404, "Not Found")),
        ("PUT", "environments/x", {}, (404, "Not Found")),
        ("GET", "clock/x", None, (404, "Not Found")),
        ("PUT", "clock", {}, (405, "Method Not Allowed")),
        ("DELETE", f"environments/{B}", None, (404, "No such Environment")),
        ("PATCH", f"environments/{B}/domain", {}, (404, "No such Environment")),
        ("PUT", f"environments/{A}", {"label": "x"}, (400, "Send an object with any of: name, key")),
        ("PUT", f"environments/{A}", {"name": 1}, (400, "`name` is of the wrong type")),
        ("PATCH", f"environments/{A}/domain", {"id": B}, (400, "`id` and `environment_id` cannot be changed")),
        (
            "PATCH",
            f"environments/{A}/domain",
            {"script": ["x"]},
            (400, "`script` is a list of [status, certificate_status]"),
        ),
        ("POST", "clock", {"advance_seconds": -1}, (400, "`advance_seconds` is a number from 0 up")),
        ("POST", "clock", None, (400, "The body is not JSON")),
        (
            "PATCH",
            "switches",
            {"absent": "x"},
            (400, "`absent` cannot be `x`; it is one of: 404, 400, 410, null, bare"),
        ),
        ("POST", "faults", {"kind": "delay", "times": "x"}, (400, "`times` of a fault is of the wrong type")),
    ],
)
async def test_invalid_calls_are_refused(
    client: httpx.AsyncClient, method: str, path: str, body: Any, expected: tuple[int, str]
) -> None:
    await prepared(client)
    assert await refused(client, method, path, body) == expected


async def test_a_hostname_of_another_environment_is_refused(client: httpx.AsyncClient) -> None:
    await prepared(client)
    await admin(client, "PUT", f"environments/{B}", {"name": "b", "key": "key-b"})
    await client.post(DOMAIN, json={"hostname": "b.example.com"}, headers={"Authorization": "Bearer key-b"})
    change = {"hostname": "images.example.com"}
    assert await refused(client, "PATCH", f"environments/{B}/domain", change) == (
        400,
        "Another Environment has this hostname",
    )
