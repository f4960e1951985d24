"""`verify --probe` and `drift --probe` against a real TLS server at port 443 of a loopback address."""

from __future__ import annotations

import datetime as dt
import json
import os
import socket
import ssl
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("dns")
pytest.importorskip("trustme")

import trustme
from lookups.server import Mood, Zone, served_aside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.stage import Stage

NAME = "images.example.com"
CA = trustme.CA()


def own_address() -> str:
    """A loopback address for this process alone: tests run in parallel, and the port is always 443."""
    pid = os.getpid()
    return f"127.{1 + pid % 250}.{pid // 250 % 250}.99"


def _can_bind() -> bool:
    try:
        socket.create_server((own_address(), 443)).close()
    except OSError:
        return False
    return True


pytestmark = pytest.mark.skipif(not _can_bind(), reason="port 443 of a loopback address cannot be used here")


@contextmanager
def site(*names: str, days: float = 90) -> Iterator[str]:
    """A TLS server that answers 200 to one request per connection. Yields its address, which is this process's own."""
    address = own_address()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = dt.datetime.now(dt.UTC) + dt.timedelta(days=days, minutes=5)
    CA.issue_cert(*names, not_after=until).configure_cert(context)
    listener = socket.create_server((address, 443))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as stream:
                    stream.recv(4096)
                    stream.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            except OSError:
                continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield address
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@pytest.fixture
def web(stage: Stage, tmp_path: Path) -> Stage:
    """One environment that is ready, and the CA trusted."""
    CA.cert_pem.write_to_path(tmp_path / "ca.pem")
    stage.set("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    return stage


@contextmanager
def resolved(address: str) -> Iterator[str]:
    zone = Zone()
    zone.publish(f"{NAME}. A {address}")
    with served_aside(zone):
        yield str(zone.server)


@pytest.mark.parametrize(
    ("variable", "verdict"),
    [("REQUESTS_CA_BUNDLE", "serving"), ("CURL_CA_BUNDLE", "serving"), (None, "certificate_wrong")],
)
def test_a_probe_trusts_the_authorities_that_the_api_client_trusts(
    web: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str | None, verdict: str
) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        web.set(variable, str(tmp_path / "ca.pem"))
    with site(NAME) as address, resolved(address) as server:
        ended = web.run("verify", "--probe", "--dns-server", server, "--format", "json")
    assert [probe["verdict"] for probe in ended.document["probes"]] == [verdict]


@pytest.mark.parametrize("command", ["verify", "drift"])
def test_a_hostname_that_serves_is_proven(web: Stage, command: str) -> None:
    with site(NAME) as address, resolved(address) as server:
        ended = web.run(command, "--probe", "--dns-server", server, "--format", "json")
        text = web.run(command, "--probe", "--dns-server", server)
    (probe,) = ended.document["probes"]
    assert ended.code == 0
    assert probe.pop("certificate_expires_at").endswith("Z")
    assert probe == {
        "environment": "web",
        "hostname": NAME,
        "verdict": "serving",
        "message": "serves over TLSv1.3, certificate valid for 90 days",
        "address": address,
        "protocol": "TLSv1.3",
        "http_status": 200,
        "days_left": 90,
    }
    assert f"Probes:\n  serving  web  {NAME}  serves over TLSv1.3, certificate valid for 90 days\n" in text.out


@pytest.mark.parametrize("command", ["verify", "drift"])
def test_a_certificate_that_expires_soon_is_a_warning(web: Stage, command: str) -> None:
    with site(NAME, days=20) as address, resolved(address) as server:
        ended = web.run(command, "--probe", "--probe-days", "30", "--dns-server", server, "--format", "json")
    assert (ended.code, ended.document["probes"][0]["verdict"]) == (0, "certificate_expiring")
    assert f"warning: web: {NAME}: the certificate expires in 20 days\n" in ended.err


@pytest.mark.parametrize("command", ["verify", "drift"])
def test_a_certificate_for_another_name_ends_with_4(web: Stage, command: str) -> None:
    with site("www.example.com") as address, resolved(address) as server:
        ended = web.run(command, "--probe", "--dns-server", server, "--format", "json")
    assert (ended.code, ended.document["reason"]) == (4, "certificate_wrong")
    assert ended.document["probes"][0]["message"] == f"the certificate is not for {NAME}"


def test_a_hostname_that_does_not_serve_ends_with_4(web: Stage) -> None:
    with resolved("127.0.0.98") as server:
        ended = web.run("verify", "--probe", "--dns-server", server, "--format", "json")
        markdown = web.run("verify", "--probe", "--dns-server", server, "--format", "markdown")
    assert (ended.code, ended.document["reason"]) == (4, "not_serving")
    assert f"| not serving | `web` | `{NAME}` | no connection: connection refused |" in markdown.out


def test_a_hostname_that_does_not_serve_is_not_the_delivery_host(web: Stage) -> None:
    with resolved("127.0.0.98") as server:
        bad = web.run("status", "--probe", "--dns-server", server, "--format", "dotenv", "--report", "json=bad.json")
    with site(NAME) as address, resolved(address) as server:
        good = web.run("status", "--probe", "--dns-server", server, "--format", "dotenv")
    assert (bad.code, bad.out) == (
        4,
        f"# web: {NAME} no connection: connection refused\nIMGWIRE_HOST_WEB=cdn.imgwire.dev\n",
    )
    assert (good.code, good.out) == (0, f"# web: CONNECTED and ACTIVE\nIMGWIRE_HOST_WEB={NAME}\n")
    assert web.run("show", "bad.json", "--format", "dotenv").out == bad.out


def test_without_an_answer_from_dns_the_probe_ends_with_3(web: Stage) -> None:
    with served_aside(Zone(Mood.SERVFAIL)) as zone:
        ended = web.run("verify", "--probe", "--dns-server", str(zone.server), "--format", "json")
    assert (ended.code, ended.document["reason"]) == (3, "not_probed")


def test_only_ready_hostnames_are_probed(web: Stage) -> None:
    web.environment("other", "other.example.com", status="PENDING")
    web.environment("none")
    web.manifest(web=NAME, other="other.example.com", none={"hostname": None})
    with site(NAME) as address, resolved(address) as server:
        ended = web.run("drift", "--probe", "--dns-server", server, "--format", "json")
    assert [item["environment"] for item in ended.document["probes"]] == ["web"]


def test_without_the_option_nothing_is_probed(web: Stage) -> None:
    with site(NAME) as address, resolved(address) as server:
        ended = web.run("verify", "--dns-server", server, "--format", "json")
    assert ended.document["probes"] == []


def test_prometheus_gets_the_end_of_the_certificate(web: Stage) -> None:
    with site(NAME) as address, resolved(address) as server:
        ended = web.run("drift", "--probe", "--dns-server", server, "--format", "prometheus")
        document = web.run("drift", "--probe", "--dns-server", server, "--format", "json").document
    expires = dt.datetime.fromisoformat(document["probes"][0]["certificate_expires_at"])
    metric = "imgwire_certificate_expiry_timestamp_seconds"
    line = f'{metric}{{environment="web",hostname="{NAME}"}} {int(expires.timestamp())}'
    assert line in ended.out.splitlines()
    assert metric not in web.run("drift", "--format", "prometheus").out


def test_drift_with_dns_finds_old_names_that_still_point_to_imgwire(web: Stage) -> None:
    assert web.run("drift", "--report", "json=before.json").code == 0
    web.manifest(web="new.example.com")
    assert web.run("apply", "--auto-approve").code == 0
    zone = Zone()
    zone.publish(f"{NAME}. CNAME cdn-proxy.imgwire.dev.")
    with served_aside(zone):
        for command in (["drift", "--dns"], ["verify"], ["dns", "check"]):
            more = ["--baseline", "before.json", "--dns-server", str(zone.server), "--format", "json"]
            document = json.loads(web.run(*command, *more).out)
            notes = [(item["kind"], item["hostname"]) for item in document["dns_notes"]]
            assert ("dangling", NAME) in notes, command
            assert [item["verdict"] for item in document["dns"]] == ["missing", "missing"], command
