"""From what the servers said to one verdict on one record. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.dns.client import Answer, Kind
from reconciler.model.dns import DnsVerdict, LookupResult

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_WORST_FIRST = (DnsVerdict.WRONG, DnsVerdict.MISSING, DnsVerdict.FLATTENED, DnsVerdict.OK, DnsVerdict.NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """What one server says: its CNAME answer, the names that a wrong target leads to from there, and addresses at the name."""

    server: str
    answer: Answer
    path: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()


def judge(name: str, expected: str, sightings: Sequence[ServerAnswer]) -> LookupResult:
    """The worst that any server said. Servers that said nothing do not count, unless all of them did."""
    asked = tuple(sighting.server for sighting in sightings)
    judged = [(sighting, *_judge(name, expected, sighting)) for sighting in sightings]
    worst = min((verdict for _, verdict, _ in judged), key=_WORST_FIRST.index, default=DnsVerdict.NOT_CHECKED)
    said = [(sighting, note) for sighting, verdict, note in judged if verdict is worst]
    found = _once(value for sighting, _ in said for value in sighting.answer.values or sighting.addresses)
    notes = [*_once(note for _, note in said if note)]
    if worst is not DnsVerdict.NOT_CHECKED and len({verdict for _, verdict, _ in judged}) > 1:
        notes = [f"{sighting.server} says {_words(verdict)}" for sighting, verdict, _ in judged] + notes
    elif worst is DnsVerdict.NOT_CHECKED:
        notes = [f"{sighting.server} {sighting.answer.problem}" for sighting in sightings] or ["no DNS server is known"]
    return LookupResult(worst, found, asked, "; ".join(notes) or None)


def _judge(name: str, expected: str, sighting: ServerAnswer) -> tuple[DnsVerdict, str | None]:
    answer = sighting.answer
    match answer.kind:
        case Kind.NO_ANSWER:
            return DnsVerdict.NOT_CHECKED, answer.problem
        case Kind.FOUND if set(answer.values) == {expected.lower()}:
            return DnsVerdict.OK, None
        case Kind.FOUND:
            return DnsVerdict.WRONG, _astray(name, expected, sighting)
        case _ if sighting.addresses:
            return (
                DnsVerdict.FLATTENED,
                "addresses stand where the CNAME should be: proxied or flattened by the provider, or from a wildcard",
            )
        case Kind.NO_NAME:
            return DnsVerdict.MISSING, None
        case Kind.EMPTY:
            return DnsVerdict.MISSING, "the name exists, but has no CNAME"


def _astray(name: str, expected: str, sighting: ServerAnswer) -> str | None:
    """Where a wrong target leads in the end."""
    if len(sighting.answer.values) > 1:
        return "more than one CNAME stands here"
    walked = [name.lower(), *sighting.answer.values, *sighting.path]
    if len(set(walked)) < len(walked):
        return "the CNAMEs lead in a loop"
    if walked[-1] == expected.lower():
        return f"leads to the target by way of {', '.join(walked[1:-1])}: publish it directly, exactly as given"
    return None


def _words(verdict: DnsVerdict) -> str:
    return "nothing" if verdict is DnsVerdict.NOT_CHECKED else str(verdict)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))
