"""One verdict on one record from the answers of all servers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.dns.answers import Answer, Kind
from reconciler.dns.evidence import MAX_HOPS, NO_EVIDENCE, Evidence, Expectation
from reconciler.model.dns import DnsAction, DnsVerdict, LookupResult

if TYPE_CHECKING:
    from collections.abc import Sequence

_WORST_FIRST = (DnsVerdict.WRONG, DnsVerdict.MISSING, DnsVerdict.FLATTENED, DnsVerdict.OK, DnsVerdict.NOT_CHECKED)


@dataclass(frozen=True, slots=True)
class ServerAnswer:
    """The answer of one server, and what else it has where that is not the expected one."""

    server: str
    answer: Answer
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class _Finding:
    """What one server's answer means."""

    verdict: DnsVerdict
    found: tuple[str, ...] = ()
    note: str | None = None
    action: DnsAction | None = None


def judge(
    expectation: Expectation, answers: Sequence[ServerAnswer], resolver: ServerAnswer | None = None
) -> LookupResult:
    """The worst answer of all `answers`; a server that does not answer is named and does not count, unless none does.

    `answers` are those of the zone's own servers, or of the servers that the user named. The `resolver` may have an old answer
    in its cache: it only counts where none of the others answered, or where it finds the zone's signatures invalid.
    """
    findings = [(item, _classify(expectation, item.answer, item.evidence)) for item in answers]
    servers = tuple(item.server for item in (*answers, *((resolver,) if resolver else ())))
    answered = [item for item in findings if item[1].verdict is not DnsVerdict.NOT_CHECKED]
    silent = [f"{item.server} {item.answer.problem}" for item, finding in findings if (item, finding) not in answered]
    if not answered:
        return _without_answers(expectation, silent, resolver, servers)
    worst_item, worst = min(answered, key=lambda item: _WORST_FIRST.index(item[1].verdict))
    verdict, wait = worst.verdict, None
    notes = [worst.note] if worst.note else []
    if len({finding.verdict for _, finding in answered}) > 1:
        notes += [f"{item.server}: {_words(finding.verdict)}" for item, finding in answered]
    notes += silent
    if resolver is not None:
        note, wait = _difference(expectation, verdict, resolver)
        notes += [note] if note else []
        if resolver.answer.bogus and verdict is DnsVerdict.OK:
            verdict = DnsVerdict.NOT_CHECKED
    elif worst.action is not None and not worst_item.answer.authoritative and worst_item.answer.ttl:
        wait = worst_item.answer.ttl
        notes.append(f"{worst_item.server} may keep this answer in its cache: wait up to {wait} s after a change")
    found = tuple(dict.fromkeys(value for _, item in answered if item.verdict is worst.verdict for value in item.found))
    return LookupResult(verdict, found, servers, "; ".join(dict.fromkeys(notes)) or None, worst.action, wait)


def _without_answers(
    expectation: Expectation, silent: list[str], resolver: ServerAnswer | None, servers: tuple[str, ...]
) -> LookupResult:
    """The resolver's answer, where there is one; else the reasons why nothing is known."""
    notes = silent or ([] if resolver else ["no DNS server is known"])
    if resolver is None:
        return LookupResult(DnsVerdict.NOT_CHECKED, (), servers, "; ".join(notes))
    finding = _classify(expectation, resolver.answer, resolver.evidence)
    if finding.verdict is DnsVerdict.NOT_CHECKED:
        notes = [f"{resolver.server} {resolver.answer.problem}", *notes]
    elif finding.note:
        notes = [finding.note, *notes]
    wait = resolver.answer.ttl if finding.action is not None else None
    if wait:
        notes = [*notes, f"{resolver.server} may keep this answer in its cache: wait up to {wait} s after a change"]
    return LookupResult(finding.verdict, finding.found, servers, "; ".join(notes) or None, finding.action, wait or None)


def _difference(expectation: Expectation, verdict: DnsVerdict, resolver: ServerAnswer) -> tuple[str | None, int | None]:
    """How the resolver's answer differs from the zone's own servers, and for how many seconds it may stay so."""
    finding = _classify(expectation, resolver.answer, resolver.evidence)
    if finding.verdict is verdict:
        return None, None
    if finding.verdict is DnsVerdict.NOT_CHECKED:
        return f"the resolver {resolver.server} {resolver.answer.problem}", None
    wait = resolver.answer.ttl
    until = f": wait up to {wait} s" if wait else ""
    return f"the resolver {resolver.server} still answers {_words(finding.verdict)} from its cache{until}", wait


def _classify(expectation: Expectation, answer: Answer, evidence: Evidence) -> _Finding:
    match answer.kind:
        case Kind.NO_ANSWER:
            return _Finding(DnsVerdict.NOT_CHECKED, note=answer.problem)
        case Kind.FOUND if set(answer.values) == {expectation.value.lower()}:
            return _Finding(DnsVerdict.OK, answer.values)
        case Kind.FOUND:
            action = DnsAction.ADD if evidence.wildcard else DnsAction.REPLACE
            return _Finding(DnsVerdict.WRONG, answer.values, _wrong_target(expectation, answer, evidence), action)
        case _ if evidence.addresses:
            return _instead(evidence)
        case _ if evidence.records:
            kind, values = next(iter(evidence.records.items()))
            note = f"{_article(kind)} {kind} record exists; a CNAME cannot coexist with it: remove it first"
            return _Finding(DnsVerdict.WRONG, values, note, DnsAction.REPLACE)
        case _ if evidence.doubled:
            note = (
                f"the record exists at {expectation.name}.{expectation.zone}: the zone was appended twice. "
                f"Enter the name without .{expectation.zone}, or with a trailing dot"
            )
            return _Finding(DnsVerdict.MISSING, note=note, action=DnsAction.ADD)
        case Kind.NO_NAME:
            return _Finding(DnsVerdict.MISSING, action=DnsAction.ADD)
        case Kind.EMPTY:
            return _Finding(DnsVerdict.MISSING, note="the name exists, but has no CNAME", action=DnsAction.ADD)


def _wrong_target(expectation: Expectation, answer: Answer, evidence: Evidence) -> str | None:
    """Why the target is wrong, where it is a known mistake."""
    expected = expectation.value.lower()
    if len(answer.values) > 1:
        return "more than one CNAME record exists: keep only this one"
    target = answer.values[0]
    names = (expectation.name.lower(), *(evidence.chain or (target,)))
    notes = []
    if evidence.wildcard:
        notes.append("the answer comes from a wildcard record")
    if answer.dname is not None:
        notes.append(f"a DNAME record at {answer.dname} redirects every name below it: remove it first")
    if expectation.sibling is not None and target == expectation.sibling.lower():
        notes.append("this is the target of the domain's other record: the two targets are swapped")
    elif expectation.zone is not None and target == f"{expected}.{expectation.zone}":
        notes.append("the zone was appended to the target: enter the target with a trailing dot")
    elif len(set(names)) < len(names):
        notes.append("the CNAMEs form a loop")
    elif names[-1] == expected:
        notes.append(f"points to the target through {', '.join(names[1:-1])}: publish it directly, exactly as given")
    elif len(names) > MAX_HOPS:
        notes.append(f"the chain of CNAMEs is longer than {MAX_HOPS}")
    elif len(names) > 2:
        notes.append(f"the chain of CNAMEs ends at {names[-1]}")
    return "; ".join(notes) or None


def _instead(evidence: Evidence) -> _Finding:
    """Addresses where the CNAME should be: right only if they are the target's."""
    addresses = evidence.addresses
    if evidence.target_addresses and set(addresses) <= evidence.target_addresses:
        note = "the provider answers with the target's addresses (flattened) instead of the CNAME"
        return _Finding(DnsVerdict.FLATTENED, addresses, note)
    if evidence.wildcard:
        note = "the addresses come from a wildcard record"
        return _Finding(DnsVerdict.WRONG, addresses, note, DnsAction.ADD)
    kind = "an A" if "A" in evidence.records else "an AAAA"
    note = (
        f"{kind} record exists; a CNAME cannot coexist with it: replace it, or switch off proxying for this name. "
        + (
            "The addresses are not the target's"
            if evidence.target_addresses
            else "The target's addresses are not known"
        )
    )
    return _Finding(DnsVerdict.WRONG, addresses, note, DnsAction.REPLACE)


def _article(kind: str) -> str:
    return "an" if kind[0] in "AMNS" else "a"


def _words(verdict: DnsVerdict) -> str:
    return verdict.replace("_", " ")
