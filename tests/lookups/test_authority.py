"""A resolver that says no is not believed before the zone's own servers have been asked."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

pytest.importorskip("dns")

from lookups.server import Mood, Zone, served
from reconciler.dns.authority import Authorities
from reconciler.dns.client import DnsClient, Limits
from reconciler.dns.lookup import Resolvers
from reconciler.model.dns import DnsVerdict, LookupResult
from reconciler.model.report import Record

pytestmark = pytest.mark.anyio

NAME, TARGET = "images.example.com", "cdn-proxy.imgwire.dev"
RIGHT = f"{NAME}. CNAME {TARGET}."
DELEGATION = ("example.com. NS ns.example.com.", "ns.example.com. A 127.0.0.1")


async def seen(remembered: tuple[str, ...], published: tuple[str, ...], mood: Mood = Mood.WELL) -> LookupResult:
    """What is told where the resolver remembers this and the zone's own server says that, as RESOLVER and AUTHORITY."""
    resolver, authority = Zone(), Zone(mood)
    resolver.publish(*remembered)
    authority.publish(*published)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(resolver))
        await stack.enter_async_context(served(authority))
        resolvers = Resolvers(DnsClient(Limits(attempts=(10.0,))), (resolver.server,))
        resolvers = Resolvers(
            resolvers.asker, resolvers.servers, authorities=Authorities(resolvers.ask, authority.port)
        )
        (found,) = await resolvers.look([Record("web", NAME, "routing", NAME, TARGET)])
    assert found.lookup is not None
    names = {str(resolver.server): "RESOLVER", str(authority.server): "AUTHORITY"}
    note = found.lookup.note
    for server, name in names.items():
        note = note and note.replace(server, name)
    return LookupResult(
        found.lookup.verdict, found.lookup.found, tuple(names[server] for server in found.lookup.servers), note
    )


async def test_what_was_published_since_is_seen() -> None:
    assert await seen(DELEGATION, (RIGHT,)) == LookupResult(
        DnsVerdict.OK,
        (TARGET,),
        ("RESOLVER", "AUTHORITY"),
        "RESOLVER says missing, which it may remember from before",
    )


async def test_what_was_corrected_since_is_seen() -> None:
    found = await seen((*DELEGATION, f"{NAME}. CNAME old.example.net."), (RIGHT,))
    assert (found.verdict, found.servers) == (DnsVerdict.OK, ("RESOLVER", "AUTHORITY"))


async def test_what_both_say_is_so() -> None:
    assert await seen(DELEGATION, ()) == LookupResult(DnsVerdict.MISSING, (), ("RESOLVER", "AUTHORITY"))


async def test_a_yes_needs_no_second_word() -> None:
    assert await seen((*DELEGATION, RIGHT), ()) == LookupResult(DnsVerdict.OK, (TARGET,), ("RESOLVER",))


@pytest.mark.parametrize("mood", [Mood.REFUSED, Mood.SERVFAIL, Mood.REFERRING])
async def test_where_the_zones_own_server_says_nothing_the_resolver_is_believed(mood: Mood) -> None:
    assert await seen(DELEGATION, (), mood) == LookupResult(DnsVerdict.MISSING, (), ("RESOLVER",))


@pytest.mark.parametrize(
    "delegation",
    [(), DELEGATION[:1], ("example.com. NS .",)],
    ids=["no name servers", "no address", "no name"],
)
async def test_where_the_zones_own_server_is_not_found_the_resolver_is_believed(delegation: tuple[str, ...]) -> None:
    assert await seen(delegation, (RIGHT,)) == LookupResult(DnsVerdict.MISSING, (), ("RESOLVER",))


async def test_the_closest_zone_counts_and_is_found_once() -> None:
    resolver = Zone()
    resolver.publish(*DELEGATION, f"{NAME}. NS ns.{NAME}.", f"ns.{NAME}. A 192.0.2.1", f"ns.{NAME}. A 192.0.2.2")
    async with served(resolver):
        resolvers = Resolvers(DnsClient(Limits(attempts=(10.0,))), (resolver.server,))
        authorities = Authorities(resolvers.ask)
        found = [[str(server) for server in await authorities.of(name)] for name in (NAME, f"a.{NAME}", "example.com")]
        asked = len(resolver.questions)
        await authorities.of(NAME)
    assert found == [["192.0.2.1", "192.0.2.2"], ["192.0.2.1", "192.0.2.2"], ["127.0.0.1"]]
    assert len(resolver.questions) == asked
