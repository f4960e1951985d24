"""Looking up the records that custom domains need."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.dns.client import Answer, DnsClient, Kind
from reconciler.dns.verdicts import ServerAnswer, judge
from reconciler.model.dns import DnsVerdict, LookupResult, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.dns.authority import Authorities
    from reconciler.dns.servers import Server
    from reconciler.model.report import Record

_FURTHEST = 8  # CNAMEs that are followed from a wrong target


@dataclass(frozen=True, slots=True)
class Resolvers:
    """Whom to ask. With `every` each server is asked, else the next one only where the one before was silent.

    With `authorities` a resolver that says no is not believed before the zone's own servers say so too.
    """

    asker: DnsClient
    servers: tuple[Server, ...]
    every: bool = False
    authorities: Authorities | None = None

    async def look(self, records: Iterable[Record]) -> tuple[Record, ...]:
        """The records with what DNS says of each. Never raises: what could not be asked is `not_checked`."""
        return tuple(await asyncio.gather(*(self._looked(record) for record in records)))

    async def ask(self, name: str, kind: str) -> Answer:
        """What the first server that says anything says."""
        answer = Answer(Kind.NO_ANSWER, problem="no DNS server is known")
        for server in self.servers:
            answer = await self.asker.ask(server, name, kind)
            if answer.kind is not Kind.NO_ANSWER:
                break
        return answer

    async def _looked(self, record: Record) -> Record:
        if not record.known:
            return replace(
                record, lookup=LookupResult(DnsVerdict.NOT_CHECKED, note="the API has not given the record yet")
            )
        if not (plain_name(record.name) and plain_name(record.value)):
            return replace(
                record,
                lookup=LookupResult(DnsVerdict.NOT_CHECKED, note="Imgwire asks for what is not a usable DNS name"),
            )
        sightings: list[ServerAnswer] = []
        if self.every:
            sightings += await asyncio.gather(
                *(self._sighting(server, record.name, record.value) for server in self.servers)
            )
        else:
            for server in self.servers:
                sightings.append(await self._sighting(server, record.name, record.value))
                if sightings[-1].answer.kind is not Kind.NO_ANSWER:
                    del sightings[:-1]
                    break
        result = judge(record.name, record.value, sightings)
        if result.bad and self.authorities:
            result = await self._confirmed(record.name, record.value, result, self.authorities)
        return replace(record, lookup=result)

    async def _confirmed(
        self, name: str, expected: str, result: LookupResult, authorities: Authorities
    ) -> LookupResult:
        for server in await authorities.of(name):
            sighting = await self._sighting(server, name, expected)
            fresh = judge(name, expected, [sighting])
            if fresh.verdict is result.verdict:
                return replace(result, servers=(*result.servers, str(server)))
            if fresh.verdict is not DnsVerdict.NOT_CHECKED:
                old = f"{', '.join(result.servers)} says {result.verdict}, which it may remember from before"
                return replace(
                    fresh, servers=(*result.servers, str(server)), note="; ".join(filter(None, [fresh.note, old]))
                )
        return result

    async def _sighting(self, server: Server, name: str, expected: str) -> ServerAnswer:
        answer = await self.asker.ask(server, name, "CNAME")
        match answer.kind:
            case Kind.FOUND if len(answer.values) == 1 and answer.values[0] != expected.lower():
                return ServerAnswer(
                    str(server), answer, path=await self._path(server, name, expected, answer.values[0])
                )
            case Kind.EMPTY:
                found = [await self.asker.ask(server, name, kind) for kind in ("A", "AAAA")]
                return ServerAnswer(
                    str(server), answer, addresses=tuple(value for each in found for value in each.values)
                )
            case _:
                return ServerAnswer(str(server), answer)

    async def _path(self, server: Server, name: str, expected: str, target: str) -> tuple[str, ...]:
        """The names behind a wrong target, until one is met again or the right one is reached."""
        walked = [name.lower(), target]
        while len(walked) < _FURTHEST and walked[-1] != expected.lower() and walked[-1] not in walked[:-1]:
            answer = await self.asker.ask(server, walked[-1], "CNAME")
            if len(answer.values) != 1:
                break
            walked.append(answer.values[0])
        return tuple(walked[2:])
