"""Looking records up at real servers on loopback, well behaved and not."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack

import pytest

pytest.importorskip("dns")

from lookups.server import Mood, Zone, served
from reconciler.dns.client import DnsClient, Limits
from reconciler.dns.lookup import Resolvers
from reconciler.model.dns import DnsVerdict, LookupResult
from reconciler.model.report import Record

pytestmark = pytest.mark.anyio

NAME, TARGET = "images.example.com", "cdn-proxy.imgwire.dev"
PATIENT = Limits(attempts=(10.0,))
QUICK = Limits(attempts=(0.15,))  # where nobody will answer


def needed(name: str = NAME, value: str = TARGET) -> Record:
    return Record("web", NAME, "routing", name, value)


async def seen(zone: Zone, record: Record | None = None) -> LookupResult:
    """What is told of a record when this server alone is asked, with the server's port left out."""
    limits = QUICK if zone.mood in {Mood.SILENT, Mood.GARBLED} else PATIENT
    async with served(zone):
        (found,) = await Resolvers(DnsClient(limits), (zone.server,), every=True).look([record or needed()])
    assert found.lookup is not None
    assert found.lookup.servers == (str(zone.server),)
    note = found.lookup.note and found.lookup.note.replace(str(zone.server), "SERVER")
    return LookupResult(found.lookup.verdict, found.lookup.found, (), note)


def zone(*lines: str, mood: Mood = Mood.WELL) -> Zone:
    made = Zone(mood)
    made.publish(*lines)
    return made


CASES = {
    "right": (zone(f"{NAME}. CNAME {TARGET}."), LookupResult(DnsVerdict.OK, (TARGET,))),
    "right in another case": (zone(f"{NAME}. CNAME CDN-Proxy.Imgwire.DEV."), LookupResult(DnsVerdict.OK, (TARGET,))),
    "no such name": (zone("www.example.com. A 192.0.2.1"), LookupResult(DnsVerdict.MISSING)),
    "name without a record": (
        zone(f"below.{NAME}. A 192.0.2.1"),
        LookupResult(DnsVerdict.MISSING, note="the name exists, but has no CNAME"),
    ),
    "name with another type": (
        zone(f'{NAME}. TXT "x"'),
        LookupResult(DnsVerdict.MISSING, note="the name exists, but has no CNAME"),
    ),
    "another target": (
        zone(f"{NAME}. CNAME other.example.net."),
        LookupResult(DnsVerdict.WRONG, ("other.example.net",)),
    ),
    "the zone appended": (
        zone(f"{NAME}. CNAME {TARGET}.example.com."),
        LookupResult(DnsVerdict.WRONG, (f"{TARGET}.example.com",)),
    ),
    "a detour": (
        zone(f"{NAME}. CNAME a.example.com.", "a.example.com. CNAME b.example.com.", f"b.example.com. CNAME {TARGET}."),
        LookupResult(
            DnsVerdict.WRONG,
            ("a.example.com",),
            note="leads to the target by way of a.example.com, b.example.com: publish it directly, exactly as given",
        ),
    ),
    "itself": (
        zone(f"{NAME}. CNAME {NAME}."),
        LookupResult(DnsVerdict.WRONG, (NAME,), note="the CNAMEs lead in a loop"),
    ),
    "a loop": (
        zone(f"{NAME}. CNAME a.example.com.", f"a.example.com. CNAME {NAME}."),
        LookupResult(DnsVerdict.WRONG, ("a.example.com",), note="the CNAMEs lead in a loop"),
    ),
    "a loop further on": (
        zone(
            f"{NAME}. CNAME a.example.com.",
            "a.example.com. CNAME b.example.com.",
            "b.example.com. CNAME a.example.com.",
        ),
        LookupResult(DnsVerdict.WRONG, ("a.example.com",), note="the CNAMEs lead in a loop"),
    ),
    "an endless chain": (
        zone(
            f"{NAME}. CNAME n1.example.com.", *(f"n{i}.example.com. CNAME n{i + 1}.example.com." for i in range(1, 50))
        ),
        LookupResult(DnsVerdict.WRONG, ("n1.example.com",)),
    ),
    "the root": (zone(f"{NAME}. CNAME ."), LookupResult(DnsVerdict.WRONG, (".",))),
    "no usable name": (
        zone(f"{NAME}. CNAME a\\001b\\..example.net."),
        LookupResult(DnsVerdict.WRONG, ("a\\001b\\..example.net",)),
    ),
    "addresses instead": (
        zone(f"{NAME}. A 192.0.2.1", f"{NAME}. AAAA 2001:db8::1"),
        LookupResult(
            DnsVerdict.FLATTENED,
            ("192.0.2.1", "2001:db8::1"),
            note="addresses stand where the CNAME should be: proxied or flattened by the provider, or from a wildcard",
        ),
    ),
    "server failure": (
        zone(mood=Mood.SERVFAIL),
        LookupResult(DnsVerdict.NOT_CHECKED, note="SERVER answered SERVFAIL"),
    ),
    "refused": (zone(mood=Mood.REFUSED), LookupResult(DnsVerdict.NOT_CHECKED, note="SERVER answered REFUSED")),
    "silence": (zone(mood=Mood.SILENT), LookupResult(DnsVerdict.NOT_CHECKED, note="SERVER did not answer in time")),
    "garbage": (zone(mood=Mood.GARBLED), LookupResult(DnsVerdict.NOT_CHECKED, note="SERVER did not answer in time")),
    "a referral": (
        zone(mood=Mood.REFERRING),
        LookupResult(DnsVerdict.NOT_CHECKED, note="SERVER does not know the name and refers to other servers"),
    ),
    "more than fits UDP": (
        zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.TRUNCATING),
        LookupResult(DnsVerdict.OK, (TARGET,)),
    ),
}


@pytest.mark.parametrize(("server", "expected"), CASES.values(), ids=CASES.keys())
async def test_what_a_server_says_becomes_one_verdict(server: Zone, expected: LookupResult) -> None:
    assert await seen(server) == expected


async def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    server = zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.TRUNCATING)
    await seen(server)
    assert server.questions == [(NAME, "CNAME", "udp"), (NAME, "CNAME", "tcp")]


async def test_an_absence_is_asked_for_again_each_time() -> None:
    async with served(zone()) as server:
        resolvers = Resolvers(DnsClient(PATIENT), (server.server,), every=True)
        before = await resolvers.look([needed()])
        server.publish(f"{NAME}. CNAME {TARGET}.")
        after = await resolvers.look([needed()])
    assert [item.lookup.verdict for item in (*before, *after) if item.lookup] == [DnsVerdict.MISSING, DnsVerdict.OK]


async def test_a_name_that_is_not_plain_is_not_asked_for() -> None:
    server = zone()
    async with served(server):
        resolvers = Resolvers(DnsClient(PATIENT), (server.server,), every=True)
        found = await resolvers.look(
            [needed("images example.com"), needed(value="a..b"), needed("x" * 64 + ".example.com")]
        )
    unusable = LookupResult(DnsVerdict.NOT_CHECKED, note="Imgwire asks for what is not a usable DNS name")
    assert [item.lookup for item in found] == [unusable] * 3
    assert server.questions == []


async def both(
    first: Zone, second: Zone, *, every: bool, limits: Limits = PATIENT
) -> tuple[LookupResult | None, Zone, Zone]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(first))
        await stack.enter_async_context(served(second))
        resolvers = Resolvers(DnsClient(limits), (first.server, second.server), every=every)
        (found,) = await resolvers.look([needed()])
    return found.lookup, first, second


async def test_of_two_named_servers_the_worse_answer_counts_and_both_are_told() -> None:
    found, first, second = await both(zone(f"{NAME}. CNAME {TARGET}."), zone(), every=True)
    assert found == LookupResult(
        DnsVerdict.MISSING,
        (),
        (str(first.server), str(second.server)),
        f"{first.server} says ok; {second.server} says missing",
    )


async def test_a_silent_one_of_two_named_servers_takes_nothing_from_the_other() -> None:
    found, first, second = await both(
        zone(mood=Mood.SILENT), zone(f"{NAME}. CNAME {TARGET}."), every=True, limits=Limits(attempts=(0.5,))
    )
    assert found == LookupResult(
        DnsVerdict.OK,
        (TARGET,),
        (str(first.server), str(second.server)),
        f"{first.server} says nothing; {second.server} says ok",
    )


async def test_of_the_systems_servers_the_first_that_answers_is_believed() -> None:
    found, first, second = await both(zone(mood=Mood.SERVFAIL), zone(f"{NAME}. CNAME {TARGET}."), every=False)
    assert found == LookupResult(DnsVerdict.OK, (TARGET,), (str(second.server),))
    found, first, second = await both(zone(), zone(f"{NAME}. CNAME {TARGET}."), every=False)
    assert found == LookupResult(DnsVerdict.MISSING, (), (str(first.server),))
    assert second.questions == []


async def test_without_any_server_nothing_is_checked() -> None:
    (found,) = await Resolvers(DnsClient(PATIENT), ()).look([needed()])
    assert found.lookup == LookupResult(DnsVerdict.NOT_CHECKED, note="no DNS server is known")


async def test_a_server_that_stays_silent_is_left_alone_for_a_while() -> None:
    now = 0.0
    async with served(zone(mood=Mood.SILENT)) as server:
        asker = DnsClient(Limits(attempts=(0.02,), parallelism=1), clock=lambda: now)
        resolvers = Resolvers(asker, (server.server,), every=True)
        found = await resolvers.look([needed(f"n{number}.example.com") for number in range(50)])
        asked = len(server.questions)
        now = 20.0
        await resolvers.look([needed()])
    assert {item.lookup.verdict for item in found if item.lookup} == {DnsVerdict.NOT_CHECKED}
    assert found[-1].lookup == LookupResult(
        DnsVerdict.NOT_CHECKED, (), (str(server.server),), f"{server.server} did not answer before"
    )
    assert (asked, len(server.questions)) == (5, 6)


async def test_a_lost_packet_is_asked_for_again() -> None:
    class Deaf(Zone):
        """Does not hear the first question."""

        def answer(self, wire: bytes, way: str) -> bytes | None:
            found = super().answer(wire, way)
            return found if len(self.questions) > 1 else None

    server = Deaf()
    server.publish(f"{NAME}. CNAME {TARGET}.")
    async with served(server):
        resolvers = Resolvers(DnsClient(Limits(attempts=(0.05, 2.0))), (server.server,), every=True)
        (found,) = await resolvers.look([needed()])
    assert found.lookup == LookupResult(DnsVerdict.OK, (TARGET,), (str(server.server),))


def _ipv6_works() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _ipv6_works(), reason="this machine has no IPv6 loopback")
async def test_a_server_can_be_asked_over_ipv6() -> None:
    server = Zone(address="::1")
    server.publish(f"{NAME}. CNAME {TARGET}.")
    assert await seen(server) == LookupResult(DnsVerdict.OK, (TARGET,))
    assert str(server.server) == f"[::1]:{server.port}"
