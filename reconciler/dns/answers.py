"""The answer of one DNS server to one query, and how it is read from a response. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

_MAX_EXTRA_TEXT = 120  # characters of a server's own words
_DNSSEC_ERRORS = frozenset({1, 2, 5, 6, 7, 8, 9, 10, 11, 12, 25, 27})  # RFC 8914, section 4: validation failed


class Kind(Enum):
    """What an answer means for the name."""

    FOUND = "found"
    EMPTY = "empty"  # the name exists, without a record of this type (NODATA, RFC 2308)
    NO_NAME = "no_name"  # NXDOMAIN
    NO_ANSWER = "no_answer"  # time-out, SERVFAIL, REFUSED, a referral, no network: nothing is known


@dataclass(frozen=True, slots=True)
class Answer:
    """`values` are sorted, because servers rotate them; names are without a trailing dot. `problem` explains NO_ANSWER.

    `ttl`: seconds that a cache may keep this answer (RFC 2308 for absences), None where unknown. `zone`: the owner of the SOA
    record in the response. `dname`: the name whose DNAME record redirects the queried name. `bogus`: DNSSEC validation failed.
    """

    kind: Kind
    values: tuple[str, ...] = ()
    problem: str | None = None
    ttl: int | None = None
    zone: str | None = None
    dname: str | None = None
    authoritative: bool = False
    aliased: bool = False
    bogus: bool = False


def read(response: dns.message.Message, name: str, kind: str) -> Answer:
    """The answer to a query for records of type `kind` (such as CNAME) at the name.

    CNAME and NS must be at the name itself; records of other types may be at the end of a chain of CNAMEs.
    """
    rdtype = dns.rdatatype.from_text(kind)
    owner = dns.name.from_text(f"{name}.")
    found = [
        rrset
        for rrset in response.answer
        if rrset.rdtype == rdtype and (kind not in {"CNAME", "NS"} or rrset.name == owner)
    ]
    authoritative = bool(response.flags & dns.flags.AA)
    aliased = any(rrset.rdtype == dns.rdatatype.CNAME and rrset.name == owner for rrset in response.answer)
    dname = next((_text(rrset.name) for rrset in response.answer if rrset.rdtype == dns.rdatatype.DNAME), None)
    if found:
        values = tuple(sorted(_value(rdata) for rrset in found for rdata in rrset))
        shortest = min(rrset.ttl for rrset in found)
        return Answer(Kind.FOUND, values, ttl=shortest, dname=dname, authoritative=authoritative, aliased=aliased)
    if response.rcode() not in {dns.rcode.NXDOMAIN, dns.rcode.NOERROR}:
        return _failure(response)
    zone, ttl = _negative(response)
    if response.rcode() == dns.rcode.NXDOMAIN:
        return Answer(Kind.NO_NAME, ttl=ttl, zone=zone, dname=dname, authoritative=authoritative, aliased=aliased)
    delegated = any(rrset.rdtype == dns.rdatatype.NS for rrset in response.authority)
    if delegated and zone is None and not authoritative:
        return Answer(Kind.NO_ANSWER, problem="does not serve the name and refers to other servers")
    return Answer(Kind.EMPTY, ttl=ttl, zone=zone, dname=dname, authoritative=authoritative, aliased=aliased)


def _failure(response: dns.message.Message) -> Answer:
    """An error with its cause, where the server gives one (Extended DNS Errors, RFC 8914)."""
    causes = []
    bogus = False
    for option in response.options:
        if isinstance(option, dns.edns.EDEOption):
            bogus = bogus or int(option.code) in _DNSSEC_ERRORS
            name = dns.edns.EDECode.make(option.code).name.replace("_", " ").lower().replace("dnssec", "DNSSEC")
            cause = f"error {name}" if name.isdigit() else name
            extra = " ".join((option.text or "").split())[:_MAX_EXTRA_TEXT]
            causes.append(f"{cause}: {extra}" if extra else cause)
    why = f" ({'; '.join(causes)})" if causes else ""
    return Answer(Kind.NO_ANSWER, problem=f"answered {dns.rcode.to_text(response.rcode())}{why}", bogus=bogus)


def _negative(response: dns.message.Message) -> tuple[str | None, int | None]:
    """The zone of an absence, and for how many seconds caches keep it (RFC 2308, section 5)."""
    for rrset in response.authority:
        if rrset.rdtype == dns.rdatatype.SOA and len(rrset):
            return _text(rrset.name), min(rrset.ttl, getattr(rrset[0], "minimum", rrset.ttl))
    return None, None


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _value(rdata: object) -> str:
    target = getattr(rdata, "target", None)
    return _text(target) if isinstance(target, dns.name.Name) else str(rdata)
