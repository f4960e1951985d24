"""Looking records up at real servers on loopback, well behaved and not."""

from __future__ import annotations

import socket
from contextlib import AsyncExitStack

import pytest

pytest.importorskip("dns")

from lookups.server import Mood, Zone, served
from reconciler.dns.asking import Asker, Limits
from reconciler.dns.records import Resolvers
from reconciler.model.dns import DnsVerdict, Seen
from reconciler.model.report import Record

pytestmark = pytest.mark.anyio

NAME, TARGET = "images.example.com", "cdn-proxy.imgwire.dev"
PATIENT = Limits(attempts=(10.0,))
QUICK = Limits(attempts=(0.15,))  # where nobody will answer


def needed(name: str = NAME, value: str = TARGET) -> Record:
    return Record("web", NAME, "routing", name, value)


async def seen(zone: Zone, record: Record | None = None) -> Seen:
    """What is told of a record when this server alone is asked, with the server's port left out."""
    limits = QUICK if zone.mood in {Mood.SILENT, Mood.GARBLED} else PATIENT
    async with served(zone):
        (found,) = await Resolvers(Asker(limits), (zone.server,), every=True).look([record or needed()])
    assert found.seen is not None
    assert found.seen.asked == (str(zone.server),)
    note = found.seen.note and found.seen.note.replace(str(zone.server), "SERVER")
    return Seen(found.seen.verdict, found.seen.found, (), note)


def zone(*lines: str, mood: Mood = Mood.WELL) -> Zone:
    made = Zone(mood)
    made.publish(*lines)
    return made


CASES = {
    "right": (zone(f"{NAME}. CNAME {TARGET}."), Seen(DnsVerdict.OK, (TARGET,))),
    "right in another case": (zone(f"{NAME}. CNAME CDN-Proxy.Imgwire.DEV."), Seen(DnsVerdict.OK, (TARGET,))),
    "no such name": (zone("www.example.com. A 192.0.2.1"), Seen(DnsVerdict.MISSING)),
    "name without a record": (
        zone(f"below.{NAME}. A 192.0.2.1"),
        Seen(DnsVerdict.MISSING, note="the name exists, but has no CNAME"),
    ),
    "name with another type": (
        zone(f'{NAME}. TXT "x"'),
        Seen(DnsVerdict.MISSING, note="the name exists, but has no CNAME"),
    ),
    "another target": (
        zone(f"{NAME}. CNAME other.example.net."),
        Seen(DnsVerdict.WRONG, ("other.example.net",)),
    ),
    "the zone appended": (
        zone(f"{NAME}. CNAME {TARGET}.example.com."),
        Seen(DnsVerdict.WRONG, (f"{TARGET}.example.com",)),
    ),
    "a detour": (
        zone(f"{NAME}. CNAME a.example.com.", "a.example.com. CNAME b.example.com.", f"b.example.com. CNAME {TARGET}."),
        Seen(
            DnsVerdict.WRONG,
            ("a.example.com",),
            note="leads to the target by way of a.example.com, b.example.com: publish it directly, exactly as given",
        ),
    ),
    "itself": (
        zone(f"{NAME}. CNAME {NAME}."),
        Seen(DnsVerdict.WRONG, (NAME,), note="the CNAMEs lead in a loop"),
    ),
    "a loop": (
        zone(f"{NAME}. CNAME a.example.com.", f"a.example.com. CNAME {NAME}."),
        Seen(DnsVerdict.WRONG, ("a.example.com",), note="the CNAMEs lead in a loop"),
    ),
    "a loop further on": (
        zone(
            f"{NAME}. CNAME a.example.com.",
            "a.example.com. CNAME b.example.com.",
            "b.example.com. CNAME a.example.com.",
        ),
        Seen(DnsVerdict.WRONG, ("a.example.com",), note="the CNAMEs lead in a loop"),
    ),
    "an endless chain": (
        zone(
            f"{NAME}. CNAME n1.example.com.", *(f"n{i}.example.com. CNAME n{i + 1}.example.com." for i in range(1, 50))
        ),
        Seen(DnsVerdict.WRONG, ("n1.example.com",)),
    ),
    "the root": (zone(f"{NAME}. CNAME ."), Seen(DnsVerdict.WRONG, (".",))),
    "no usable name": (
        zone(f"{NAME}. CNAME a\\001b\\..example.net."),
        Seen(DnsVerdict.WRONG, ("a\\001b\\..example.net",)),
    ),
    "addresses instead": (
        zone(f"{NAME}. A 192.0.2.1", f"{NAME}. AAAA 2001:db8::1"),
        Seen(
            DnsVerdict.FLATTENED,
            ("192.0.2.1", "2001:db8::1"),
            note="addresses stand where the CNAME should be: proxied or flattened by the provider, or from a wildcard",
        ),
    ),
    "server failure": (
        zone(mood=Mood.SERVFAIL),
        Seen(DnsVerdict.NOT_CHECKED, note="SERVER answered SERVFAIL"),
    ),
    "refused": (zone(mood=Mood.REFUSED), Seen(DnsVerdict.NOT_CHECKED, note="SERVER answered REFUSED")),
    "silence": (zone(mood=Mood.SILENT), Seen(DnsVerdict.NOT_CHECKED, note="SERVER did not answer in time")),
    "garbage": (zone(mood=Mood.GARBLED), Seen(DnsVerdict.NOT_CHECKED, note="SERVER did not answer in time")),
    "a referral": (
        zone(mood=Mood.REFERRING),
        Seen(DnsVerdict.NOT_CHECKED, note="SERVER does not know the name and refers to other servers"),
    ),
    "more than fits UDP": (zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.TRUNCATING), Seen(DnsVerdict.OK, (TARGET,))),
}


@pytest.mark.parametrize(("server", "expected"), CASES.values(), ids=CASES.keys())
async def test_what_a_server_says_becomes_one_verdict(server: Zone, expected: Seen) -> None:
    assert await seen(server) == expected


async def test_a_truncated_answer_is_asked_for_again_over_tcp() -> None:
    server = zone(f"{NAME}. CNAME {TARGET}.", mood=Mood.TRUNCATING)
    await seen(server)
    assert server.questions == [(NAME, "CNAME", "udp"), (NAME, "CNAME", "tcp")]


async def test_an_absence_is_asked_for_again_each_time() -> None:
    async with served(zone()) as server:
        resolvers = Resolvers(Asker(PATIENT), (server.server,), every=True)
        before = await resolvers.look([needed()])
        server.publish(f"{NAME}. CNAME {TARGET}.")
        after = await resolvers.look([needed()])
    assert [item.seen.verdict for item in (*before, *after) if item.seen] == [DnsVerdict.MISSING, DnsVerdict.OK]


async def test_a_name_that_is_not_plain_is_not_asked_for() -> None:
    server = zone()
    async with served(server):
        resolvers = Resolvers(Asker(PATIENT), (server.server,), every=True)
        found = await resolvers.look(
            [needed("images example.com"), needed(value="a..b"), needed("x" * 64 + ".example.com")]
        )
    unusable = Seen(DnsVerdict.NOT_CHECKED, note="Imgwire asks for what is not a usable DNS name")
    assert [item.seen for item in found] == [unusable] * 3
    assert server.questions == []


async def both(first: Zone, second: Zone, *, every: bool, limits: Limits = PATIENT) -> tuple[Seen | None, Zone, Zone]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(first))
        await stack.enter_async_context(served(second))
        resolvers = Resolvers(Asker(limits), (first.server, second.server), every=every)
        (found,) = await resolvers.look([needed()])
    return found.seen, first, second


async def test_of_two_named_servers_the_worse_answer_counts_and_both_are_told() -> None:
    found, first, second = await both(zone(f"{NAME}. CNAME {TARGET}."), zone(), every=True)
    assert found == Seen(
        DnsVerdict.MISSING,
        (),
        (str(first.server), str(second.server)),
        f"{first.server} says ok; {second.server} says missing",
    )


async def test_a_silent_one_of_two_named_servers_takes_nothing_from_the_other() -> None:
    found, first, second = await both(
        zone(mood=Mood.SILENT), zone(f"{NAME}. CNAME {TARGET}."), every=True, limits=Limits(attempts=(0.5,))
    )
    assert found == Seen(
        DnsVerdict.OK,
        (TARGET,),
        (str(first.server), str(second.server)),
        f"{first.server} says nothing; {second.server} says ok",
    )


async def test_of_the_systems_servers_the_first_that_answers_is_believed() -> None:
    found, first, second = await both(zone(mood=Mood.SERVFAIL), zone(f"{NAME}. CNAME {TARGET}."), every=False)
    assert found == Seen(DnsVerdict.OK, (TARGET,), (str(second.server),))
    found, first, second = await both(zone(), zone(f"{NAME}. CNAME {TARGET}."), every=False)
    assert found == Seen(DnsVerdict.MISSING, (), (str(first.server),))
    assert second.questions == []


async def test_without_any_server_nothing_is_checked() -> None:
    (found,) = await Resolvers(Asker(PATIENT), ()).look([needed()])
    assert found.seen == Seen(DnsVerdict.NOT_CHECKED, note="no DNS server is known")


async def test_a_server_that_stays_silent_is_left_alone_for_a_while() -> None:
    now = 0.0
    async with served(zone(mood=Mood.SILENT)) as server:
        asker = Asker(Limits(attempts=(0.02,), parallelism=1), clock=lambda: now)
        resolvers = Resolvers(asker, (server.server,), every=True)
        found = await resolvers.look([needed(f"n{number}.example.com") for number in range(50)])
        asked = len(server.questions)
        now = 20.0
        await resolvers.look([needed()])
    assert {item.seen.verdict for item in found if item.seen} == {DnsVerdict.NOT_CHECKED}
    assert found[-1].seen == Seen(
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
        resolvers = Resolvers(Asker(Limits(attempts=(0.05, 2.0))), (server.server,), every=True)
        (found,) = await resolvers.look([needed()])
    assert found.seen == Seen(DnsVerdict.OK, (TARGET,), (str(server.server),))


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
    assert await seen(server) == Seen(DnsVerdict.OK, (TARGET,))
    assert str(server.server) == f"[::1]:{server.port}"
