"""Protection of a running emulator against web pages and other machines, over real HTTP."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import httpx
import pytest
from emulator_fixture import running

from reconciler.emulator.app import build
from reconciler.emulator.guard import Guard

if TYPE_CHECKING:
    from emulator_fixture import Running

    from reconciler.emulator.world import World

pytestmark = pytest.mark.calm("tests the emulator itself")

DOMAIN = "/api/v1/custom_domain/"
ADMIN = "/_emulator/state"
KEY = {"Authorization": "Bearer sk_one"}


@pytest.mark.parametrize("path", [ADMIN, DOMAIN, "/health"])
@pytest.mark.parametrize(
    ("host", "accepted"),
    [
        ("127.0.0.1:{port}", True),
        ("localhost:{port}", True),
        ("[::1]:{port}", True),
        ("emulator.localhost", True),
        ("127.0.0.1.attacker.example:{port}", False),
        ("attacker.example", False),
        ("localhost.attacker.example", False),
        ("attacker.example/@127.0.0.1", False),
        ("192.0.2.7", False),
        ("[", False),
        ("", False),
    ],
)
def test_a_request_under_a_rebound_name_is_refused(emulator: Running, path: str, host: str, accepted: bool) -> None:
    host = host.format(port=emulator.url.rpartition(":")[2])
    response = httpx.get(emulator.url + path, headers={**KEY, "Host": host})
    assert (response.status_code != 403) == accepted
    if not accepted:
        detail = "The Host header does not name this machine: use 127.0.0.1, [::1] or localhost"
        assert response.json() == {"detail": detail}


@pytest.mark.parametrize("path", ["/_emulator/reset", f"{DOMAIN}test_connection"])
@pytest.mark.parametrize(
    ("origin", "accepted"),
    [
        ("http://localhost:3000", True),
        ("http://127.0.0.1", True),
        ("https://attacker.example", False),
        ("http://localhost.attacker.example", False),
        ("null", False),
    ],
)
def test_a_request_from_a_page_of_another_site_is_refused(
    emulator: Running, path: str, origin: str, accepted: bool
) -> None:
    response = httpx.post(emulator.url + path, headers={**KEY, "Origin": origin})
    assert (response.status_code != 403) == accepted
    if not accepted:
        assert response.json() == {"detail": "Requests from web pages of other sites are refused (Origin header)"}


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({"Content-Type": "application/json"}, b'{"advance_seconds": 1}', 200),
        ({"Content-Type": "Application/JSON; charset=utf-8"}, b'{"advance_seconds": 1}', 200),
        ({"Content-Type": "text/plain"}, b'{"advance_seconds": 1}', 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, b'{"advance_seconds": 1}', 415),
        ({"Content-Type": "text/plain"}, b"", 415),
        ({}, b'{"advance_seconds": 1}', 415),
    ],
)
def test_an_admin_call_needs_a_json_content_type(
    emulator: Running, headers: dict[str, str], content: bytes, status: int
) -> None:
    response = httpx.post(f"{emulator.url}/_emulator/clock", headers=headers, content=content)
    assert response.status_code == status
    if status == 415:
        assert response.json() == {"detail": "Send `Content-Type: application/json`"}
        assert httpx.get(f"{emulator.url}/_emulator/clock").json()["offset_seconds"] == 0


def test_an_admin_body_in_chunks_needs_a_json_content_type_too(emulator: Running) -> None:
    response = httpx.post(f"{emulator.url}/_emulator/clock", content=iter([b'{"advance_seconds"', b": 1}"]))
    assert response.status_code == 415


def test_an_admin_call_without_a_body_needs_no_content_type(emulator: Running) -> None:
    assert httpx.post(f"{emulator.url}/_emulator/reset").json() == {"status": "reset"}


def test_a_request_without_a_host_header_is_accepted(emulator: Running) -> None:
    """HTTP/1.0 has none, and no browser speaks it."""
    with socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2]))) as connection:
        connection.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("address", "status"), [("127.0.0.1", 200), ("::1", 200), ("192.0.2.7", 403), ("not-an-address", 403)]
)
async def test_the_admin_api_accepts_loopback_callers_only(world: World, address: str, status: int) -> None:
    transport = httpx.ASGITransport(Guard(build(world), local=False), client=(address, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        assert (await client.get(ADMIN)).status_code == status


@pytest.mark.anyio
@pytest.mark.parametrize(("path", "status"), [(DOMAIN, 404), (ADMIN, 403)])
async def test_where_others_may_connect_only_the_admin_api_checks_the_host(
    world: World, path: str, status: int
) -> None:
    """Other machines reach the API under any name, such as that of a container."""
    transport = httpx.ASGITransport(Guard(build(world), local=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://emulator:8321", headers=KEY) as client:
        assert (await client.get(path)).status_code == status


@pytest.mark.parametrize(
    ("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("localhost", "localhost")]
)
def test_the_url_works_on_this_machine_wherever_the_server_listens(world: World, host: str, shown: str) -> None:
    if ":" in host and not socket.has_ipv6:
        pytest.skip("this machine has no IPv6")
    with running(host=host) as emulator:
        assert emulator.url.startswith(f"http://{shown}:")
        assert httpx.get(f"{emulator.url}/health").status_code == 200
