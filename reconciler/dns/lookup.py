"""Looking up the records that custom domains need."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.dns.answers import Answer, Kind
from reconciler.dns.evidence import Evidence, Expectation, collect
from reconciler.dns.verdicts import ServerAnswer, judge
from reconciler.model.dns import DnsVerdict, LookupResult, plain_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.dns.authority import Authorities
    from reconciler.dns.client import DnsClient
    from reconciler.dns.evidence import Query
    from reconciler.dns.servers import AnyServer
    from reconciler.model.report import Record


@dataclass(frozen=True, slots=True)
class Lookup:
    """Which servers are queried. `named`: exactly `servers`, all of them. Else the zone's own servers first, all of them, and
    `servers` as resolvers second."""

    client: DnsClient
    servers: tuple[AnyServer, ...]
    authorities: Authorities
    named: bool = False

    async def look_up(self, records: Iterable[Record]) -> tuple[Record, ...]:
        """The records with the result of each lookup. Never raises: without an answer the verdict is `not_checked`."""
        items = tuple(records)
        values = {(item.environment, item.hostname, item.purpose): item.value for item in items}
        other = {"routing": "validation", "validation": "routing"}
        return tuple(
            await asyncio.gather(
                *(
                    self._record(item, values.get((item.environment, item.hostname, other.get(item.purpose, ""))))
                    for item in items
                )
            )
        )

    async def resolve(self, name: str, kind: str) -> Answer:
        """The first answer of any of the resolvers, or of the named servers."""
        _, answer = await self.client.query_first(self.servers, name, kind)
        return answer

    async def authoritative(self, name: str, kind: str) -> Answer:
        """The answer of the first of the zone's own servers that answers, else of the resolvers."""
        if not self.named:
            found = await self.authorities.of(name)
            for server in found.servers:
                answer = _of_authority(await self.client.query(server, name, kind, recursive=False), found.zone)
                if answer.kind is not Kind.NO_ANSWER:
                    return answer
        return await self.resolve(name, kind)

    async def _record(self, record: Record, sibling: str | None) -> Record:
        if record.name is None or record.value is None:
            note = "the API has not given the record yet"
            return replace(record, lookup=LookupResult(DnsVerdict.NOT_CHECKED, note=note))
        if not (plain_name(record.name) and plain_name(record.value)):
            note = "the API returned a name that cannot be a DNS record"
            return replace(record, lookup=LookupResult(DnsVerdict.NOT_CHECKED, note=note))
        return replace(record, lookup=await self._result(record.name, record.value, sibling))

    async def _result(self, name: str, value: str, sibling: str | None) -> LookupResult:
        sibling = sibling if sibling != value else None
        if self.named:
            answers = await self._query_all(self.servers, name, recursive=True)
            expectation = Expectation(name, value, None, sibling)
            if any(answer.kind is not Kind.NO_ANSWER and not _is_expected(expectation, answer) for answer in answers):
                # The zone only helps to explain a mistake.
                expectation = Expectation(name, value, await self.authorities.zone_of(name), sibling)
            return judge(expectation, await self._explained(self.servers, answers, expectation))
        found = await self.authorities.of(name)
        expectation = Expectation(name, value, found.zone, sibling)
        answers, resolver = await asyncio.gather(
            self._query_all(found.servers, name, recursive=False), self._resolver_answer(expectation)
        )
        answers = [_of_authority(answer, found.zone) for answer in answers]
        result = judge(expectation, await self._explained(found.servers, answers, expectation), resolver)
        if found.problem is None:
            return result
        return replace(result, note="; ".join(part for part in (result.note, found.problem) if part))

    async def _query_all(self, servers: Sequence[AnyServer], name: str, *, recursive: bool) -> list[Answer]:
        return await asyncio.gather(
            *(self.client.query(server, name, "CNAME", recursive=recursive) for server in servers)
        )

    async def _explained(
        self, servers: Sequence[AnyServer], answers: Sequence[Answer], expectation: Expectation
    ) -> list[ServerAnswer]:
        """Each answer with its evidence. Servers with the same unexpected answer share the evidence of the first."""
        evidence: dict[tuple[Kind, tuple[str, ...]], Evidence] = {}
        explained = []
        for server, answer in zip(servers, answers, strict=True):
            if _is_expected(expectation, answer):
                explained.append(ServerAnswer(str(server), answer))
                continue
            key = answer.kind, answer.values
            if key not in evidence:
                query: Query = partial(self.client.query, server, recursive=self.named)
                evidence[key] = await collect(expectation, answer, query, query if self.named else self.resolve)
            explained.append(ServerAnswer(str(server), answer, evidence[key]))
        return explained

    async def _resolver_answer(self, expectation: Expectation) -> ServerAnswer | None:
        """What the system's resolvers answer; None where there are none."""
        server, answer = await self.client.query_first(self.servers, expectation.name, "CNAME")
        if server is None:
            return None
        if _is_expected(expectation, answer):
            return ServerAnswer(str(server), answer)
        query: Query = partial(self.client.query, server)
        return ServerAnswer(str(server), answer, await collect(expectation, answer, query, self.resolve))


def _of_authority(answer: Answer, zone: str | None) -> Answer:
    """The answer, as no answer where the server does not serve the zone (lame delegation)."""
    match answer:
        case Answer(Kind.NO_ANSWER, problem=str(problem)) if "REFUSED" in problem or "NOTAUTH" in problem:
            return replace(answer, problem=f"{problem}: it does not serve {zone} (lame delegation)")
        case Answer(Kind.NO_ANSWER, problem=str(problem)) if "SERVFAIL" in problem:
            return replace(answer, problem=f"{problem}: it may not have loaded {zone}")
        case Answer(Kind.NO_ANSWER) | Answer(authoritative=True):
            return answer
        case _:
            return Answer(Kind.NO_ANSWER, problem=f"is not authoritative for {zone} (lame delegation)")


def _is_expected(expectation: Expectation, answer: Answer) -> bool:
    return answer.kind is Kind.FOUND and set(answer.values) == {expectation.value.lower()}
