"""One question to one server, in bounded time, and what its answer means. Nothing is cached, least of all an absence."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from reconciler.model.dns import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.dns.servers import Server

_PAYLOAD = 1232  # octets that no path fragments (DNS flag day 2020); what is longer comes over TCP
_GIVEN_UP_AFTER = 5  # silences in a row
_GIVEN_UP_FOR = 20.0  # seconds


class Kind(Enum):
    """What an answer says of the name."""

    FOUND = "found"
    EMPTY = "empty"  # the name exists, without a record of this type (NODATA, RFC 2308)
    NO_NAME = "no_name"  # NXDOMAIN
    NO_ANSWER = "silent"  # no answer that says anything: time-out, SERVFAIL, REFUSED, a referral, no network


@dataclass(frozen=True, slots=True)
class Answer:
    """`values` are sorted, because servers rotate them, names without a trailing dot; `problem` says why one was silent."""

    kind: Kind
    values: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that each attempt at a question may take, and how many questions may be under way at once."""

    attempts: tuple[float, ...] = (1.5, 3.5)
    parallelism: int = 32


class DnsClient:
    """Asks questions. A server that is silent time after time is left alone for a while, so that thousands of questions do
    not wait for it one after the other."""

    def __init__(self, limits: Limits | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits or Limits()
        self._clock = clock
        self._room = asyncio.Semaphore(self._limits.parallelism)
        self._silences: dict[Server, tuple[int, float]] = {}  # how many in a row, and when the last one was

    def anew(self) -> DnsClient:
        """The same for another event loop, with nothing remembered."""
        return DnsClient(self._limits, self._clock)

    async def ask(self, server: Server, name: str, kind: str) -> Answer:
        """What the server says of records of type `kind` (such as CNAME) at the name. UDP, then TCP where it asks for that.

        A name that is not plain, as other servers may have told it, is not asked for.
        """
        if not plain_name(name):
            return Answer(Kind.NO_ANSWER, problem="was not asked for a name that is none")
        async with self._room:
            count, last = self._silences.get(server, (0, 0.0))
            if count >= _GIVEN_UP_AFTER and self._clock() - last < _GIVEN_UP_FOR:
                return Answer(Kind.NO_ANSWER, problem="did not answer before")
            answer = Answer(Kind.NO_ANSWER, problem="was not asked")
            for seconds in self._limits.attempts:
                answer, heard = await self._attempt(server, name, kind, seconds)
                if heard:
                    self._silences.pop(server, None)
                    return answer
            count, _ = self._silences.get(server, (0, 0.0))
            self._silences[server] = (count + 1, self._clock())
            return answer

    async def _attempt(self, server: Server, name: str, kind: str, seconds: float) -> tuple[Answer, bool]:
        query = dns.message.make_query(f"{name}.", kind, use_edns=0, payload=_PAYLOAD)
        try:
            async with asyncio.timeout(seconds):
                response, _ = await dns.asyncquery.udp_with_fallback(
                    query, server.address, seconds, server.port, ignore_unexpected=True, ignore_errors=True
                )
        except (TimeoutError, dns.exception.Timeout):
            return Answer(Kind.NO_ANSWER, problem="did not answer in time"), False
        except (OSError, EOFError) as error:
            return Answer(Kind.NO_ANSWER, problem=f"could not be reached ({type(error).__name__})"), False
        except dns.exception.DNSException as error:
            return Answer(Kind.NO_ANSWER, problem=f"answered what is not DNS ({type(error).__name__})"), True
        return read(response, name, kind), True


def read(response: dns.message.Message, name: str, kind: str) -> Answer:
    """What a response says of the question."""
    wanted = dns.rdatatype.from_text(kind)
    asked = dns.name.from_text(f"{name}.")
    values = sorted(
        _value(rdata)
        for rrset in response.answer
        if rrset.rdtype == wanted and (kind != "CNAME" or rrset.name == asked)
        for rdata in rrset
    )
    if values:
        return Answer(Kind.FOUND, tuple(values))
    if response.rcode() == dns.rcode.NXDOMAIN:
        return Answer(Kind.NO_NAME)
    if response.rcode() != dns.rcode.NOERROR:
        return Answer(Kind.NO_ANSWER, problem=f"answered {dns.rcode.to_text(response.rcode())}")
    held = {rrset.rdtype for rrset in response.authority}
    authoritative = bool(response.flags & dns.flags.AA)
    if dns.rdatatype.NS in held and dns.rdatatype.SOA not in held and not authoritative:
        return Answer(Kind.NO_ANSWER, problem="does not know the name and refers to other servers")
    return Answer(Kind.EMPTY)


def _value(rdata: object) -> str:
    target = getattr(rdata, "target", None)
    if isinstance(target, dns.name.Name):
        return target.to_text(omit_final_dot=True).lower()
    return str(rdata)
