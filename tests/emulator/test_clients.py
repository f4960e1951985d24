"""What the official clients send, replayed byte for byte: paths, slashes, headers and bodies recorded from their sources."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from reconciler.emulator.auth import Account
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from emulator_fixture import Running

pytestmark = pytest.mark.calm("tests the emulator itself")

ENVIRONMENT = "11111111-1111-4111-8111-111111111111"
FIELDS = [
    "id",
    "environment_id",
    "hostname",
    "cname_record",
    "cname_value",
    "dcv_cname_record",
    "dcv_cname_value",
    "certificate_status",
    "status",
    "last_verified_at",
    "created_at",
    "updated_at",
]


@dataclass(frozen=True)
class Shape:
    """How one client asks: headers on every call, the client-wide environment header, and what a body adds."""

    name: str
    headers: dict[str, str] = field(default_factory=dict)
    sends_environment: bool = False

    def send(self, url: str, method: str, path: str, body: object = None) -> tuple[int, dict[str, str], bytes]:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
        headers = {"Authorization": "Bearer key-a", "Accept": "application/json", **self.headers}
        if self.sends_environment:
            headers["X-Environment-Id"] = ENVIRONMENT
        content = None
        if body is not None:
            headers["Content-Type"] = "application/json"
            content = json.dumps(body)
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
        connection.close()
        return found


SHAPES = [
    # fetch in Node names itself; the SDK has no option for an environment.
    Shape("node", {"User-Agent": "node", "Accept-Language": "*", "Sec-Fetch-Mode": "cors"}),
    Shape("python", {"User-Agent": "imgwire-python/0.1.0"}),
    Shape("python-with-environment", {"User-Agent": "imgwire-python/0.1.0"}, sends_environment=True),
    Shape("go", {"User-Agent": "imgwire-go/0.1.0", "Accept-Encoding": "gzip"}),
    Shape("go-with-environment", {"User-Agent": "imgwire-go/0.1.0", "Accept-Encoding": "gzip"}, sends_environment=True),
    Shape("ruby", {"User-Agent": "imgwire-ruby/0.2.0", "Expect": ""}),
    Shape("ruby-with-environment", {"User-Agent": "imgwire-ruby/0.2.0", "Expect": ""}, sends_environment=True),
]


@pytest.fixture
def quiet(emulator: Running) -> Running:
    emulator.world.auth.register([Account("a", Secret("key-a"), ENVIRONMENT)])
    return emulator


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_official_clients_complete_the_life_of_a_domain(quiet: Running, shape: Shape) -> None:
    calls: list[tuple[str, str, Any]] = [
        ("POST", "/api/v1/custom_domain/", {"hostname": "images.example.com"}),
        ("GET", "/api/v1/custom_domain/", None),
        # Without a body and without a Content-Type, as the SDKs send it.
        ("POST", "/api/v1/custom_domain/test_connection", None),
        ("DELETE", "/api/v1/custom_domain/", None),
    ]
    answers = [shape.send(quiet.url, *call) for call in calls]
    assert [(status, headers["content-type"]) for status, headers, _ in answers] == [(200, "application/json")] * 4
    created, read, checked, deleted = (json.loads(body) for _, _, body in answers)
    # Go and Python need every property; Go, Python and Ruby fail on enum words that they do not know.
    assert [list(item) for item in (created, read, checked)] == [FIELDS] * 3
    assert created == read
    assert (read["status"], read["certificate_status"]) == ("PENDING", "PENDING")
    assert (checked["status"], checked["certificate_status"]) == ("CONNECTED", "ACTIVE")
    assert deleted == {"status": "deleted"}


def test_the_node_client_gets_404_with_a_slash_at_the_end_of_the_base_url(quiet: Running) -> None:
    status, _, body = SHAPES[0].send(quiet.url, "GET", "//api/v1/custom_domain/")
    assert (status, json.loads(body)) == (404, {"detail": "Not Found"})


def test_the_environment_id_of_the_readme_is_invalid(quiet: Running) -> None:
    shape = Shape("readme", {"X-Environment-Id": "env_123"})
    status, _, body = shape.send(quiet.url, "GET", "/api/v1/custom_domain/")
    message = "Input should be a valid UUID, invalid character: found `n` at 1"
    item = {"loc": ["header", "X-Environment-Id"], "msg": message, "type": "uuid_parsing"}
    assert (status, json.loads(body)) == (422, {"detail": [item]})


def test_the_official_command_line_can_log_in(quiet: Running) -> None:
    status, headers, body = SHAPES[0].send(quiet.url, "GET", "/api/v1/images/?limit=1&page=1")
    assert (status, json.loads(body)) == (200, [])
    assert {name: value for name, value in headers.items() if name in _PAGES} == _PAGES


_PAGES = {"x-total-count": "0", "x-page": "1", "x-limit": "1", "x-prev-page": "null", "x-next-page": "null"}


@pytest.mark.parametrize(
    ("method", "path", "location"),
    [
        ("GET", "/api/v1/custom_domain", "/api/v1/custom_domain/"),
        ("POST", "/api/v1/custom_domain/test_connection/", "/api/v1/custom_domain/test_connection"),
        ("GET", "/api/v1/images?limit=1&page=1", "/api/v1/images/?limit=1&page=1"),
        ("GET", f"/api/v1/environments/{ENVIRONMENT}/", f"/api/v1/environments/{ENVIRONMENT}"),
    ],
)
@pytest.mark.parametrize("slash", ["redirect", "not-found", "accept"])
def test_a_missing_or_extra_slash_follows_the_switch(
    quiet: Running, method: str, path: str, location: str, slash: Any
) -> None:
    quiet.world.switches = quiet.world.switches.with_text("slash", slash)
    status, headers, body = SHAPES[0].send(quiet.url, method, path)
    if slash == "redirect":
        assert (status, headers["location"]) == (307, quiet.url + location)
    elif slash == "not-found":
        assert (status, json.loads(body)) == (404, {"detail": "Not Found"})
    else:
        declared = SHAPES[0].send(quiet.url, method, location)
        assert (status, body) == (declared[0], declared[2])


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/v1/custom_domain/", "GET, POST, DELETE"),
        ("PATCH", "/api/v1/custom_domain/", "GET, POST, DELETE"),
        ("GET", "/api/v1/custom_domain/test_connection", "POST"),
    ],
)
def test_there_is_no_update(quiet: Running, method: str, path: str, allowed: str) -> None:
    status, headers, body = SHAPES[0].send(quiet.url, method, path)
    assert (status, headers["allow"], json.loads(body)) == (405, allowed, {"detail": "Method Not Allowed"})
