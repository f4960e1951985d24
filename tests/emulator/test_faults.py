"""Faults, chaos and limits: over a socket where a connection must really break, else in process."""

from __future__ import annotations

import gzip
import json
import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from emulator_fixture import running
from hypothesis import given
from hypothesis import strategies as st

from reconciler.emulator.app import ConnectionDropped, build
from reconciler.emulator.caller import Caller
from reconciler.emulator.chaos import Chaos, ChaosSettings
from reconciler.emulator.faults import Fault, FaultError, Faults, Kind, read_faults
from reconciler.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator_fixture import Running

    from reconciler.emulator.world import World

pytestmark = pytest.mark.calm("tests the emulator itself")

DOMAIN = "/api/v1/custom_domain/"
HEADERS = {"Authorization": "Bearer sk_one"}
ABSENT = {"detail": "Custom domain not found", "error_type": "ResourceNotFoundError"}


@pytest.fixture
def client(emulator: Running) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=emulator.url, headers=HEADERS) as found:
        yield found


def create(client: httpx.Client) -> httpx.Response:
    return client.post(DOMAIN, json={"hostname": "images.example.com"})


def exists(client: httpx.Client) -> bool:
    return client.get(DOMAIN).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "headers", "body"),
    [
        (Fault(Kind.STATUS), 500, {}, {"detail": "The emulator fails this request on purpose"}),
        (
            Fault(Kind.STATUS, status=403, error_type="OperationNotAllowedError", detail="No"),
            403,
            {},
            {"detail": "No", "error_type": "OperationNotAllowedError"},
        ),
        (Fault(Kind.STATUS, status=418, body=[1]), 418, {}, [1]),
        (
            Fault(Kind.RATE_LIMIT, retry_after="7"),
            429,
            {"retry-after": "7"},
            {"detail": "The emulator fails this request on purpose"},
        ),
        (Fault(Kind.GARBAGE, body={"a": 1}), 200, {}, {"a": 1}),
    ],
)
def test_a_fault_answers_in_json(
    emulator: Running, client: httpx.Client, fault: Fault, status: int, headers: dict[str, str], body: Any
) -> None:
    emulator.world.faults.add(fault)
    answer = create(client)
    assert (answer.status_code, answer.json(), answer.headers["content-type"]) == (status, body, "application/json")
    assert {name: value for name, value in answer.headers.items() if name == "retry-after"} == headers
    assert not exists(client)


@pytest.mark.parametrize(
    "fault", [Fault(Kind.GARBAGE), Fault(Kind.STATUS, status=502, body="<html>Bad Gateway</html>")], ids=["200", "502"]
)
def test_a_fault_answers_in_html(emulator: Running, client: httpx.Client, fault: Fault) -> None:
    emulator.world.faults.add(fault)
    answer = create(client)
    assert answer.headers["content-type"] == "text/html"
    assert answer.text.startswith("<html>")
    assert not exists(client)


def test_a_redirect_has_its_location(emulator: Running, client: httpx.Client) -> None:
    emulator.world.faults.add(Fault(Kind.REDIRECT, location="https://login.example/"))
    answer = client.get(DOMAIN)
    assert (answer.status_code, answer.headers["location"]) == (307, "https://login.example/")


@pytest.mark.parametrize(
    ("fault", "done"),
    [
        (Fault(Kind.DROP_BEFORE), False),
        (Fault(Kind.DROP_AFTER), True),
        (Fault(Kind.TRUNCATE), True),
    ],
    ids=["before", "after", "truncated"],
)
def test_a_dropped_connection_is_really_closed(
    emulator: Running, client: httpx.Client, fault: Fault, done: bool
) -> None:
    emulator.world.faults.add(fault)
    with pytest.raises(
        (httpx.RemoteProtocolError, httpx.ReadError)
    ):  # closed, or reset while the body was still coming
        create(client)
    assert exists(client) == done
    entry = emulator.world.log.entries()[0]
    assert (entry["fault"], entry["acted"], entry["status"]) == (fault.kind, done, None)


def test_a_fault_can_fail_a_request_that_was_carried_out(emulator: Running, client: httpx.Client) -> None:
    emulator.world.faults.add(Fault(Kind.STATUS, status=503, act=True))
    assert create(client).status_code == 503
    assert exists(client)


@pytest.mark.parametrize(("status", "name"), [(402, "PaymentRequiredError"), (503, None)])
def test_creates_can_be_refused_for_ever_with_a_retry_after(
    emulator: Running, client: httpx.Client, status: int, name: str | None
) -> None:
    body = {"kind": "status", "method": "POST", "path": DOMAIN, "status": status, "error_type": name, "times": None}
    added = client.post("/_emulator/faults", json={**body, "retry_after": 3600})
    assert added.status_code == 200
    for _ in range(3):
        answer = create(client)
        assert (answer.status_code, answer.headers["retry-after"]) == (status, "3600")
        assert answer.json().get("error_type") == name
    assert client.get(DOMAIN).json() == ABSENT


def test_any_property_of_a_response_can_be_null_or_missing(emulator: Running, client: httpx.Client) -> None:
    fault = {"kind": "fields", "method": "POST", "values": {"dcv_cname_value": None}, "omit": ["created_at"]}
    assert client.post("/_emulator/faults", json=fault).status_code == 200
    created = create(client).json()
    read = client.get(DOMAIN).json()
    assert created == {**{name: read[name] for name in read if name != "created_at"}, "dcv_cname_value": None}
    assert read["dcv_cname_value"]


def test_a_fault_of_fields_does_not_change_error_responses(emulator: Running, client: httpx.Client) -> None:
    emulator.world.faults.add(Fault(Kind.FIELDS, values={"detail": "changed"}))
    assert client.get(DOMAIN).json() == ABSENT


def test_a_response_can_be_compressed_without_being_requested(emulator: Running, client: httpx.Client) -> None:
    emulator.world.faults.add(Fault(Kind.GZIP))
    with client.stream("GET", DOMAIN, headers={"Accept-Encoding": "identity"}) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-length"] == str(len(raw))
    assert json.loads(gzip.decompress(raw)) == ABSENT


def test_a_second_response_follows_on_the_same_connection(emulator: Running) -> None:
    emulator.world.faults.add(Fault(Kind.SECOND_RESPONSE, status=200, body={"status": "deleted"}))
    with socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2]))) as connection:
        connection.sendall(f"GET {DOMAIN} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_one\r\n\r\n".encode())
        data = b""
        while b'"deleted"}' not in data:
            data += connection.recv(4096)
        first, second = data.split(b"HTTP/1.1 ")[1:]
        assert first.startswith(b"404 Not Found\r\n")
        assert json.loads(first.rpartition(b"\r\n\r\n")[2]) == ABSENT
        assert second == (
            b"200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n" + b'{"status": "deleted"}'
        )
        # The connection stays open, as if nothing had happened.
        connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK\r\n")


def test_faults_of_different_kinds_take_turns_over_http(emulator: Running, client: httpx.Client) -> None:
    faults = [
        {"kind": "status", "status": 503, "times": 2},
        {"kind": "rate_limit", "retry_after": 0},
        {"kind": "garbage"},
    ]
    assert client.post("/_emulator/faults", json=faults).status_code == 200
    assert [client.get(DOMAIN).status_code for _ in range(5)] == [503, 429, 200, 503, 404]


@pytest.mark.parametrize("seconds", [0, 0.0])
def test_seconds_of_a_fault_may_be_an_integer(client: httpx.Client, seconds: float) -> None:
    answer = client.post("/_emulator/faults", json={"kind": "delay", "seconds": seconds})
    assert (answer.status_code, answer.json()[0]["seconds"]) == (200, 0)


async def ask(app: Any, method: str = "GET", path: str = DOMAIN) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x", headers=HEADERS) as client:
        return await client.request(method, path)


@pytest.mark.anyio
@pytest.mark.parametrize(("kind", "after"), [(Kind.DROP_BEFORE, False), (Kind.DROP_AFTER, True), (Kind.TRUNCATE, True)])
async def test_in_process_a_dropped_connection_is_an_exception(world: World, kind: Kind, after: bool) -> None:
    world.faults.add(Fault(kind))
    with pytest.raises(ConnectionDropped) as dropped:
        await ask(build(world))
    assert dropped.value.after == after


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("switches", "fault", "slept"),
    [
        (Switches(), Fault(Kind.DELAY, seconds=3), [3]),
        (Switches(latency=0.25), None, [0.25]),
        (Switches(latency=0.25), Fault(Kind.STATUS, seconds=1), [1.25]),
        (Switches(), Fault(Kind.DRIP, seconds=5), [0.5] * 9),
    ],
    ids=["delay", "latency", "both", "drip"],
)
async def test_delays_last_as_long_as_configured(
    world: World, switches: Switches, fault: Fault | None, slept: list[float]
) -> None:
    found: list[float] = []

    async def sleep(seconds: float) -> None:
        found.append(seconds)

    world.switches = switches
    if fault:
        world.faults.add(fault)
    answer = await ask(build(world, sleep=sleep))
    assert found == slept
    if fault is None or fault.kind is not Kind.STATUS:
        assert (answer.status_code, answer.json()) == (404, ABSENT)


def struck(faults: Faults, *calls: tuple[str, str, Caller]) -> list[str | None]:
    found = [faults.next_fault(*call) for call in calls]
    return [fault and fault.detail for fault in found]


def test_faults_apply_to_the_requests_they_match() -> None:
    get, post, test = ("GET", DOMAIN), ("POST", DOMAIN), ("POST", f"{DOMAIN}test_connection")
    a, b = Caller("x", "key-a", "id-a", "name-a"), Caller("y", "key-b", "id-b", "name-b")

    def one(**match: Any) -> Faults:
        return Faults([Fault(Kind.STATUS, detail="hit", times=None, **match)])

    calls = [(*call, caller) for caller in (a, b) for call in (get, post, test)]
    assert struck(one(), *calls) == ["hit"] * 6
    assert struck(one(method="GET"), *calls) == ["hit", None, None] * 2
    assert struck(one(path=DOMAIN), *calls) == ["hit", "hit", None] * 2
    assert struck(one(path="*/test_connection"), *calls) == [None, None, "hit"] * 2
    assert struck(one(key="key-b"), *calls) == [None] * 3 + ["hit"] * 3
    assert struck(one(environment="id-a"), *calls) == ["hit"] * 3 + [None] * 3
    assert struck(one(environment="name-a"), *calls) == ["hit"] * 3 + [None] * 3


def test_faults_apply_from_the_nth_match_on() -> None:
    call = ("GET", DOMAIN, Caller())
    third = Fault(Kind.STATUS, detail="third", nth=3)
    assert struck(Faults([third]), *[call] * 5) == [None, None, "third", None, None]
    from_second = Fault(Kind.STATUS, detail="two", nth=2, times=2)
    assert struck(Faults([from_second]), *[call] * 5) == [None, "two", "two", None, None]
    forever = Fault(Kind.STATUS, detail="rest", times=None)
    assert struck(Faults([third, forever]), *[call] * 4) == ["rest", "rest", "third", "rest"]


def test_faults_that_are_due_for_the_same_request_take_turns() -> None:
    call = ("GET", DOMAIN, Caller())
    once, twice = Fault(Kind.STATUS, detail="once"), Fault(Kind.DROP_AFTER, detail="twice", times=2)
    assert struck(Faults([once, twice]), *[call] * 4) == ["once", "twice", "twice", None]
    assert struck(Faults([twice, once]), *[call] * 4) == ["twice", "once", "twice", None]
    forever = Fault(Kind.RATE_LIMIT, detail="forever", times=None)
    assert struck(Faults([forever, twice]), *[call] * 6) == ["forever", "twice", "forever", "twice", *["forever"] * 2]
    second = Fault(Kind.GARBAGE, detail="second", nth=2)
    assert struck(Faults([once, second]), *[call] * 3) == ["once", "second", None]
    assert struck(Faults([second, Fault(Kind.STATUS, detail="also", nth=2)]), *[call] * 3) == [None, "second", "also"]


@pytest.mark.parametrize(
    ("plain", "message"),
    [
        ([], "a fault is an object"),
        ({}, "`kind` of a fault is one of: status, delay, "),
        ({"kind": "explode"}, "`kind` of a fault is one of: status, delay, "),
        ({"kind": "delay", "sceonds": 1}, "unknown property of a fault: sceonds"),
        ({"kind": "delay", "seconds": "1"}, "`seconds` of a fault is of the wrong type"),
        ({"kind": "delay", "seconds": True}, "`seconds` of a fault is of the wrong type"),
        ({"kind": "status", "status": 99}, "`nth` and `times` of a fault count from 1"),
        ({"kind": "status", "nth": 0}, "`nth` and `times` of a fault count from 1"),
        ({"kind": "fields", "values": []}, "`values` of a fault is of the wrong type"),
        ({"kind": "fields", "omit": "x"}, "`omit` of a fault is of the wrong type"),
        ({"kind": "fields", "omit": [1]}, "`omit` of a fault is a list of property names"),
    ],
)
def test_an_invalid_fault_is_refused(plain: object, message: str) -> None:
    with pytest.raises(FaultError) as refused:
        Fault.of(plain)
    assert str(refused.value).startswith(message)


def test_faults_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.json"
    path.write_text('[{"kind": "rate_limit", "method": "get", "retry_after": 3}, {"kind": "drop_after", "nth": 2}]')
    expected = (Fault(Kind.RATE_LIMIT, method="GET", retry_after="3"), Fault(Kind.DROP_AFTER, nth=2))
    assert read_faults(path) == expected
    assert tuple(Fault.of(json.loads(json.dumps(fault.as_dict()))) for fault in expected) == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "not JSON"), ("{}", "not a list of faults"), ("[1]", "a fault is an object")],
)
def test_an_invalid_file_of_faults_is_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "faults.json"
    path.write_text(content)
    with pytest.raises(FaultError) as refused:
        read_faults(path)
    assert str(refused.value) == f"{path}: {message}"


def kinds(settings: ChaosSettings, calls: list[tuple[str, str]], count: int = 1) -> list[Kind | None]:
    chaos = Chaos(settings)
    found = [
        chaos.next_fault(method, DOMAIN, Caller("x", None, environment, None))
        for _ in range(count)
        for method, environment in calls
    ]
    return [fault and fault.kind for fault in found]


@given(st.integers(), st.permutations([f"environment-{index}" for index in range(8)]))
def test_chaos_is_the_same_for_a_seed_in_any_order_of_environments(seed: int, order: list[str]) -> None:
    settings = ChaosSettings(0.5, seed)
    reads = [("GET", environment) for environment in order]
    expected = kinds(settings, sorted(reads))
    assert [
        kind for _, kind in sorted(zip(reads, kinds(settings, reads), strict=True), key=lambda pair: pair[0])
    ] == expected


def test_chaos_fails_the_configured_share() -> None:
    reads = [("GET", f"environment-{index}") for index in range(500)]
    found = kinds(ChaosSettings(0.2, 7), reads, 4)
    assert 340 < sum(kind is not None for kind in found) < 460
    assert set(found) == {
        None,
        Kind.STATUS,
        Kind.RATE_LIMIT,
        Kind.DROP_BEFORE,
        Kind.DELAY,
        Kind.TRUNCATE,
        Kind.GARBAGE,
    }


def test_chaos_decides_again_for_each_attempt() -> None:
    found = [kind is not None for kind in kinds(ChaosSettings(0.5, 1), [("GET", "a")], 50)]
    assert 10 < sum(found) < 40


@pytest.mark.parametrize(
    ("methods", "expected"),
    [("reads", (True, False, False)), ("writes", (False, True, True)), ("all", (True, True, True))],
)
def test_chaos_keeps_to_its_methods(methods: Any, expected: tuple[bool, ...]) -> None:
    settings = ChaosSettings(1.0, 1, methods)
    calls = [("GET", "a"), ("POST", "a"), ("DELETE", "a")]
    assert tuple(kind is not None for kind in kinds(settings, calls)) == expected


def test_chaos_does_not_apply_to_the_emulators_own_api() -> None:
    with running(chaos=ChaosSettings(1.0, 1, "all")) as emulator, httpx.Client(base_url=emulator.url) as client:
        assert client.get("/_emulator/clock").status_code == 200


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("switches", "statuses", "retry_after"),
    [
        (Switches(key_rate=2), [404, 404, 429], "1"),
        (Switches(total_rate=1), [404, 429, 429], "1"),
        (Switches(key_rate=0.1), [404, 429, 429], "10"),
        (Switches(key_rate=1, retry_after="date"), [404, 429, 429], "Mon, 21 Sep 2026 14:13:21 GMT"),
        (Switches(key_rate=1, retry_after="none"), [404, 429, 429], None),
    ],
)
async def test_too_many_requests_get_429_with_retry_after(
    world: World, switches: Switches, statuses: list[int], retry_after: str | None
) -> None:
    world.switches = switches
    app = build(world)
    answers = [await ask(app) for _ in range(3)]
    assert [answer.status_code for answer in answers] == statuses
    assert answers[-1].headers.get("retry-after") == retry_after
    assert answers[-1].json() == {"detail": "Too many requests"}
    world.advance_clock(10)
    assert (await ask(app)).status_code == 404


@pytest.mark.anyio
async def test_a_reset_clears_the_rate_counts(world: World) -> None:
    world.switches = Switches(total_rate=1)
    app = build(world)
    assert [(await ask(app)).status_code for _ in range(2)] == [404, 429]
    world.reset()
    assert (await ask(app)).status_code == 404


@pytest.mark.anyio
async def test_a_request_that_waits_during_a_reset_is_dropped(world: World) -> None:
    async def sleep(_: float) -> None:
        world.reset()

    world.switches = Switches(latency=1)
    with pytest.raises(ConnectionDropped):
        await ask(build(world, sleep=sleep))
    with world.reading() as state:
        assert (state.keys, state.environments) == ({}, {})
    assert world.log.entries() == []


@pytest.mark.anyio
async def test_each_key_has_a_rate_of_its_own(world: World) -> None:
    world.switches = Switches(key_rate=1)
    transport = httpx.ASGITransport(build(world))
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        keys = ["sk_one", "sk_two", "sk_one"]
        found = [(await client.get(DOMAIN, headers={"Authorization": f"Bearer {key}"})).status_code for key in keys]
    assert found == [404, 404, 429]


@pytest.mark.anyio
async def test_a_rate_limited_request_is_not_carried_out(world: World) -> None:
    world.switches = Switches(total_rate=1)
    app = build(world)
    for _ in range(2):
        await ask(app)
    log = world.log.entries()
    assert [(entry["fault"], entry["acted"], entry["status"]) for entry in log] == [
        (None, True, 404),
        ("rate_limit", False, 429),
    ]
