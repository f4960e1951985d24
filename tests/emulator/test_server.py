"""The emulator as a command and over a socket: options, ends, log, speed, and real look-ups."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import dns.message
import dns.rcode
import dns.rrset
import httpx
import pytest
from emulator_fixture import running

from reconciler.emulator.auth import Account
from reconciler.emulator.switches import Switches
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator_fixture import Running

pytestmark = pytest.mark.calm("tests the emulator itself")

DOMAIN = "/api/v1/custom_domain/"
KEY = {"Authorization": "Bearer sk_canary_key"}


@contextmanager
def command(*options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`reconciler emulator` on a free port, and its URL."""
    arguments = [sys.executable, "-m", "reconciler", "emulator", "--port", "0", *options]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process, process.stdout.readline().strip()
        finally:
            process.kill()


def failed(*options: str) -> tuple[int, str]:
    arguments = [sys.executable, "-m", "reconciler", "emulator", "--port", "0", *options]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=20)
    assert done.stdout == ""
    return done.returncode, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_stopped_and_keeps_its_state(tmp_path: Path, number: signal.Signals) -> None:
    state, log = tmp_path / "state.json", tmp_path / "log.ndjson"
    with command("--state", str(state), "--log", str(log), "--set", "check=never") as (process, url):
        assert url.startswith("http://127.0.0.1:")
        created = httpx.post(f"{url}{DOMAIN}", json={"hostname": "images.example.com"}, headers=KEY).json()
        assert httpx.post(f"{url}{DOMAIN}test_connection", headers=KEY).json()["status"] == "PENDING"
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=10)
    assert (process.returncode, stdout) == (0, "")
    assert stderr == (
        f"This is an emulator for trials and tests. It is not Imgwire.\nexport IMGWIRE_API_BASE_URL={url}\n"
    )
    # Stopped well, the file holds everything and can be read by people.
    assert sorted(item.name for item in tmp_path.iterdir()) == ["log.ndjson", "state.json", "state.json.lock"]
    with command("--state", str(state)) as (_, again):
        assert httpx.get(f"{again}{DOMAIN}", headers=KEY).json() == created
    entries = [json.loads(line) for line in log.read_text().splitlines()]
    assert [(entry["n"], entry["method"], entry["status"]) for entry in entries] == [(1, "POST", 200), (2, "POST", 200)]
    assert all("canary" not in item.read_text() for item in tmp_path.iterdir())


def test_a_killed_server_keeps_every_answered_write(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    with command("--state", str(state)) as (process, url), httpx.Client(base_url=url) as client:
        keys = [{"Authorization": f"Bearer sk_{index}"} for index in range(20)]
        for index, key in enumerate(keys):
            assert client.post(DOMAIN, json={"hostname": f"images-{index}.example.com"}, headers=key).status_code == 200
        process.kill()
    with command("--state", str(state)) as (_, url), httpx.Client(base_url=url) as client:
        found = [client.get(DOMAIN, headers=key).json()["hostname"] for key in keys]
    assert found == [f"images-{index}.example.com" for index in range(20)]


def test_faults_and_chaos_come_from_options(tmp_path: Path) -> None:
    faults = tmp_path / "faults.json"
    faults.write_text('[{"kind": "status", "status": 503, "method": "POST"}]')
    with command("--faults", str(faults), "--chaos", "1", "--seed", "3", "--chaos-on", "reads") as (_, url):
        assert httpx.post(f"{url}{DOMAIN}", headers=KEY).status_code == 503
        assert httpx.delete(f"{url}{DOMAIN}", headers=KEY).status_code == 404
        with suppress(httpx.RequestError):
            httpx.get(f"{url}{DOMAIN}", headers=KEY)
        log = httpx.get(f"{url}/_emulator/requests").json()
    assert [(entry["method"], entry["fault"] is not None) for entry in log] == [
        ("POST", True),
        ("DELETE", False),
        ("GET", True),
    ]


def test_strict_keys_refuse_unregistered_keys() -> None:
    with command("--strict-keys") as (_, url):
        assert httpx.get(f"{url}{DOMAIN}", headers=KEY).status_code == 401
        environment = f"{url}/_emulator/environments/11111111-1111-4111-8111-111111111111"
        httpx.put(environment, json={"name": "a", "key": "sk_canary_key"}).raise_for_status()
        assert httpx.get(f"{url}{DOMAIN}", headers=KEY).status_code == 404


def test_a_server_for_other_machines_prints_a_url_that_works_here_and_a_warning() -> None:
    with command("--host", "0.0.0.0") as (process, url):
        assert url.startswith("http://127.0.0.1:")
        assert httpx.get(f"{url}/health").status_code == 200
        process.send_signal(signal.SIGTERM)
        _, stderr = process.communicate(timeout=10)
    assert stderr.startswith("Listening on 0.0.0.0: other machines can reach this emulator.\n")
    assert f"export IMGWIRE_API_BASE_URL={url}\n" in stderr


def test_the_switches_are_listed() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reconciler", "emulator", "--switches"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("absent=404\n    response to GET without a custom domain")
    assert done.stderr == ""


def test_errors_at_start_are_reported(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text("{}")
    assert failed("--state", str(state)) == (1, f"error: {state}: not a state of the emulator\n")
    faults = tmp_path / "faults.json"
    faults.write_text("{}")
    assert failed("--faults", str(faults)) == (1, f"error: {faults}: not a list of faults\n")
    code, words = failed("--set", "absent=1")
    assert (code, words.splitlines()[-1]) == (
        64,
        "error: Invalid value for --set: `absent` cannot be `1`; it is one of: 404, 400, 410, null, bare",
    )
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        arguments = [sys.executable, "-m", "reconciler", "emulator", "--port", str(port)]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (1, f"error: cannot serve on 127.0.0.1:{port}: Address already in use\n")


def test_an_incomplete_request_is_not_carried_out(emulator: Running, caplog: pytest.LogCaptureFixture) -> None:
    address = ("127.0.0.1", int(emulator.url.rpartition(":")[2]))
    with socket.create_connection(address) as connection:
        connection.sendall(b"POST /api/v1/custom_domain/ HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_x\r\n")
        connection.sendall(b"Content-Length: 100\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert httpx.get(f"{emulator.url}/health").status_code == 200
    log = [(entry["method"], entry["acted"], entry["status"]) for entry in emulator.world.log.entries()]
    assert log == [("POST", False, None), ("GET", True, 200)]
    assert caplog.records == []


def test_answers_do_not_wait_for_acknowledgements(emulator: Running) -> None:
    """With Nagle's algorithm on, each would take the 40 ms of a delayed acknowledgement."""
    with httpx.Client(base_url=emulator.url) as client:
        assert min(client.get("/health").elapsed.total_seconds() for _ in range(10)) < 0.03


def test_a_request_costs_the_same_among_twenty_thousand_environments(emulator: Running) -> None:
    """In CPU time of client and server together, since others may be busy here; a search through all would cost hundredfold."""
    port = int(emulator.url.rpartition(":")[2])

    def ask(numbers: range) -> int:
        with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answers:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            served = 0
            for number in numbers:
                head = f"GET {DOMAIN} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer key-{number}\r\n\r\n"
                connection.sendall(head.encode())
                served += answers.readline() == b"HTTP/1.1 404 Not Found\r\n"
                length = 0
                while (line := answers.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                answers.read(length)
            return served

    def cost(total: int) -> float:
        emulator.world.auth.register([Account(f"e{index}", Secret(f"key-{index}")) for index in range(total)])
        begun = time.process_time()
        served = sum(ask(range(0, total, total // 20)) for _ in range(25))
        spent = time.process_time() - begun
        assert served == 500
        return spent

    few, many = cost(20), cost(20_000)
    assert many < 4 * few


@contextmanager
def name_server(records: dict[str, str], host: str = "127.0.0.1") -> Iterator[str]:
    """A DNS server on loopback that knows these CNAMEs, and its address."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind((host, 0))

        def serve() -> None:
            while True:
                question, address = listener.recvfrom(4096)
                if not question:
                    return
                query = dns.message.from_wire(question)
                name = query.question[0].name.to_text()
                answer = dns.message.make_response(query)
                if "servfail" in records:
                    answer.set_rcode(dns.rcode.SERVFAIL)
                elif target := records.get(name):
                    answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", target))
                else:
                    answer.set_rcode(dns.rcode.NXDOMAIN)
                listener.sendto(answer.to_wire(), address)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        try:
            yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        finally:
            listener.sendto(b"", (host, port))
            thread.join(5)


def test_check_dns_uses_real_lookups() -> None:
    records: dict[str, str] = {}
    with name_server(records) as address, running(Switches(check="dns")) as emulator:
        emulator.world.dns_server = address
        with httpx.Client(base_url=emulator.url, headers=KEY) as client:
            domain = client.post(DOMAIN, json={"hostname": "images.example.com"}).json()

            def checked() -> tuple[str, str]:
                found = client.post(f"{DOMAIN}test_connection").json()
                return found["status"], found["certificate_status"]

            assert checked() == ("PENDING", "PENDING")
            records["images.example.com."] = "cdn-proxy.imgwire.dev."
            assert checked() == ("CONNECTED", "PENDING")
            records["_acme-challenge.images.example.com."] = f"{domain['dcv_cname_value']}."
            assert checked() == ("CONNECTED", "ACTIVE")
            records["images.example.com."] = "elsewhere.example."
            assert checked() == ("FAILED", "FAILING")
            records["images.example.com."] = "CDN-PROXY.imgwire.dev."
            assert checked() == ("CONNECTED", "ACTIVE")
            del records["_acme-challenge.images.example.com."]
            assert checked() == ("CONNECTED", "FAILING")
            records["servfail"] = "nobody knows, so what stood stands"
            assert checked() == ("CONNECTED", "FAILING")


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_a_dns_server_over_ipv6_is_queried_at_its_port() -> None:
    records = {"images.example.com.": "cdn-proxy.imgwire.dev."}
    with name_server(records, "::1") as address, running(Switches(check="dns")) as emulator:
        assert address.startswith("[::1]:")
        emulator.world.dns_server = address
        with httpx.Client(base_url=emulator.url, headers=KEY) as client:
            client.post(DOMAIN, json={"hostname": "images.example.com"})
            assert client.post(f"{DOMAIN}test_connection").json()["status"] == "CONNECTED"
