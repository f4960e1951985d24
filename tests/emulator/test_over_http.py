"""The emulator as a client meets it over real HTTP: keys, switches, error responses, the state file."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from emulator_fixture import running

from reconciler.emulator.state import Environment, Organization, digest
from reconciler.emulator.store import FileStore
from reconciler.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator_fixture import Running

pytestmark = pytest.mark.calm("tests the emulator itself")

DOMAIN = "/api/v1/custom_domain/"
A = "11111111-1111-4111-8111-111111111111"
KEY = {"Authorization": "Bearer sk_one"}
FASTAPI = Switches(validation_form="fastapi")


@contextmanager
def client(emulator: Running, **headers: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.url, headers={**KEY, **headers}) as found:
        yield found


def create(http: httpx.Client, hostname: str = "images.example.com") -> httpx.Response:
    return http.post(DOMAIN, json={"hostname": hostname})


# Keys


def test_a_client_key_is_refused_even_where_it_is_registered(emulator: Running) -> None:
    register = f"{emulator.url}/_emulator/environments/{A}"
    refused = httpx.put(register, json={"name": "a", "key": "ck_client"})
    assert (refused.status_code, refused.json()) == (
        400,
        {"detail": "Client Keys (`ck_…`) cannot manage custom domains: register a Server API Key"},
    )
    httpx.put(register, json={"name": "a", "key": "sk_one"}).raise_for_status()
    with emulator.world.writing() as state:  # as an edited state file could have it
        state.put(next(iter(state.keys.values())), digest("ck_client"))
    response = httpx.get(emulator.url + DOMAIN, headers={"Authorization": "Bearer ck_client"})
    assert (response.status_code, response.json()["error_type"]) == (401, "InvalidTokenError")


# Switches


@pytest.mark.parametrize(
    ("blocks", "statuses"),
    [
        ("creates", {"read": 200, "test": 200, "delete": 200, "create": 402}),
        ("writes", {"read": 200, "test": 200, "delete": 402, "create": 402}),
        ("all", {"read": 402, "test": 402, "delete": 402, "create": 402}),
    ],
)
def test_calls_refused_without_a_plan_follow_the_switch(
    emulator: Running, blocks: Any, statuses: dict[str, int]
) -> None:
    with client(emulator) as http:
        create(http)
        emulator.world.switches = Switches(payment_blocks=blocks)
        with emulator.world.writing() as state:
            state.put(Organization(subscription_status="CANCELED"))
        assert {
            "read": http.get(DOMAIN).status_code,
            "test": http.post(f"{DOMAIN}test_connection").status_code,
            "delete": http.delete(DOMAIN).status_code,
            "create": create(http, "other.example.com").status_code,
        } == statuses


@pytest.mark.parametrize("hostname", ["a.imgwire.dev", "a.IMGWIRE.dev", "a.imgwire.Dev", "A.B.ImgWire.DEV"])
def test_names_below_imgwire_dev_are_refused_in_any_case(emulator: Running, hostname: str) -> None:
    emulator.world.switches = Switches(imgwire_names="refuse")
    with client(emulator) as http:
        assert create(http, hostname).status_code == 422
        emulator.world.switches = Switches()
        assert create(http, hostname).status_code == 200


def test_a_delegated_validation_target_is_the_hostname_below_one_host(emulator: Running) -> None:
    emulator.world.switches = Switches(dcv="delegated")
    with client(emulator) as http, client(emulator, Authorization="Bearer sk_two") as other:
        targets = [
            create(http, "Images.example.com").json()["dcv_cname_value"],
            create(other, "cdn.example.com").json()["dcv_cname_value"],
        ]
    host = "0123456789abcdef.dcv.cloudflare.com"
    assert targets == [f"images.example.com.{host}", f"cdn.example.com.{host}"]


@pytest.mark.parametrize(("form", "expected"), [("null", None), ("empty", "")])
def test_dns_properties_can_be_null_or_empty(emulator: Running, form: Any, expected: Any) -> None:
    emulator.world.switches = Switches(dns_fields=form)
    with client(emulator) as http:
        created = create(http).json()
        assert http.get(DOMAIN).json() == created
    names = ("cname_record", "cname_value", "dcv_cname_record", "dcv_cname_value")
    assert [created[name] for name in names] == [expected] * 4
    assert created["hostname"] == "images.example.com"


def test_dns_properties_can_be_missing(emulator: Running) -> None:
    emulator.world.switches = Switches(dns_fields="missing")
    with client(emulator) as http:
        assert list(create(http).json()) == [
            *("id", "environment_id", "hostname"),
            *("certificate_status", "status", "last_verified_at", "created_at", "updated_at"),
        ]


def test_reads_lag_behind_creates_and_deletes(emulator: Running) -> None:
    emulator.world.switches = Switches(stale_reads=2)
    with client(emulator) as http:
        create(http)
        assert [http.get(DOMAIN).status_code for _ in range(3)] == [404, 404, 200]
        http.delete(DOMAIN)
        assert [http.get(DOMAIN).status_code for _ in range(3)] == [200, 200, 404]
        create(http, "other.example.com")
        http.delete(DOMAIN)  # before any read: the reads still show the state before the create
        assert [http.get(DOMAIN).status_code for _ in range(3)] == [404, 404, 404]


def test_reads_that_lag_are_forgotten_by_a_reset(emulator: Running) -> None:
    emulator.world.switches = Switches(stale_reads=2)
    with client(emulator) as http:
        create(http)
        emulator.world.reset()
        emulator.world.switches = Switches()
        create(http)
        assert http.get(DOMAIN).status_code == 200


# Error responses


@pytest.mark.parametrize(
    ("content", "status", "expected"),
    [
        (b"", 422, {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}),
        (b"null", 422, {"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}),
        (
            b'{"hostname": ',
            422,
            {
                "type": "json_invalid",
                "loc": ["body", 13],
                "msg": "JSON decode error",
                "input": {},
                "ctx": {"error": "Expecting value"},
            },
        ),
        (
            b"[]",
            422,
            {
                "type": "model_attributes_type",
                "loc": ["body"],
                "msg": "Input should be a valid dictionary or object to extract fields from",
                "input": [],
            },
        ),
        (b"{}", 422, {"type": "missing", "loc": ["body", "hostname"], "msg": "Field required", "input": {}}),
        (
            b'{"hostname": 1}',
            422,
            {
                "type": "string_type",
                "loc": ["body", "hostname"],
                "msg": "Input should be a valid string",
                "input": 1,
            },
        ),
        (
            b'{"hostname": "example.com"}',
            422,
            {
                "type": "value_error",
                "loc": ["body", "hostname"],
                "msg": "Value error, hostname must be a subdomain such as images.example.com, not an apex domain",
                "input": "example.com",
                "ctx": {"error": {}},
            },
        ),
        (b'{"hostname": "\xff"}', 400, "There was an error parsing the body"),
    ],
    ids=["empty", "null", "cut", "list", "missing", "number", "hostname", "bytes"],
)
def test_the_fastapi_form_of_a_wrong_body(emulator: Running, content: bytes, status: int, expected: Any) -> None:
    """Compared with FastAPI 0.115.12 and Pydantic 2."""
    emulator.world.switches = FASTAPI
    with client(emulator) as http:
        response = http.post(DOMAIN, content=content, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["detail"]) == (status, [expected] if status == 422 else expected)


def test_the_fastapi_form_of_json_under_another_content_type(emulator: Running) -> None:
    emulator.world.switches = FASTAPI
    content = b'{"hostname": "images.example.com"}'
    with client(emulator) as http:
        response = http.post(DOMAIN, content=content, headers={"Content-Type": "text/plain"})
        assert response.json()["detail"][0]["input"] == content.decode()
        assert http.post(DOMAIN, content=content).status_code == 200  # without a type it is read as JSON


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("env_123", "invalid character: found `n` at 1"),
        ("1111", "invalid length: found 4"),
        ("", "invalid length: found 0"),
    ],
)
def test_the_fastapi_form_of_a_wrong_header(emulator: Running, header: str, reason: str) -> None:
    emulator.world.switches = FASTAPI
    with client(emulator, **{"X-Environment-Id": header}) as http:
        response = http.get(DOMAIN)
    expected = {
        "type": "uuid_parsing",
        "loc": ["header", "x-environment-id"],
        "msg": f"Input should be a valid UUID, {reason}",
        "input": header,
        "ctx": {"error": reason},
    }
    assert (response.status_code, response.json()) == (422, {"detail": [expected]})


def test_the_fastapi_form_accepts_uuids_without_hyphens(emulator: Running) -> None:
    httpx.put(f"{emulator.url}/_emulator/environments/{A}", json={"key": "sk_one"}).raise_for_status()
    with client(emulator, **{"X-Environment-Id": A.replace("-", "")}) as http:
        assert http.get(DOMAIN).status_code == 422
        emulator.world.switches = FASTAPI
        assert create(http).json()["environment_id"] == A


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("page=0", {"type": "greater_than_equal", "input": "0", "ctx": {"ge": 1}}),
        ("limit=101", {"type": "less_than_equal", "input": "101", "ctx": {"le": 100}}),
        ("limit=x", {"type": "int_parsing", "input": "x"}),
    ],
)
def test_the_fastapi_form_of_a_wrong_query(emulator: Running, query: str, expected: dict[str, Any]) -> None:
    emulator.world.switches = FASTAPI
    with client(emulator) as http:
        (item,) = http.get(f"/api/v1/images/?{query}").json()["detail"]
    assert {name: value for name, value in item.items() if name not in {"loc", "msg"}} == expected


@pytest.mark.parametrize("form", ["document", "fastapi"])
@pytest.mark.parametrize("environment_id", ["not-a-uuid", "1", f"{A}0", "%7B"])
def test_an_environment_id_that_is_no_uuid_is_invalid(emulator: Running, form: Any, environment_id: str) -> None:
    emulator.world.switches = Switches(validation_form=form)
    with client(emulator, Authorization="Bearer session_x") as http:
        response = http.get(f"/api/v1/environments/{environment_id}")
    (item,) = response.json()["detail"]
    assert (response.status_code, item["loc"], item["type"]) == (422, ["path", "environment_id"], "uuid_parsing")
    assert ("input" in item) == (form == "fastapi")


def test_pagination_headers_have_the_declared_case(emulator: Running) -> None:
    """The official Python SDK looks them up in this case."""
    with socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2]))) as connection:
        request = "GET /api/v1/images/?limit=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_one\r\n"
        connection.sendall(f"{request}Connection: close\r\n\r\n".encode())
        head = b"".join(iter(lambda: connection.recv(4096), b"")).partition(b"\r\n\r\n")[0].decode()
    names = [line.partition(":")[0] for line in head.split("\r\n")]
    assert [name for name in names if name.lower().startswith("x-") and name.lower() != "x-emulator"] == [
        *("X-Total-Count", "X-Page", "X-Limit", "X-Prev-Page", "X-Next-Page")
    ]


def test_an_unexpected_error_is_json_and_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with running() as emulator, client(emulator) as http:

        def fail(_: str) -> None:
            raise ZeroDivisionError("division by zero")

        monkeypatch.setattr(emulator.world.domains, "read", fail)
        response = http.get(DOMAIN)
        assert (response.status_code, response.headers["content-type"]) == (500, "application/json")
        assert response.json() == {"detail": "The emulator failed: ZeroDivisionError: division by zero"}
        assert http.get("/health").status_code == 200
        assert [(entry["path"], entry["status"]) for entry in emulator.world.log.entries()] == [
            (DOMAIN, 500),
            ("/health", 200),
        ]
    assert [record.getMessage() for record in caplog.records] == ["the emulator failed: this is a bug"]


def test_a_creation_time_that_is_no_time_breaks_nothing(emulator: Running) -> None:
    with client(emulator) as http:
        environment = create(http).json()["environment_id"]
        change = {"created_at": "yesterday"}
        httpx.patch(f"{emulator.url}/_emulator/environments/{environment}/domain", json=change).raise_for_status()
        emulator.world.switches = Switches(settle_seconds=0.0, check="seconds", check_seconds=0.0)
        assert http.get(DOMAIN).json()["created_at"] == "yesterday"
        assert http.post(f"{DOMAIN}test_connection").json()["status"] == "PENDING"


def test_a_log_that_cannot_be_written_is_reported() -> None:
    command = [sys.executable, "-m", "reconciler", "emulator", "--port", "0", "--log", "/dev/full"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        response = httpx.get(f"{process.stdout.readline().strip()}/health")
        process.terminate()
    assert (response.status_code, response.json()) == (
        500,
        {"detail": "/dev/full: cannot be written: No space left on device"},
    )
    assert process.returncode == 0


# The state file


def set_status(path: Path, before: str, after: str) -> None:
    """A hand edit."""
    text = path.read_text()
    assert f'"status": "{before}"' in text
    path.write_text(text.replace(f'"status": "{before}"', f'"status": "{after}"', 1))


@contextmanager
def served(path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    command = [sys.executable, "-m", "reconciler", "emulator", "--port", "0", "--state", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def stop(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.terminate()
    stderr = process.communicate(timeout=20)[1]
    return process.returncode, stderr


def test_a_hand_edit_of_the_state_file_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    with served(path) as (process, url):
        httpx.post(url + DOMAIN, json={"hostname": "images.example.com"}, headers=KEY).raise_for_status()
        assert json.loads(path.read_text())["environments"], "the file holds everything that was written"
        set_status(path, "PENDING", "FAILED")
        assert httpx.get(url + DOMAIN, headers=KEY).json()["status"] == "FAILED"
        set_status(path, "FAILED", "REVIEWING")
        assert stop(process)[0] == 0
    assert '"status": "REVIEWING"' in path.read_text()
    with served(path) as (_, url):
        assert httpx.get(url + DOMAIN, headers=KEY).json()["status"] == "REVIEWING"


def large(path: Path) -> None:
    """A state file so large that the emulator writes a journal beside it."""
    with FileStore(path).write() as state:
        for index in range(2000):
            name = f"00000000-0000-4000-8000-{index:012d}"
            state.put(Environment(name, f"environment-{index}", "2026-09-21T14:13:20Z", "2026-09-21T14:13:20Z"))
    assert path.stat().st_size > 256 * 1024


def test_the_journal_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    large(path)
    with served(path) as (_, url):
        httpx.post(url + DOMAIN, json={"hostname": "images.example.com"}, headers=KEY).raise_for_status()
        modes = {item.name: stat.S_IMODE(item.stat().st_mode) for item in tmp_path.iterdir()}
    assert modes == {"s.json": 0o600, "s.json.journal": 0o600, "s.json.lock": 0o600}


def test_an_edit_of_a_file_with_a_journal_is_refused_and_nothing_is_lost(tmp_path: Path) -> None:
    path, journal = tmp_path / "s.json", tmp_path / "s.json.journal"
    large(path)
    unedited = path.read_text()
    edited = unedited.replace("environment-7", "environment-seven", 1)
    with served(path) as (process, url):
        httpx.post(url + DOMAIN, json={"hostname": "images.example.com"}, headers=KEY).raise_for_status()
        writes = journal.read_text()
        path.write_text(edited)
        refusal = (
            f"{path}: edited while s.json.journal contains 2 later writes. "
            "Delete s.json.journal to keep the edit, or undo the edit to keep the writes"
        )
        response = httpx.get(url + DOMAIN, headers=KEY)
        assert (response.status_code, response.json()) == (500, {"detail": refusal})
        code, stderr = stop(process)
        assert (code, stderr.splitlines()[-1]) == (1, f"error: {refusal}")
    assert (path.read_text(), journal.read_text()) == (edited, writes)
    path.write_text(unedited)
    with served(path) as (process, url):
        assert httpx.get(url + DOMAIN, headers=KEY).json()["hostname"] == "images.example.com"
        path.write_text(edited)
        journal.unlink()
        names = {item["name"] for item in httpx.get(f"{url}/_emulator/environments").json().values()}
        assert "environment-seven" in names
        assert stop(process)[0] == 0


def test_a_file_that_is_broken_by_an_edit_is_kept_and_reported(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    with served(path) as (process, url):
        httpx.post(url + DOMAIN, json={"hostname": "images.example.com"}, headers=KEY).raise_for_status()
        whole = path.read_text()
        path.write_text(whole[:-5])
        response = httpx.get(url + DOMAIN, headers=KEY)
        assert (response.status_code, response.json()) == (
            500,
            {"detail": f"{path}: not a state of the emulator, or damaged"},
        )
        path.write_text(whole)
        assert httpx.get(url + DOMAIN, headers=KEY).status_code == 200
        path.write_text(whole[:-5])
        assert stop(process)[0] == 1
    assert path.read_text() == whole[:-5]


# Options


@pytest.mark.parametrize(
    "address",
    ["ns1.example.com", "127.0.0.1:0", "127.0.0.1:x", "[::1", "", "1.2.3.4:99999", "https://192.0.2.1/dns-query"],
)
def test_a_dns_server_that_is_no_address_is_refused_before_serving(address: str) -> None:
    command = [sys.executable, "-m", "reconciler", "emulator", "--port", "0", "--dns-server", address]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (64, "")
    assert f"'{address}' is not ADDRESS[:PORT]" in " ".join(done.stderr.split())
