"""Looking records up at real servers on loopback, well behaved and not."""

from __future__ import annotations

import socket
import time
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

pytest.importorskip("dns")

import dns.message
import dns.rrset

from lookups.server import Mood, Zone, served
from reconciler.dns.authority import Authorities
from reconciler.dns.client import DnsClient, QueryLimits
from reconciler.dns.lookup import Lookup
from reconciler.model.dns import DnsAction, DnsVerdict, LookupResult
from reconciler.model.report import Record

pytestmark = pytest.mark.anyio

NAME, TARGET = "images.example.com", "cdn-proxy.imgwire.dev"
PATIENT = QueryLimits(attempts=(10.0,))
QUICK = QueryLimits(attempts=(0.15,))  # where nobody will answer


def needed(name: str = NAME, value: str = TARGET) -> Record:
    return Record("web", NAME, "routing", name, value)


def named(*servers: Zone, limits: QueryLimits = PATIENT) -> Lookup:
    """A lookup that queries exactly these servers."""
    client = DnsClient(limits)
    addresses = tuple(server.server for server in servers)
    return Lookup(client, addresses, Authorities(client, addresses, lambda _name: "example.com"), named=True)


async def looked_up(zone: Zone, *records: Record) -> LookupResult:
    """The result for the first record when only this server is queried, with the server's address left out."""
    limits = QUICK if zone.mood in {Mood.SILENT, Mood.GARBLED} else PATIENT
    async with served(zone):
        found = await named(zone, limits=limits).look_up(records or [needed()])
    result = found[0].lookup
    assert result is not None
    assert result.servers == (str(zone.server),)
    return replace(result, servers=(), note=result.note and result.note.replace(str(zone.server), "SERVER"))


def zone(*lines: str, mood: Mood = Mood.WELL, ttl: int = 60, error: tuple[int, str] | None = None) -> Zone:
    made = Zone(mood, ttl=ttl, error=error)
    made.publish(*lines)
    return made


OK, MISSING, WRONG, NOT_CHECKED = DnsVerdict.OK, DnsVerdict.MISSING, DnsVerdict.WRONG, DnsVerdict.NOT_CHECKED
ADD, REPLACE = DnsAction.ADD, DnsAction.REPLACE


def wrong(*found: str, note: str | None = None, action: DnsAction = REPLACE) -> LookupResult:
    return LookupResult(WRONG, found, note=note, action=action)


def missing(note: str | None = None) -> LookupResult:
    return LookupResult(MISSING, note=note, action=ADD)


def not_checked(note: str) -> LookupResult:
    return LookupResult(NOT_CHECKED, note=note)


CASES = {
    "right": (zone(f"{NAME}. CNAME {TARGET}."), LookupResult(OK, (TARGET,))),
    "right in another case": (zone(f"{NAME}. CNAME CDN-Proxy.Imgwire.DEV."), LookupResult(OK, (TARGET,))),
    "no such name": (zone("www.example.com. A 192.0.2.1"), missing()),
    "name without a record": (zone(f"below.{NAME}. A 192.0.2.1"), missing("the name exists, but has no CNAME")),
    "name with another type": (
        zone(f'{NAME}. TXT "x"'),
        wrong('"x"', note="a TXT record exists; a CNAME cannot coexist with it: remove it first"),
    ),
    "the zone appended to the name": (
        zone(f"{NAME}.example.com. CNAME {TARGET}."),
        missing(
            f"the record exists at {NAME}.example.com: the zone was appended twice. "
            "Enter the name without .example.com, or with a trailing dot"
        ),
    ),
    "another target": (zone(f"{NAME}. CNAME other.example.net."), wrong("other.example.net")),
    "the zone appended to the target": (
        zone(f"{NAME}. CNAME {TARGET}.example.com."),
        wrong(
            f"{TARGET}.example.com",
            note="the zone was appended to the target: enter the target with a trailing dot",
        ),
    ),
    "several targets": (
        zone(f"{NAME}. CNAME a.example.com.", f"{NAME}. CNAME {TARGET}."),
        wrong("a.example.com", TARGET, note="more than one CNAME record exists: keep only this one"),
    ),
    "a detour": (
        zone(f"{NAME}. CNAME a.example.com.", "a.example.com. CNAME b.example.com.", f"b.example.com. CNAME {TARGET}."),
        wrong(
            "a.example.com",
            note="points to the target through a.example.com, b.example.com: publish it directly, exactly as given",
        ),
    ),
    "a chain to elsewhere": (
        zone(f"{NAME}. CNAME a.example.com.", "a.example.com. CNAME cdn.example.net."),
        wrong("a.example.com", note="the chain of CNAMEs ends at cdn.example.net"),
    ),
    "itself": (zone(f"{NAME}. CNAME {NAME}."), wrong(NAME, note="the CNAMEs form a loop")),
    "a loop": (
        zone(f"{NAME}. CNAME a.example.com.", f"a.example.com. CNAME {NAME}."),
        wrong("a.example.com", note="the CNAMEs form a loop"),
    ),
    "a loop further on": (
        zone(
            f"{NAME}. CNAME a.example.com.",
            "a.example.com. CNAME b.example.com.",
            "b.example.com. CNAME a.example.com.",
        ),
        wrong("a.example.com", note="the CNAMEs form a loop"),
    ),
    "a chain of ten": (
        zone(
            f"{NAME}. CNAME n1.example.com.",
            *(f"n{i}.example.com. CNAME n{i + 1}.example.com." for i in range(1, 9)),
            f"n9.example.com. CNAME {TARGET}.",
        ),
        wrong(
            "n1.example.com",
            note="points to the target through "
            + ", ".join(f"n{i}.example.com" for i in range(1, 10))
            + ": publish it directly, exactly as given",
        ),
    ),
    "a longer chain": (
        zone(
            f"{NAME}. CNAME n1.example.com.", *(f"n{i}.example.com. CNAME n{i + 1}.example.com." for i in range(1, 50))
        ),
        wrong("n1.example.com", note="the chain of CNAMEs is longer than 10"),
    ),
    "the root": (zone(f"{NAME}. CNAME ."), wrong(".")),
    "no usable name": (zone(f"{NAME}. CNAME a\\001b\\..example.net."), wrong("a\\001b\\..example.net")),
    "the target's addresses": (
        zone(
            f"{NAME}. A 192.0.2.1", f"{NAME}. AAAA 2001:db8::1", f"{TARGET}. A 192.0.2.1", f"{TARGET}. AAAA 2001:db8::1"
        ),
        LookupResult(
            DnsVerdict.FLATTENED,
            ("192.0.2.1", "2001:db8::1"),
            note="the provider answers with the target's addresses (flattened) instead of the CNAME",
        ),
    ),
    "other addresses": (
        zone(f"{NAME}. A 192.0.2.1", f"{TARGET}. A 192.0.2.2"),
        wrong(
            "192.0.2.1",
            note="an A record exists; a CNAME cannot coexist with it: replace it, or switch off proxying for this name. "
            "The addresses are not the target's",
        ),
    ),
    "one address of the target and another": (
        zone(f"{NAME}. A 192.0.2.1", f"{NAME}. A 192.0.2.2", f"{TARGET}. A 192.0.2.2"),
        wrong(
            "192.0.2.1",
            "192.0.2.2",
            note="an A record exists; a CNAME cannot coexist with it: replace it, or switch off proxying for this name. "
            "The addresses are not the target's",
        ),
    ),
    "server failure": (zone(mood=Mood.SERVFAIL), not_checked("SERVER answered SERVFAIL")),
    "server failure with a cause": (
        zone(mood=Mood.SERVFAIL, error=(22, "at delegation\nexample.com.")),
        not_checked("SERVER answered SERVFAIL (no reachable authority: at delegation example.com.)"),
    ),
    "invalid signatures": (
        zone(mood=Mood.SERVFAIL, error=(6, "")),
        not_checked("SERVER answered SERVFAIL (DNSSEC bogus)"),
    ),
    "a cause that has no name": (
        zone(mood=Mood.SERVFAIL, error=(4711, "")),
        not_checked("SERVER answered SERVFAIL (error 4711)"),
    ),
    "refused": (zone(mood=Mood.REFUSED), not_checked("SERVER answered REFUSED")),
    "silence": (zone(mood=Mood.SILENT), not_checked("SERVER did not answer in time")),
    "garbage": (zone(mood=Mood.GARBLED), not_checked("SERVER did not answer in time")),
    "a referral": (
        zone(mood=Mood.REFERRING),
        not_checked("SERVER does not serve the name and refers to other servers"),
    ),
    "more than fits UDP": (zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.TRUNCATING), LookupResult(OK, (TARGET,))),
    "no EDNS": (zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.FORMERR), LookupResult(OK, (TARGET,))),
    "a resolver's cache": (
        zone(mood=Mood.CACHING, ttl=42),
        LookupResult(
            MISSING,
            note="SERVER may keep this answer in its cache: wait up to 42 s after a change",
            action=ADD,
            wait=42,
        ),
    ),
    "an absence in a cache, for as long as the zone allows": (
        zone(mood=Mood.CACHING, ttl=3600),
        LookupResult(
            MISSING,
            note="SERVER may keep this answer in its cache: wait up to 60 s after a change",
            action=ADD,
            wait=60,
        ),
    ),
}


@pytest.mark.parametrize(("server", "expected"), CASES.values(), ids=CASES.keys())
async def test_the_answer_of_a_server_gives_one_verdict(server: Zone, expected: LookupResult) -> None:
    assert await looked_up(server) == expected


async def test_a_cname_to_itself_is_not_followed() -> None:
    server = zone(f"{NAME}. CNAME {NAME}.")
    await looked_up(server)
    assert server.questions.count((NAME, "CNAME", "udp")) == 1


async def test_swapped_targets_are_named() -> None:
    challenge = f"_acme-challenge.{NAME}"
    server = zone(f"{NAME}. CNAME dcv.imgwire.dev.", f"{challenge}. CNAME {TARGET}.")
    records = [needed(), Record("web", NAME, "validation", challenge, "dcv.imgwire.dev")]
    note = "this is the target of the domain's other record: the two targets are swapped"
    assert await looked_up(server, *records) == wrong("dcv.imgwire.dev", note=note)
    assert await looked_up(server, *reversed(records)) == wrong(TARGET, note=note)


async def test_a_wildcard_is_named_and_the_record_is_added_beside_it() -> None:
    class Wildcard(Zone):
        def answer(self, wire: bytes, way: str) -> bytes | None:
            asked = dns.message.from_wire(wire).question[0].name.to_text()
            self.records = {(asked, kind): values for (_, kind), values in self.records.items()}
            return super().answer(wire, way)

    cname = Wildcard()
    cname.publish("*.example.com. CNAME elsewhere.example.net.")
    note = "the answer comes from a wildcard record"
    assert await looked_up(cname) == wrong("elsewhere.example.net", note=f"{note}; the CNAMEs form a loop", action=ADD)


async def test_a_txt_record_at_the_challenge_name_must_be_replaced() -> None:
    challenge = f"_acme-challenge.{NAME}"
    server = zone(f'{challenge}. TXT "token"')
    record = Record("web", NAME, "validation", challenge, "dcv.imgwire.dev")
    assert await looked_up(server, record) == wrong(
        '"token"', note="a TXT record exists; a CNAME cannot coexist with it: remove it first"
    )


async def test_a_dname_above_the_name_is_named() -> None:
    class Redirecting(Zone):
        def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
            super()._fill(response, name, kind)
            if kind == "CNAME":
                response.answer.append(dns.rrset.from_text("example.com.", 60, "IN", "DNAME", "example.net."))

    server = Redirecting()
    server.publish(f"{NAME}. CNAME images.example.net.")
    assert await looked_up(server) == wrong(
        "images.example.net", note="a DNAME record at example.com redirects every name below it: remove it first"
    )


async def test_a_truncated_answer_is_fetched_over_tcp() -> None:
    server = zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.TRUNCATING)
    await looked_up(server)
    assert [question for question in server.questions if question[1] == "CNAME"] == [
        (NAME, "CNAME", "udp"),
        (NAME, "CNAME", "tcp"),
    ]


async def test_an_answer_over_tcp_that_is_not_dns_is_named() -> None:
    class Garbled(Zone):
        def answer(self, wire: bytes, way: str) -> bytes | None:
            return wire[:2] + b"\x80\x00garbled" if way == "tcp" else super().answer(wire, way)

    server = Garbled(Mood.TRUNCATING)
    async with served(server):
        answer = await DnsClient(PATIENT).query(server.server, NAME, "CNAME")
    assert answer.problem is not None
    assert answer.problem.startswith("sent an answer that is not DNS (")


async def test_a_server_that_drops_edns_is_queried_without() -> None:
    server = zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.DROPPING)
    async with served(server):
        (found,) = await named(server, limits=QueryLimits(attempts=(0.1, 5.0))).look_up([needed()])
    assert found.lookup == LookupResult(OK, (TARGET,), (str(server.server),))


async def test_an_absence_is_queried_again_each_time() -> None:
    async with served(zone()) as server:
        lookup = named(server)
        before = await lookup.look_up([needed()])
        server.publish(f"{NAME}. CNAME {TARGET}.")
        after = await lookup.look_up([needed()])
    assert [item.lookup.verdict for item in (*before, *after) if item.lookup] == [MISSING, OK]


async def test_a_name_that_is_not_plain_is_not_sent() -> None:
    server = zone()
    async with served(server):
        found = await named(server).look_up(
            [needed("images example.com"), needed(value="a..b"), needed("x" * 64 + ".example.com")]
        )
    unusable = not_checked("the API returned a name that cannot be a DNS record")
    assert [item.lookup for item in found] == [unusable] * 3
    assert server.questions == []


async def both(first: Zone, second: Zone, limits: QueryLimits = PATIENT) -> tuple[LookupResult | None, Zone, Zone]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(first))
        await stack.enter_async_context(served(second))
        (found,) = await named(first, second, limits=limits).look_up([needed()])
    return found.lookup, first, second


async def test_of_two_named_servers_the_worse_answer_counts_and_both_are_named() -> None:
    result, first, second = await both(zone(f"{NAME}. CNAME {TARGET}."), zone())
    assert result == LookupResult(
        MISSING,
        (),
        (str(first.server), str(second.server)),
        f"{first.server}: ok; {second.server}: missing",
        ADD,
    )


async def test_a_silent_one_of_two_named_servers_is_named_and_does_not_count() -> None:
    result, first, second = await both(
        zone(mood=Mood.SILENT), zone(f"{NAME}. CNAME {TARGET}."), limits=QueryLimits(attempts=(0.5,))
    )
    assert result == LookupResult(
        OK, (TARGET,), (str(first.server), str(second.server)), f"{first.server} did not answer in time"
    )


async def test_a_silent_server_costs_less_than_three_seconds() -> None:
    started = time.monotonic()
    result, _, _ = await both(zone(mood=Mood.SILENT), zone(f"{NAME}. CNAME {TARGET}."), QueryLimits())
    assert result is not None
    assert result.verdict is OK
    assert time.monotonic() - started < 3


async def test_a_silent_first_resolver_costs_less_than_three_seconds_for_many_names() -> None:
    dead, alive = zone(mood=Mood.SILENT), zone(f"{NAME}. CNAME {TARGET}.")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(dead))
        await stack.enter_async_context(served(alive))
        client = DnsClient()
        resolvers = (dead.server, alive.server)
        lookup = Lookup(client, resolvers, Authorities(client, resolvers))
        started = time.monotonic()
        found = await lookup.look_up([needed(), *(needed(f"n{number}.example.com") for number in range(20))])
    assert time.monotonic() - started < 3
    assert found[0].lookup is not None
    assert found[0].lookup.verdict is OK


async def test_a_closed_port_is_reported_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = Zone(port=port)
    started = time.monotonic()
    (found,) = await named(server).look_up([needed()])
    assert time.monotonic() - started < 1
    assert found.lookup == LookupResult(
        NOT_CHECKED, (), (str(server.server),), f"{server.server} could not be reached: connection refused"
    )


async def test_without_any_server_nothing_is_checked() -> None:
    client = DnsClient(PATIENT)
    (found,) = await Lookup(client, (), Authorities(client, ())).look_up([needed()])
    assert found.lookup is not None
    assert (found.lookup.verdict, found.lookup.note) == (
        NOT_CHECKED,
        "no DNS server is known; the zone of the name could not be found",
    )


async def test_a_server_that_stays_silent_is_skipped_for_a_while() -> None:
    now = 0.0
    async with served(zone(mood=Mood.SILENT)) as server:
        client = DnsClient(QueryLimits(attempts=(0.02,), parallelism=1), clock=lambda: now)
        first = await client.query(server.server, NAME, "CNAME")
        answers = [await client.query(server.server, f"n{number}.example.com", "CNAME") for number in range(50)]
        sent = len(server.questions)
        now = 20.0
        await client.query(server.server, NAME, "CNAME")
    assert first.problem == "did not answer in time"
    assert {answer.problem for answer in answers[1:]} == {"did not answer in time"}
    assert (sent, len(server.questions)) == (2, 3)


async def test_a_lost_packet_is_sent_again() -> None:
    class Deaf(Zone):
        """Does not receive the first query."""

        def answer(self, wire: bytes, way: str) -> bytes | None:
            found = super().answer(wire, way)
            return found if len(self.questions) > 1 else None

    server = Deaf()
    server.publish(f"{NAME}. CNAME {TARGET}.")
    async with served(server):
        answer = await DnsClient(QueryLimits(attempts=(0.05, 2.0))).query(server.server, NAME, "CNAME")
    assert answer.values == (TARGET,)


def _ipv6_works() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _ipv6_works(), reason="this machine has no IPv6 loopback")
async def test_a_server_is_queried_over_ipv6() -> None:
    server = Zone(address="::1")
    server.publish(f"{NAME}. CNAME {TARGET}.")
    assert await looked_up(server) == LookupResult(OK, (TARGET,))
    assert str(server.server) == f"[::1]:{server.port}"
