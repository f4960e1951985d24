"""DNS over HTTPS (RFC 8484) against a real TLS server with its own CA."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("dns")
pytest.importorskip("trustme")

import dns.message
import trustme
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from lookups.server import Zone
from reconciler.dns.client import DnsClient, QueryLimits
from reconciler.dns.servers import HttpsServer, parse_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.requests import Request

pytestmark = pytest.mark.anyio

NAME, TARGET = "images.example.com", "cdn-proxy.imgwire.dev"


@contextmanager
def doh(folder: Path, zone: Zone, status: int = 200) -> Iterator[str]:
    """The URL of a server that answers from the zone. SSL_CERT_FILE must name `ca.pem` in the folder."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    ca.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")

    async def answer(request: Request) -> Response:
        assert request.headers["content-type"] == "application/dns-message"
        body = await request.body()
        assert dns.message.from_wire(body).id == 0
        return Response(zone.answer(body, "https"), status, media_type="application/dns-message")

    app = Starlette(routes=[Route("/dns-query", answer, methods=["POST"])])
    config = uvicorn.Config(app, port=0, ssl_certfile=str(folder / "server.pem"), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    try:
        yield f"https://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/dns-query"
    finally:
        server.should_exit = True
        thread.join(10)


async def test_a_server_is_queried_over_https(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = Zone()
    zone.publish(f"{NAME}. CNAME {TARGET}.")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with doh(tmp_path, zone) as url:
        server = parse_server(url)
        answer = await DnsClient(QueryLimits(attempts=(10.0,))).query(server, NAME, "CNAME")
    assert isinstance(server, HttpsServer)
    assert (answer.values, zone.questions) == ((TARGET,), [(NAME, "CNAME", "https")])


async def test_an_http_error_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with doh(tmp_path, Zone(), status=403) as url:
        answer = await DnsClient(QueryLimits(attempts=(10.0,))).query(HttpsServer(url), NAME, "CNAME")
    assert answer.problem == "answered HTTP 403"


async def test_a_certificate_of_an_unknown_ca_is_no_answer(tmp_path: Path) -> None:
    with doh(tmp_path, Zone()) as url:
        answer = await DnsClient(QueryLimits(attempts=(10.0,))).query(HttpsServer(url), NAME, "CNAME")
    assert answer.problem is not None
    assert answer.problem.startswith("could not be reached: [SSL: CERTIFICATE_VERIFY_FAILED]")


async def test_a_body_that_is_not_dns_is_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Garbled(Zone):
        def answer(self, wire: bytes, way: str) -> bytes | None:
            return b"<html>"

    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    with doh(tmp_path, Garbled()) as url:
        answer = await DnsClient(QueryLimits(attempts=(10.0,))).query(HttpsServer(url), NAME, "CNAME")
    assert answer.problem is not None
    assert answer.problem.startswith("sent an answer that is not DNS")


async def test_a_host_that_does_not_answer_is_no_answer() -> None:
    answer = await DnsClient(QueryLimits(attempts=(1.0,))).query(HttpsServer("https://127.0.0.1:9/"), NAME, "CNAME")
    assert answer.problem is not None
    assert answer.problem.startswith("could not be reached: ")


@pytest.mark.parametrize("text", ["https://", "https:///dns-query", "http://127.0.0.1/dns-query"])
def test_a_url_needs_https_and_a_host(text: str) -> None:
    with pytest.raises(ValueError, match="https"):
        parse_server(text)
