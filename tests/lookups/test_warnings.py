"""CAA sets and dangling names, from a real server on loopback."""

from __future__ import annotations

import pytest

pytest.importorskip("dns")

from lookups.server import Mood, Zone, served
from reconciler.dns.authority import Authorities
from reconciler.dns.client import DnsClient, QueryLimits
from reconciler.dns.lookup import Lookup
from reconciler.dns.warnings import caa_message, caa_notes, dangling_notes
from reconciler.model.dns import DnsNote, DnsNoteKind

NAME = "images.example.com"
LIMITS = QueryLimits(attempts=(10.0,))


def named(zone: Zone) -> Lookup:
    client = DnsClient(LIMITS)
    return Lookup(client, (zone.server,), Authorities(client, (zone.server,)), named=True)


async def caa(*lines: str, mood: Mood = Mood.WELL) -> tuple[tuple[DnsNote, ...], Zone]:
    zone = Zone(mood)
    zone.publish(*lines)
    async with served(zone):
        return await caa_notes([("web", NAME)], named(zone)), zone


@pytest.mark.anyio
async def test_the_closest_caa_set_counts() -> None:
    notes, zone = await caa('example.com. CAA 0 issue "letsencrypt.org"', 'com. CAA 0 issue ";"')
    assert notes == (
        DnsNote(
            DnsNoteKind.CAA,
            "web",
            NAME,
            "CAA at example.com allows only letsencrypt.org: Imgwire's certificate may not be issued",
            ('0 issue "letsencrypt.org"',),
        ),
    )
    assert zone.questions == [(NAME, "CAA", "udp"), ("example.com", "CAA", "udp")]


@pytest.mark.anyio
async def test_no_caa_set_up_to_the_root_is_no_note() -> None:
    notes, zone = await caa(f"{NAME}. A 192.0.2.1")
    assert notes == ()
    assert [name for name, _, _ in zone.questions] == [NAME, "example.com", "com"]


@pytest.mark.anyio
async def test_a_failed_caa_lookup_is_reported() -> None:
    notes, zone = await caa('example.com. CAA 0 issue ";"', mood=Mood.SERVFAIL)
    assert [note.message for note in notes] == [
        f"the CAA records of {NAME} could not be looked up: the DNS server answered SERVFAIL"
    ]
    assert len(zone.questions) == 1


@pytest.mark.anyio
async def test_the_caa_set_behind_a_cname_counts() -> None:
    notes, _ = await caa(f"{NAME}. CNAME cdn.example.net.", 'cdn.example.net. CAA 0 issue "ca.example"')
    assert [note.message for note in notes] == [
        f"CAA at {NAME} allows only ca.example: Imgwire's certificate may not be issued"
    ]


@pytest.mark.anyio
async def test_a_set_that_many_hostnames_share_is_queried_and_reported_once() -> None:
    zone = Zone()
    zone.publish('example.com. CAA 0 issue ";"')
    async with served(zone):
        hostnames = [(f"e{number}", f"h{number}.example.com") for number in range(20)]
        notes = await caa_notes(hostnames, named(zone))
    assert [(note.environment, note.hostname) for note in notes] == [
        ("e0, e1, e2, e3, e4 and 15 more", ", ".join(f"h{number}.example.com" for number in range(5)) + " and 15 more")
    ]
    assert len(zone.questions) == 21


@pytest.mark.parametrize(
    ("records", "expected"),
    [
        ((), None),
        (('0 iodef "mailto:security@example.com"',), None),
        (('0 issuewild ";"',), None),
        (('0 issue ";"',), "CAA at x allows no authority: no certificate can be issued"),
        (('0 issue ""',), "CAA at x allows no authority: no certificate can be issued"),
        (
            ('0 issue "b.example; account=1"', '0 ISSUE "a.example"', '0 issuewild ";"'),
            "CAA at x allows only a.example, b.example: Imgwire's certificate may not be issued",
        ),
        (
            ('128 tbs "Unknown"',),
            "CAA at x has the critical property `tbs`: an authority that does not know it issues no certificate",
        ),
        (('0 tbs "Unknown"',), None),
    ],
)
def test_a_caa_set_is_read_as_rfc_8659_says(records: tuple[str, ...], expected: str | None) -> None:
    assert caa_message("x", records) == expected


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("line", "dangling"),
    [
        (f"{NAME}. CNAME cdn-proxy.imgwire.dev.", True),
        (f"{NAME}. CNAME EDGE.example.net.", True),
        (f"{NAME}. CNAME elsewhere.example.net.", False),
        (f"{NAME}. CNAME imgwire.dev.example.net.", False),
        (f"{NAME}. A 192.0.2.1", False),
        ("www.example.com. A 192.0.2.1", False),
    ],
)
async def test_a_name_that_leads_to_imgwire_and_is_not_known_there_dangles(line: str, dangling: bool) -> None:
    zone = Zone()
    zone.publish(line)
    async with served(zone):
        notes = await dangling_notes([("web", NAME)], {"edge.example.net"}, {"web": NAME}, named(zone))
    target = line.rsplit(maxsplit=1)[-1].lower().removesuffix(".")
    expected = DnsNote(
        DnsNoteKind.DANGLING,
        "web",
        NAME,
        f"{NAME} still points to {target}, and no environment of this run has it: "
        "another account could claim it. Apply, or remove the CNAME",
        (target,),
    )
    assert notes == ((expected,) if dangling else ())


@pytest.mark.anyio
@pytest.mark.parametrize("hostname", [None, "new.example.com"])
async def test_a_hostname_that_is_no_longer_desired_is_only_to_be_removed(hostname: str | None) -> None:
    zone = Zone()
    zone.publish(f"{NAME}. CNAME cdn-proxy.imgwire.dev.")
    async with served(zone):
        (note,) = await dangling_notes([("web", NAME)], (), {"web": hostname}, named(zone))
    assert note.message.endswith(": another account could claim it. Remove the CNAME")


@pytest.mark.anyio
async def test_the_name_of_an_environment_that_is_not_listed_any_more_is_not_to_be_removed_at_once() -> None:
    zone = Zone()
    zone.publish(f"{NAME}. CNAME cdn-proxy.imgwire.dev.")
    async with served(zone):
        (note,) = await dangling_notes([("web", NAME)], (), {"other": None}, named(zone))
    assert "the manifest no longer lists `web`. If that has it no more, remove the CNAME" in note.message
