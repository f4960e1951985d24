"""Warnings from DNS besides the two records: CAA sets that forbid certificates, and dangling CNAMEs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reconciler.dns.answers import Kind
from reconciler.model.dns import IMGWIRE_SUFFIX, DnsNote, DnsNoteKind, plain_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from reconciler.dns.answers import Answer
    from reconciler.dns.lookup import Lookup

_KNOWN_TAGS = frozenset({"issue", "issuewild", "iodef", "contactemail", "contactphone", "issuemail", "issuevmc"})
_MAX_NAMES = 5  # environments that a note lists by name


async def caa_notes(hostnames: Iterable[tuple[str, str]], lookup: Lookup) -> tuple[DnsNote, ...]:
    """One note for each CAA set that may keep certificates from being issued, and one for each that could not be looked up.

    `hostnames`: (environment, hostname). Which authority Imgwire uses is not documented, so this is never more than a note.
    """
    queries: dict[str, asyncio.Task[Answer]] = {}

    async def at(name: str) -> Answer:
        if name not in queries:
            queries[name] = asyncio.create_task(lookup.resolve(name, "CAA"))
        return await queries[name]

    async def closest(hostname: str) -> tuple[str, Answer] | None:
        """The set of the closest name that has one (RFC 8659, section 3)."""
        labels = hostname.split(".")
        top = lookup.authorities.registrable_domain(hostname)
        for start in range(len(labels)):
            name = ".".join(labels[start:])
            if top is not None and not f".{name}".endswith(f".{top}"):
                return None  # public suffixes have none, and a server of the zone alone refuses to answer
            answer = await at(name)
            if answer.values or answer.kind is Kind.NO_ANSWER:
                return name, answer
        return None

    usable = [(environment, hostname) for environment, hostname in hostnames if plain_name(hostname)]
    closest_sets = await asyncio.gather(*(closest(hostname) for _, hostname in usable))
    affected: dict[tuple[str, tuple[str, ...]], list[tuple[str, str]]] = {}
    for pair, found in zip(usable, closest_sets, strict=True):
        if found is None:
            continue
        name, answer = found
        message = caa_message(name, answer.values)
        if answer.kind is Kind.NO_ANSWER:
            message = f"the CAA records of {name} could not be looked up: the DNS server {answer.problem}"
        if message is not None:
            affected.setdefault((message, answer.values), []).append(pair)
    return tuple(
        DnsNote(
            DnsNoteKind.CAA, _listed(item[0] for item in pairs), _listed(item[1] for item in pairs), message, values
        )
        for (message, values), pairs in affected.items()
    )


def _listed(names: Iterable[str]) -> str:
    """The names, the last ones as a number where there are many."""
    every = tuple(dict.fromkeys(names))
    rest = len(every) - _MAX_NAMES
    return ", ".join(every) if rest <= 0 else f"{', '.join(every[:_MAX_NAMES])} and {rest} more"


def caa_message(name: str, records: Iterable[str]) -> str | None:
    """What a CAA set forbids for a hostname without a wildcard (RFC 8659, section 4), or None."""
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
            return f"CAA at {name} has the critical property `{tag}`: an authority that does not know it issues no certificate"
    if not restricted:
        return None
    if not issuers:
        return f"CAA at {name} allows no authority: no certificate can be issued"
    return f"CAA at {name} allows only {', '.join(sorted(set(issuers)))}: Imgwire's certificate may not be issued"


async def dangling_notes(
    hostnames: Iterable[tuple[str, str]], targets: Collection[str], desired: Mapping[str, str | None], lookup: Lookup
) -> tuple[DnsNote, ...]:
    """A note for each (environment, hostname) that no environment of the run has and that still points to Imgwire. `desired` is
    the hostname of each environment of the manifest; another one was not read, and may have it still.

    Anybody can claim such a hostname in an Environment of their own and serve any content under it. `targets`: names besides
    those below imgwire.dev that count as Imgwire's.
    """
    known = {target.lower() for target in targets}

    async def note(environment: str, hostname: str) -> DnsNote | None:
        answer = await lookup.authoritative(hostname, "CNAME")
        pointing = [value for value in answer.values if value in known or value.endswith(IMGWIRE_SUFFIX)]
        if not pointing:
            return None
        if environment not in desired:
            advice = f"the manifest no longer lists `{environment}`. If that has it no more, remove the CNAME"
        elif desired[environment] == hostname:
            advice = "another account could claim it. Apply, or remove the CNAME"
        else:
            advice = "another account could claim it. Remove the CNAME"
        message = f"{hostname} still points to {pointing[0]}, and no environment of this run has it: {advice}"
        return DnsNote(DnsNoteKind.DANGLING, environment, hostname, message, answer.values)

    usable = [(environment, hostname) for environment, hostname in hostnames if plain_name(hostname)]
    notes = await asyncio.gather(*(note(*each) for each in usable))
    return tuple(item for item in notes if item is not None)
