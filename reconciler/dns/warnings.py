"""What stands in DNS beside the two records: CAA sets that may keep a certificate away, CNAMEs that lead to nobody."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reconciler.dns.client import Kind
from reconciler.model.dns import DnsNote, DnsNoteKind, plain_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from reconciler.dns.lookup import Resolvers

# The documented targets lie here (guide, custom domains: `cdn-proxy.imgwire.dev`); those of the run's own domains count as well.
_IMGWIRE = ".imgwire.dev"
_KNOWN_TAGS = frozenset({"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"})


async def caa_notes(hostnames: Iterable[tuple[str, str]], resolvers: Resolvers) -> tuple[DnsNote, ...]:
    """A note for each (environment, hostname) whose CAA records may keep a certificate from being issued.

    Which authority Imgwire uses is not documented, so this is never more than a note.
    """
    asked: dict[str, asyncio.Task[tuple[str, ...] | None]] = {}

    async def at(name: str) -> tuple[str, ...] | None:
        if name not in asked:
            asked[name] = asyncio.create_task(_caa(name, resolvers))
        return await asked[name]

    async def note(environment: str, hostname: str) -> DnsNote | None:
        """RFC 8659, section 3: the set of the closest name that has one."""
        labels = hostname.split(".")
        for place in range(len(labels)):
            name = ".".join(labels[place:])
            found = await at(name)
            if found is None:
                return None
            if found:
                message = caa_message(name, found)
                return DnsNote(DnsNoteKind.CAA, environment, hostname, message, found) if message else None
        return None

    usable = [(environment, hostname) for environment, hostname in hostnames if plain_name(hostname)]
    notes = await asyncio.gather(*(note(*each) for each in usable))
    return tuple(item for item in notes if item is not None)


async def _caa(name: str, resolvers: Resolvers) -> tuple[str, ...] | None:
    """The CAA set at the name; None where nobody could say."""
    answer = await resolvers.ask(name, "CAA")
    return None if answer.kind is Kind.NO_ANSWER else answer.values


def caa_message(name: str, records: Iterable[str]) -> str | None:
    """What a CAA set keeps from being issued for a plain hostname (RFC 8659, section 4), or None where it keeps nothing."""
    issuers: list[str] = []
    restricted = False
    for record in records:
        flags, tag, value = record.split(" ", 2)
        tag = tag.lower()
        if tag == "issue":
            restricted = True
            issuer = value.strip('"').partition(";")[0].strip()
            issuers += [issuer] if issuer else []
        elif int(flags) & 128 and tag not in _KNOWN_TAGS:
            return f"CAA at {name} holds the critical property `{tag}`: an authority that does not know it issues no certificate"
    if not restricted:
        return None
    if not issuers:
        return f"CAA at {name} allows no authority: no certificate can be issued"
    return f"CAA at {name} allows only {', '.join(sorted(set(issuers)))}: Imgwire's certificate may not be issued"


async def dangling_notes(
    hostnames: Iterable[tuple[str, str]], targets: Collection[str], resolvers: Resolvers
) -> tuple[DnsNote, ...]:
    """A note for each (environment, hostname) that Imgwire does not know and that still leads there.

    Whoever claims such a hostname in an Environment of their own serves what they like under it.
    """
    known = {target.lower() for target in targets}

    async def note(environment: str, hostname: str) -> DnsNote | None:
        answer = await resolvers.ask(hostname, "CNAME")
        led = tuple(value for value in answer.values if value in known or value.endswith(_IMGWIRE))
        if not led:
            return None
        message = (
            f"{hostname} leads to {led[0]} and is no custom domain in any environment of this run: "
            "another account could claim it. Apply, or remove the CNAME"
        )
        return DnsNote(DnsNoteKind.DANGLING, environment, hostname, message, answer.values)

    usable = [(environment, hostname) for environment, hostname in hostnames if plain_name(hostname)]
    notes = await asyncio.gather(*(note(*each) for each in usable))
    return tuple(item for item in notes if item is not None)
