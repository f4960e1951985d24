"""Probes of real TLS servers on loopback, with a CA of their own."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import re
import ssl
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("dns")
pytest.importorskip("trustme")

import trustme

from lookups.server import Mood, Zone, served
from reconciler.dns.authority import Authorities
from reconciler.dns.client import DnsClient, QueryLimits
from reconciler.dns.lookup import Lookup
from reconciler.dns.probe import ProbeSettings, probe_all
from reconciler.model.probe import Probe, ProbeVerdict

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio

NAME = "images.example.com"
SERVING, EXPIRING = ProbeVerdict.SERVING, ProbeVerdict.CERTIFICATE_EXPIRING
WRONG, NOT_SERVING = ProbeVerdict.CERTIFICATE_WRONG, ProbeVerdict.NOT_SERVING


@dataclass
class Site:
    """A TLS server: its certificate, and its answer to a request. What clients send is kept."""

    names: tuple[str, ...] = (NAME,)
    days: float = 90
    answer: bytes | None = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    plain: bool = False
    broken: bool = False  # it answers without encryption after the handshake
    ca: trustme.CA = field(default_factory=trustme.CA)
    requests: list[bytes] = field(default_factory=list)
    connections: int = 0
    port: int = 0

    def trusting(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.ca.configure_trust(context)
        return context

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Site]:
        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.connections += 1
            if self.broken:
                await reader.readuntil(b"\r\n\r\n")
                os.write(writer.get_extra_info("socket").fileno(), b"HTTP/1.1 200 OK\r\n\r\n")
                writer.transport.abort()
            elif self.answer is not None:
                self.requests.append(await reader.readuntil(b"\r\n\r\n") if not self.plain else b"")
                writer.write(self.answer)
                await writer.drain()
                writer.close()
            else:
                await asyncio.sleep(30)

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        until = dt.datetime.now(dt.UTC) + dt.timedelta(days=self.days, minutes=5)
        self.ca.issue_cert(*self.names, not_after=until).configure_cert(context)
        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=None if self.plain else context)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()


def zone(*lines: str, mood: Mood = Mood.WELL) -> Zone:
    made = Zone(mood)
    made.publish(*lines)
    return made


async def probed(site: Site | None, records: Zone | None = None, *, trusted: bool = True, seconds: float = 5) -> Probe:
    """The probe of the hostname, with the port of a site that is closed where there is none."""
    records = records or zone(f"{NAME}. CNAME cdn.example.net.", "cdn.example.net. A 127.0.0.1")
    other = site or Site()
    settings = ProbeSettings(
        timeout=seconds,
        port=other.port or 1,
        tls=other.trusting if trusted else ssl.create_default_context,
    )
    async with served(records):
        client = DnsClient(QueryLimits(attempts=(5.0,)))
        lookup = Lookup(client, (records.server,), Authorities(client, (records.server,)), named=True)
        (found,) = await probe_all([("web", NAME)], lookup, settings)
    return found


async def test_a_hostname_that_serves_is_proven_by_one_connection() -> None:
    async with Site().served() as site:
        probe = await probed(site)
    assert (probe.verdict, probe.address, probe.days_left, probe.protocol, probe.status) == (
        SERVING,
        "127.0.0.1",
        90,
        "TLSv1.3",
        404,
    )
    assert probe.message == "serves over TLSv1.3, certificate valid for 90 days"
    assert probe.expires is not None
    assert site.connections == 1


async def test_a_probe_sends_no_key_and_names_the_tool() -> None:
    async with Site().served() as site:
        await probed(site)
    (request,) = site.requests
    assert request.startswith(b"GET / HTTP/1.1\r\nHost: images.example.com\r\nUser-Agent: imgwire-reconciler/")
    assert b"authorization" not in request.lower()


async def test_a_redirect_is_not_followed() -> None:
    answer = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example.net/\r\n\r\n"
    async with Site(answer=answer).served() as site:
        probe = await probed(site)
    assert (probe.verdict, probe.status, site.connections) == (SERVING, 302, 1)


@pytest.mark.parametrize(("days", "verdict"), [(13, EXPIRING), (14, SERVING), (1, EXPIRING)])
async def test_a_certificate_with_few_days_left_is_expiring(days: int, verdict: ProbeVerdict) -> None:
    async with Site(days=days).served() as site:
        probe = await probed(site)
    assert (probe.verdict, probe.days_left) == (verdict, days)
    if verdict is EXPIRING:
        assert probe.message == f"the certificate expires in {days} day{'s' if days > 1 else ''}"


@pytest.mark.parametrize(
    ("site", "trusted", "message"),
    [
        (Site(names=("www.example.com",)), True, f"the certificate is not for {NAME}"),
        (Site(days=-1), True, "the certificate is not accepted: certificate has expired"),
        (Site(), False, "the certificate is not accepted: unable to get local issuer certificate"),
    ],
    ids=["another name", "expired", "unknown CA"],
)
async def test_a_certificate_that_clients_refuse_is_wrong(site: Site, trusted: bool, message: str) -> None:
    async with site.served():
        probe = await probed(site, trusted=trusted)
    assert (probe.verdict, probe.message, site.connections) == (WRONG, message, 0)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 503 Unavailable\r\n\r\n", "TLS works, but `/` answers HTTP 503"),
        (b"HTTP/1.1 421 Misdirected\r\n\r\n", "TLS works, but `/` answers HTTP 421"),
        (b"", "TLS works, but there is no HTTP answer: the connection was closed"),
        (b"SSH-2.0-x\r\n", "TLS works, but there is no HTTP answer: it is not HTTP"),
        (b"x" * 200_000, "TLS works, but there is no HTTP answer: the first line is too long"),
    ],
    ids=["error", "misdirected", "closed", "not HTTP", "endless"],
)
async def test_tls_without_a_usable_answer_is_not_serving(answer: bytes, message: str) -> None:
    async with Site(answer=answer).served() as site:
        probe = await probed(site)
    assert (probe.verdict, probe.message) == (NOT_SERVING, message)


async def test_silence_ends_in_time() -> None:
    async with Site(answer=None).served() as site:
        probe = await probed(site, seconds=0.5)
    assert (probe.verdict, probe.message) == (
        NOT_SERVING,
        "TLS works, but there is no HTTP answer: nothing within 0.5 s",
    )


async def test_a_closed_port_is_not_serving() -> None:
    probe = await probed(None)
    assert probe.verdict is NOT_SERVING
    assert probe.message.startswith("no connection: ")


async def test_a_server_without_tls_is_not_serving() -> None:
    async with Site(plain=True, answer=b"HTTP/1.1 200 OK\r\n\r\n").served() as site:
        probe = await probed(site)
    assert probe.verdict is NOT_SERVING
    assert probe.message.startswith("the TLS handshake failed: ")


async def test_a_hostname_without_an_address_is_not_serving() -> None:
    probe = await probed(None, zone("www.example.com. A 127.0.0.1"))
    assert (probe.verdict, probe.message) == (NOT_SERVING, "the hostname has no address in DNS")


async def test_without_an_answer_from_dns_nothing_is_known() -> None:
    probe = await probed(None, zone(mood=Mood.SERVFAIL))
    assert (probe.verdict, probe.message) == (
        ProbeVerdict.NOT_PROBED,
        "the address is not known: the DNS server answered SERVFAIL",
    )


async def test_a_connection_that_breaks_after_the_handshake_is_described_in_the_words_of_tls() -> None:
    async with Site(broken=True).served() as site:
        probe = await probed(site)
    assert probe.verdict is NOT_SERVING
    assert re.search("TLS works, but there is no HTTP answer: (wrong version|record layer)", probe.message), (
        probe.message
    )
