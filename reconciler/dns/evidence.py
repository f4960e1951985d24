"""What else DNS has at and around a name without the expected CNAME. It explains the mistake."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.dns.answers import Kind

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from reconciler.dns.answers import Answer

    Query = Callable[[str, str], Awaitable[Answer]]

MAX_HOPS = 10  # CNAMEs that are followed
_OTHER_TYPES = ("A", "AAAA", "TXT", "MX", "NS", "SRV", "CAA")
_WILDCARD_LABEL = "imgwire-wildcard-check"


@dataclass(frozen=True, slots=True)
class Expectation:
    """The CNAME that a name needs. `sibling` is the value of the domain's other record, `zone` the zone of the name."""

    name: str
    value: str
    zone: str | None = None
    sibling: str | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """`records`: values at the name by type. `chain`: the names behind a wrong target, up to MAX_HOPS. `target_addresses`: None
    where they could not be looked up. `doubled`: the record exists at the name with the zone appended twice."""

    records: Mapping[str, tuple[str, ...]]
    chain: tuple[str, ...] = ()
    target_addresses: frozenset[str] | None = None
    wildcard: bool = False
    doubled: bool = False

    @property
    def addresses(self) -> tuple[str, ...]:
        return (*self.records.get("A", ()), *self.records.get("AAAA", ()))


NO_EVIDENCE = Evidence({})


async def collect(expectation: Expectation, answer: Answer, query: Query, resolve: Query) -> Evidence:
    """Evidence for an answer that is not the expected one. `query` queries the server that answered, `resolve` any name."""
    match answer.kind:
        case Kind.NO_ANSWER:
            return NO_EVIDENCE
        case Kind.FOUND if len(answer.values) != 1:
            return NO_EVIDENCE
        case Kind.FOUND:
            chain, wildcard = await asyncio.gather(
                _follow(expectation, answer.values[0], resolve), _is_wildcard(expectation.name, "CNAME", answer, query)
            )
            return Evidence({}, chain=chain, wildcard=wildcard)
        case Kind.NO_NAME:
            return Evidence({}, doubled=await _is_doubled(expectation, query))
        case Kind.EMPTY:
            answers = await asyncio.gather(*(query(expectation.name, kind) for kind in _OTHER_TYPES))
            records = {kind: found.values for kind, found in zip(_OTHER_TYPES, answers, strict=True) if found.values}
            evidence = Evidence(records)
            if not evidence.addresses:
                return Evidence(records, doubled=not records and await _is_doubled(expectation, query))
            kind = "A" if "A" in records else "AAAA"
            targets, wildcard = await asyncio.gather(
                _addresses(expectation.value, resolve),
                _is_wildcard(expectation.name, kind, answers[_OTHER_TYPES.index(kind)], query),
            )
            return Evidence(records, target_addresses=targets, wildcard=wildcard)


async def _follow(expectation: Expectation, target: str, resolve: Query) -> tuple[str, ...]:
    """The names from the target on, until one repeats, the expected one is reached or MAX_HOPS are exceeded."""
    names = [expectation.name.lower(), target]
    while len(names) <= MAX_HOPS and names[-1] != expectation.value.lower() and names[-1] not in names[:-1]:
        answer = await resolve(names[-1], "CNAME")
        if len(answer.values) != 1:
            break
        names.append(answer.values[0])
    return tuple(names[1:])


async def _is_wildcard(name: str, kind: str, answer: Answer, query: Query) -> bool:
    """A name beside this one that does not exist has the same records."""
    parent = name.partition(".")[2]
    other = await query(f"{_WILDCARD_LABEL}.{parent}", kind)
    return other.kind is Kind.FOUND and other.values == answer.values


async def _is_doubled(expectation: Expectation, query: Query) -> bool:
    if expectation.zone is None:
        return False
    answer = await query(f"{expectation.name}.{expectation.zone}", "CNAME")
    return answer.kind is Kind.FOUND


async def _addresses(name: str, resolve: Query) -> frozenset[str] | None:
    answers = await asyncio.gather(*(resolve(name, kind) for kind in ("A", "AAAA")))
    if all(answer.kind is Kind.NO_ANSWER for answer in answers):
        return None
    return frozenset(value for answer in answers for value in answer.values)
