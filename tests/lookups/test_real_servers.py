"""Every diagnosis against BIND and Unbound, with the text that users read."""

from __future__ import annotations

import re
import subprocess
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("dns")

import dns.query
import dns.tsigkeyring
import dns.update
from dns_servers import (
    KEYGEN,
    NAMED,
    SIGN,
    TSIG,
    UNBOUND,
    bind,
    free_port,
    needs_bind,
    needs_powerdns,
    needs_unbound,
    powerdns,
    unbound,
)

from reconciler.dns.authority import Authorities
from reconciler.dns.client import DnsClient, QueryLimits
from reconciler.dns.lookup import Lookup
from reconciler.dns.servers import Server
from reconciler.model.dns import DnsVerdict
from reconciler.model.report import Record
from reconciler.render.lookups import render_lookups
from reconciler.render.style import Style

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.dns import LookupResult

pytestmark = [pytest.mark.anyio, needs_bind, needs_unbound]

GOLDEN = Path(__file__).parent.parent / "golden" / "dns_lookups.txt"
ROUTING, VALIDATION = "cdn-proxy.imgwire.dev", "4f1c.dcv.imgwire.dev"
HEAD = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\n"
IMGWIRE = HEAD + "cdn-proxy A 192.0.2.1\ncdn-proxy A 192.0.2.2\n4f1c.dcv TXT x\n"
EXAMPLE = (
    HEAD
    + f"""
right CNAME {ROUTING}.
_acme-challenge.right CNAME {VALIDATION}.
below.empty A 192.0.2.9
_acme-challenge.txt TXT "token"
txt CNAME {ROUTING}.
elsewhere CNAME cdn.example.net.
doubled.example.com CNAME {ROUTING}.
appended CNAME {ROUTING}
swapped CNAME {VALIDATION}.
_acme-challenge.swapped CNAME {ROUTING}.
detour CNAME hop
hop CNAME {ROUTING}.
apex CNAME imgwire.dev.
loop CNAME loop2
loop2 CNAME loop
itself CNAME itself
chain CNAME c1
"""
    + "".join(f"c{number} CNAME c{number + 1}\n" for number in range(1, 13))
    + """
flattened A 192.0.2.1
flattened A 192.0.2.2
proxied A 198.51.100.7
mail MX 10 mx
mx A 192.0.2.9
*.wild CNAME elsewhere.example.net.
*.wilda A 198.51.100.8
old DNAME new.example.net.
"""
)
HOSTNAMES = (
    "right empty txt elsewhere doubled appended swapped detour apex loop itself chain flattened proxied mail "
    "img.wild img.wilda img.old absent"
)


def needed(label: str) -> list[Record]:
    hostname = f"{label}.example.com"
    return [
        Record(label, hostname, "routing", hostname, ROUTING),
        Record(label, hostname, "validation", f"_acme-challenge.{hostname}", VALIDATION),
    ]


@dataclass(frozen=True, slots=True)
class World:
    """A server of the zones, and a resolver that finds it."""

    zones: int
    resolver: int

    def lookup(self) -> Lookup:
        client = DnsClient(QueryLimits(attempts=(5.0,), hedge=5.0))
        resolvers = (Server("127.0.0.1", self.resolver),)
        return Lookup(client, resolvers, Authorities(client, resolvers, registrable_domain, self.zones))

    def shown(self, text: str | None) -> str:
        """The text with names for the ports, which differ in each run."""
        text = (text or "").replace(f"127.0.0.1:{self.resolver}", "RESOLVER").replace(f":{self.zones}", "")
        return re.sub(r"wait up to \d+ s", "wait up to N s", text)


def registrable_domain(name: str) -> str:
    return ".".join(name.split(".")[-2:])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    if NAMED is None or UNBOUND is None:
        pytest.skip("BIND or Unbound is not installed")
    folder = tmp_path_factory.mktemp("dns")
    zones = {"example.com": EXAMPLE, "imgwire.dev": IMGWIRE}
    with ExitStack() as stack:
        port = stack.enter_context(bind(folder / "bind", zones))
        resolver = stack.enter_context(unbound(folder / "unbound", {name: [f"127.0.0.1@{port}"] for name in zones}))
        yield World(port, resolver)


async def test_every_mistake_has_its_text(world: World, request: pytest.FixtureRequest) -> None:
    found = await world.lookup().look_up(record for label in HOSTNAMES.split() for record in needed(label))
    text = world.shown(render_lookups(found, Style(colour=False))) + "\n"
    if request.config.getoption("--update-golden"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def update(port: int, name: str, target: str | None) -> None:
    """Add the CNAME to the zone example.com, or delete it."""
    keyring = dns.tsigkeyring.from_text({"update.": TSIG})
    message = dns.update.Update("example.com.", keyring=keyring, keyalgorithm="hmac-sha256")
    if target is None:
        message.delete(name, "CNAME")
    else:
        message.replace(name, 300, "CNAME", target)
    assert dns.query.tcp(message, "127.0.0.1", 10, port).rcode() == 0


async def result(world: World, label: str) -> LookupResult:
    found = await world.lookup().look_up(needed(label)[:1])
    assert found[0].lookup is not None
    return found[0].lookup


async def test_an_absence_in_the_resolvers_cache_does_not_hide_a_new_record(world: World) -> None:
    assert (await result(world, "new")).verdict is DnsVerdict.MISSING
    update(world.zones, "new", f"{ROUTING}.")
    after = await result(world, "new")
    assert after.verdict is DnsVerdict.OK
    assert after.wait is not None
    assert 50 <= after.wait <= 60
    assert world.shown(after.note) == "the resolver RESOLVER still answers missing from its cache: wait up to N s"


async def test_a_record_in_the_resolvers_cache_does_not_hide_its_removal(world: World) -> None:
    update(world.zones, "gone", f"{ROUTING}.")
    assert (await result(world, "gone")).verdict is DnsVerdict.OK
    update(world.zones, "gone", None)
    after = await result(world, "gone")
    assert after.verdict is DnsVerdict.MISSING
    assert world.shown(after.note) == "the resolver RESOLVER still answers ok from its cache: wait up to N s"


def resolved(stack: ExitStack, folder: Path, zones: Mapping[str, str], *, options: str = "") -> World:
    """BIND with these zones, and a resolver that finds it."""
    port = stack.enter_context(bind(folder / "bind", zones))
    stubs = {name: [f"127.0.0.1@{port}"] for name in zones}
    return World(port, stack.enter_context(unbound(folder / "unbound", stubs, options=options)))


TWO = HEAD.replace("@ NS ns\n", "@ NS ns\n@ NS ns2\nns2 A 127.0.0.2\n")
SOA = ("example.com", "SOA", 60, "ns.example.com. hostmaster.example.com. 1 3600 600 86400 60")


@needs_powerdns
async def test_a_server_without_the_record_is_named(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = resolved(stack, tmp_path, {"example.com": f"{TWO}web CNAME {ROUTING}.\n"})
        stack.enter_context(powerdns(tmp_path, "example.com", [SOA], port=world.zones, address="127.0.0.2"))
        found = await result(world, "web")
    assert found.verdict is DnsVerdict.MISSING
    assert world.shown(found.note) == (
        "ns.example.com (127.0.0.1): ok; ns2.example.com (127.0.0.2): missing; "
        "the resolver RESOLVER still answers ok from its cache: wait up to N s"
    )


@needs_powerdns
async def test_a_lame_server_is_named(tmp_path: Path) -> None:
    with ExitStack() as stack:
        world = resolved(stack, tmp_path, {"example.com": f"{TWO}web CNAME {ROUTING}.\n"})
        other = ("example.net", *SOA[1:])
        stack.enter_context(powerdns(tmp_path, "example.net", [other], port=world.zones, address="127.0.0.2"))
        found = await result(world, "web")
    assert found.verdict is DnsVerdict.OK
    assert world.shown(found.note) == (
        "ns2.example.com (127.0.0.2) answered REFUSED: it does not serve example.com (lame delegation)"
    )


async def test_a_zone_that_is_not_loaded_is_named(tmp_path: Path) -> None:
    delegation = """
  local-zone: "example.com." transparent
  local-data: "example.com. 60 NS ns.example.com."
  local-data: "ns.example.com. 60 A 127.0.0.1"
"""
    with ExitStack() as stack:
        world = resolved(stack, tmp_path, {"example.com": "this is no zone file\n"}, options=delegation)
        found = await result(world, "web")
    assert found.verdict is DnsVerdict.NOT_CHECKED
    assert "ns.example.com (127.0.0.1) answered SERVFAIL: it may not have loaded example.com" in world.shown(found.note)


async def test_a_dead_server_is_named_at_once(tmp_path: Path) -> None:
    with ExitStack() as stack:
        zones = {"example.com": f"{TWO.replace('127.0.0.2', '127.0.0.3')}web CNAME {ROUTING}.\n"}
        world = resolved(stack, tmp_path, zones)
        found = await result(world, "web")
    assert found.verdict is DnsVerdict.OK
    assert world.shown(found.note) == "ns2.example.com (127.0.0.3) could not be reached: connection refused"


async def test_a_resolver_that_reaches_no_server_says_why(tmp_path: Path) -> None:
    with ExitStack() as stack:
        refusing = stack.enter_context(bind(tmp_path / "bind", {"example.net": HEAD}))
        port = stack.enter_context(unbound(tmp_path / "unbound", {"example.com": [f"127.0.0.1@{refusing}"]}))
        world = World(free_port(), port)
        found = await result(world, "web")
    assert found.verdict is DnsVerdict.NOT_CHECKED
    assert found.note is not None
    assert world.shown(found.note).startswith("RESOLVER answered SERVFAIL")


def signed_zone(folder: Path, records: str, *, start: str, end: str) -> tuple[str, str]:
    """The zone example.com with signatures for that time, and its trust anchor."""
    assert KEYGEN is not None
    assert SIGN is not None
    (folder / "example.com.db").write_text(HEAD + records)
    for more in ([], ["-f", "KSK"]):
        made = [
            KEYGEN,
            "-q",
            "-a",
            "ECDSAP256SHA256",
            "-P",
            "20190101000000",
            "-A",
            "20190101000000",
            *more,
            "example.com",
        ]
        subprocess.run(made, cwd=folder, check=True, capture_output=True)
    command = [SIGN, "-P", "-S", "-o", "example.com", "-s", start, "-e", end, "example.com.db"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    lines = (line for path in folder.glob("K*.key") for line in path.read_text().splitlines())
    return (folder / "example.com.db.signed").read_text(), next(line for line in lines if " 257 " in line)


@pytest.mark.skipif(SIGN is None or KEYGEN is None, reason="dnssec-signzone is not installed")
async def test_signatures_that_have_expired_are_named(tmp_path: Path) -> None:
    records = f"web CNAME {ROUTING}.\n"
    zone, anchor = signed_zone(tmp_path, records, start="20200101000000", end="20200201000000")
    with ExitStack() as stack:
        world = resolved(stack, tmp_path, {"example.com": zone}, options=f'trust-anchor: "{anchor}"')
        answer = await DnsClient().query(Server("127.0.0.1", world.resolver), "web.example.com", "CNAME")
    assert answer.bogus
    assert answer.problem is not None
    assert answer.problem.startswith("answered SERVFAIL (")
