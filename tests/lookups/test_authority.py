"""The zone's own servers are queried first, all of them, and the resolver second."""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

pytest.importorskip("dns")

from lookups.server import Mood, Zone, served
from reconciler.dns.authority import Authorities
from reconciler.dns.client import DnsClient, QueryLimits
from reconciler.dns.lookup import Lookup
from reconciler.model.dns import DnsAction, DnsVerdict, LookupResult
from reconciler.model.report import Record

pytestmark = pytest.mark.anyio

NAME, TARGET = "images.example.com", "cdn-proxy.imgwire.dev"
RIGHT = f"{NAME}. CNAME {TARGET}."
DELEGATION = ("example.com. NS ns.example.com.", "ns.example.com. A 127.0.0.1")
OK, MISSING, WRONG, NOT_CHECKED = DnsVerdict.OK, DnsVerdict.MISSING, DnsVerdict.WRONG, DnsVerdict.NOT_CHECKED
PATIENT = QueryLimits(attempts=(10.0,), hedge=10.0)


def zone(*lines: str, mood: Mood = Mood.WELL, **more: object) -> Zone:
    made = Zone(mood, **more)  # type: ignore[arg-type]
    made.publish(*lines)
    return made


def resolver(*lines: str, ttl: int = 42) -> Zone:
    return zone(*lines, mood=Mood.CACHING, ttl=ttl)


async def looked_up(resolver: Zone, authority: Zone, limits: QueryLimits = PATIENT) -> LookupResult:
    """The result with this resolver and this server of the zone, as RESOLVER and AUTHORITY."""
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(resolver))
        await stack.enter_async_context(served(authority))
        client = DnsClient(limits)
        authorities = Authorities(client, (resolver.server,), lambda _name: "example.com", authority.port)
        lookup = Lookup(client, (resolver.server,), authorities)
        (found,) = await lookup.look_up([Record("web", NAME, "routing", NAME, TARGET)])
    result = found.lookup
    assert result is not None
    names = {
        str(resolver.server): "RESOLVER",
        f"ns.example.com ({authority.server})": "AUTHORITY",
        f"ns2.example.com ({authority.server})": "AUTHORITY2",
    }
    note = result.note
    for server, name in names.items():
        note = note and note.replace(server, name)
    return replace(result, servers=tuple(names[server] for server in result.servers), note=note)


BOTH = ("AUTHORITY", "RESOLVER")


async def test_a_record_that_both_have_is_ok() -> None:
    assert await looked_up(resolver(*DELEGATION, RIGHT), zone(RIGHT)) == LookupResult(OK, (TARGET,), BOTH)


async def test_an_absence_that_the_resolver_still_has_does_not_count_and_says_how_long() -> None:
    assert await looked_up(resolver(*DELEGATION), zone(RIGHT)) == LookupResult(
        OK,
        (TARGET,),
        BOTH,
        "the resolver RESOLVER still answers missing from its cache: wait up to 42 s",
        wait=42,
    )


async def test_an_old_target_that_the_resolver_still_has_does_not_count() -> None:
    result = await looked_up(resolver(*DELEGATION, f"{NAME}. CNAME old.example.net.", ttl=300), zone(RIGHT))
    assert (result.verdict, result.wait) == (OK, 300)
    assert result.note == "the resolver RESOLVER still answers wrong from its cache: wait up to 300 s"


async def test_a_record_that_only_the_resolver_has_is_missing() -> None:
    result = await looked_up(resolver(*DELEGATION, RIGHT), zone("www.example.com. A 192.0.2.1"))
    assert result == LookupResult(
        MISSING,
        (),
        BOTH,
        "the resolver RESOLVER still answers ok from its cache: wait up to 42 s",
        DnsAction.ADD,
        42,
    )


async def test_addresses_that_the_resolver_still_has_do_not_count() -> None:
    old = resolver(*DELEGATION, f"{NAME}. A 192.0.2.1", f"{TARGET}. A 192.0.2.1")
    assert (await looked_up(old, zone(RIGHT))).verdict is OK


@pytest.mark.parametrize(
    ("mood", "problem"),
    [
        (Mood.REFUSED, "answered REFUSED: it does not serve example.com (lame delegation)"),
        (Mood.SERVFAIL, "answered SERVFAIL: it may not have loaded example.com"),
        (Mood.REFERRING, "does not serve the name and refers to other servers"),
        (Mood.LAME, "is not authoritative for example.com (lame delegation)"),
    ],
    ids=lambda value: value.value if isinstance(value, Mood) else None,
)
async def test_a_server_that_does_not_serve_the_zone_is_named_and_the_resolver_counts(mood: Mood, problem: str) -> None:
    result = await looked_up(resolver(*DELEGATION), zone(mood=mood))
    cache = "RESOLVER may keep this answer in its cache: wait up to 42 s after a change"
    assert result == LookupResult(MISSING, (), BOTH, f"AUTHORITY {problem}; {cache}", DnsAction.ADD, 42)


async def test_a_dead_server_is_named_and_the_resolver_counts() -> None:
    quick = QueryLimits(attempts=(0.3,), hedge=5.0)
    result = await looked_up(resolver(*DELEGATION, RIGHT), zone(mood=Mood.SILENT), quick)
    assert result == LookupResult(OK, (TARGET,), BOTH, "AUTHORITY did not answer in time")


@pytest.mark.parametrize(
    ("delegation", "note"),
    [
        (
            (),
            "the resolver knows no name server of example.com: check that the domain is registered, or use --dns-server ADDRESS",
        ),
        (
            DELEGATION[:1],
            "the servers of example.com have no address: check the delegation of the domain, or use --dns-server ADDRESS",
        ),
        (
            ("example.com. NS .",),
            "the servers of example.com have no address: check the delegation of the domain, or use --dns-server ADDRESS",
        ),
    ],
    ids=["no name servers", "no address", "no name"],
)
async def test_without_a_server_of_the_zone_the_resolver_counts(delegation: tuple[str, ...], note: str) -> None:
    result = await looked_up(resolver(*delegation, RIGHT), zone(RIGHT))
    assert result == LookupResult(OK, (TARGET,), ("RESOLVER",), note)


async def test_signatures_that_do_not_validate_are_no_success() -> None:
    bad = resolver(*DELEGATION)
    result = await looked_up(bad, zone(RIGHT))
    assert result.verdict is OK

    class Validating(Zone):
        """Refuses the name and knows everything else."""

        def answer(self, wire: bytes, way: str) -> bytes | None:
            self.mood = Mood.SERVFAIL if b"\x06images" in wire and b"\x00\x05\x00\x01" in wire else Mood.CACHING
            return super().answer(wire, way)

    validating = Validating(error=(6, "signature expired"))
    validating.publish(*DELEGATION)
    result = await looked_up(validating, zone(RIGHT))
    assert (result.verdict, result.note) == (
        NOT_CHECKED,
        "the resolver RESOLVER answered SERVFAIL (DNSSEC bogus: signature expired)",
    )


async def test_every_server_of_the_zone_must_have_the_record() -> None:
    first, second = zone(RIGHT), Zone(address="127.0.0.2")
    second.publish("www.example.com. A 192.0.2.1")
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(first))
        second.port = first.port
        await stack.enter_async_context(served(second))
        ask = resolver(
            "example.com. NS ns1.example.com.",
            "example.com. NS ns2.example.com.",
            "ns1.example.com. A 127.0.0.1",
            "ns2.example.com. A 127.0.0.2",
            RIGHT,
        )
        await stack.enter_async_context(served(ask))
        client = DnsClient(PATIENT)
        authorities = Authorities(client, (ask.server,), lambda _name: "example.com", first.port)
        (found,) = await Lookup(client, (ask.server,), authorities).look_up(
            [Record("web", NAME, "routing", NAME, TARGET)]
        )
    result = found.lookup
    assert result is not None
    assert (result.verdict, result.action) == (MISSING, DnsAction.ADD)
    assert result.note is not None
    assert result.note.startswith(
        f"ns1.example.com (127.0.0.1:{first.port}): ok; ns2.example.com (127.0.0.2:{first.port}): missing"
    )


async def test_the_closest_zone_counts_and_is_found_once() -> None:
    known = resolver(
        *DELEGATION,
        f"{NAME}. NS ns.{NAME}.",
        f"ns.{NAME}. A 192.0.2.1",
        f"ns.{NAME}. A 192.0.2.2",
    )
    async with served(known):
        client = DnsClient(PATIENT)
        authorities = Authorities(client, (known.server,))
        found = [await authorities.of(name) for name in (NAME, f"a.{NAME}", "example.com")]
        asked = len(known.questions)
        await authorities.of(NAME)
    assert [[server.address for server in item.servers] for item in found] == [
        ["192.0.2.1", "192.0.2.2"],
        ["127.0.0.1"],  # the test server gives example.com as the zone of absent names
        ["127.0.0.1"],
    ]
    assert len(known.questions) == asked


async def test_a_wrong_target_that_is_a_zone_does_not_mislead_the_search_for_the_zone() -> None:
    known = resolver(
        *DELEGATION,
        f"{NAME}. CNAME example.net.",
        "example.net. SOA ns.example.net. hostmaster.example.net. 1 3600 600 86400 60",
        "example.net. NS ns.example.net.",
    )
    assert (await looked_up(known, zone(RIGHT))).verdict is OK


@pytest.mark.parametrize("mood", [Mood.SERVFAIL, Mood.REFUSED, Mood.GARBLED])
async def test_a_resolver_that_failed_once_is_queried_again_in_the_next_round(mood: Mood) -> None:
    now = [0.0]
    async with served(resolver(*DELEGATION)) as recovering:
        client = DnsClient(clock=lambda: now[0])
        authorities = Authorities(client, (recovering.server,), lambda _name: "example.com")
        recovering.mood = mood
        assert (await authorities.of(NAME)).problem is not None
        recovering.mood = Mood.CACHING
        now[0] += 30.0  # the client no longer skips the resolver
        found = await authorities.of(NAME)
        assert [server.name for server in found.servers] == ["ns.example.com"]
        count = len(recovering.questions)
        assert await authorities.of(NAME) == found
        assert len(recovering.questions) == count
