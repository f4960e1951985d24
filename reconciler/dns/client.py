"""Queries to DNS servers in bounded time. Nothing is cached, least of all an absence."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dns.asyncbackend
import dns.asyncquery
import dns.exception
import dns.flags
import dns.message
import dns.rcode

from reconciler.dns.answers import Answer, Kind, read
from reconciler.dns.servers import HttpsServer
from reconciler.model.dns import plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.dns.servers import AnyServer, Server

_PAYLOAD = 1232  # octets that no path fragments (DNS flag day 2020); a longer answer comes over TCP
_NO_EDNS = {dns.rcode.FORMERR, dns.rcode.NOTIMP, dns.rcode.BADVERS}  # answers of servers that do not know EDNS
_SKIPPED_FOR = 20.0  # seconds
_SKIPPED_AFTER = 5  # unanswered queries in a row
_SKIPPED_AFTER_AT_FIRST = 2  # of a server that never answered
_TIMEOUT = "did not answer in time"
_HTTPS_HEADERS = {"accept": "application/dns-message", "content-type": "application/dns-message"}


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """Seconds that each attempt of a query may take, seconds until the next resolver is queried too, and queries in flight."""

    attempts: tuple[float, ...] = (1.0, 1.8)
    hedge: float = 0.8
    parallelism: int = 32


@dataclass(frozen=True, slots=True)
class _Failures:
    """How many queries in a row had no answer, when the last one was, and why."""

    count: int
    last: float
    problem: str


class DnsClient:
    """Sends queries. A server that does not answer is skipped for a while, so that thousands of queries do not wait for it."""

    def __init__(self, limits: QueryLimits | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits or QueryLimits()
        self._clock = clock
        self._slots = asyncio.Semaphore(self._limits.parallelism)
        self._failures: dict[AnyServer, _Failures] = {}
        self._answered: set[AnyServer] = set()

    async def query(self, server: AnyServer, name: str, kind: str, *, recursive: bool = True) -> Answer:
        """The server's answer for records of type `kind` (such as CNAME) at the name. Never raises.

        UDP, then TCP for a truncated answer; without EDNS where the server does not answer with it. A name that is not plain,
        as other servers may return, is not sent. `recursive` asks a resolver to find the answer.
        """
        if not plain_name(name):
            return Answer(Kind.NO_ANSWER, problem="was not queried: the name is not usable")
        async with self._slots:
            if self.is_skipped(server):
                return Answer(Kind.NO_ANSWER, problem=self._failures[server].problem)
            if isinstance(server, HttpsServer):
                return await self._query_https(server, name, kind)
            return await self._query(server, name, kind, recursive=recursive)

    async def query_first(self, servers: Sequence[AnyServer], name: str, kind: str) -> tuple[AnyServer | None, Answer]:
        """The first answer of any resolver. The next one is queried too when the one before takes long or fails."""
        waiting = sorted(servers, key=self.is_skipped)  # stable: the system's order among the others
        tasks: dict[asyncio.Task[Answer], AnyServer] = {}
        last: tuple[AnyServer | None, Answer] = (None, Answer(Kind.NO_ANSWER, problem="no DNS server is known"))
        try:
            while waiting or tasks:
                if waiting:
                    server = waiting.pop(0)
                    tasks[asyncio.create_task(self.query(server, name, kind))] = server
                hedge = self._limits.hedge if waiting else None
                done, _ = await asyncio.wait(tasks, timeout=hedge, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    last = tasks.pop(task), task.result()
                    if last[1].kind is not Kind.NO_ANSWER:
                        for slow in tasks.values():
                            self._failed(slow, _TIMEOUT)
                        return last
            return last
        finally:
            for task in tasks:
                task.cancel()

    def is_skipped(self, server: AnyServer) -> bool:
        """The server did not answer several queries in a row, the last one a short while ago."""
        failures = self._failures.get(server)
        if failures is None:
            return False
        most = _SKIPPED_AFTER if server in self._answered else _SKIPPED_AFTER_AT_FIRST
        return failures.count >= most and self._clock() - failures.last < _SKIPPED_FOR

    def _failed(self, server: AnyServer, problem: str) -> Answer:
        before = self._failures.get(server)
        self._failures[server] = _Failures((before.count if before else 0) + 1, self._clock(), problem)
        return Answer(Kind.NO_ANSWER, problem=problem)

    def _note_answer(self, server: AnyServer) -> None:
        self._failures.pop(server, None)
        self._answered.add(server)

    async def _query(self, server: Server, name: str, kind: str, *, recursive: bool) -> Answer:
        problem = "was not queried"
        edns = True
        for seconds in self._limits.attempts:
            try:
                async with asyncio.timeout(seconds):
                    response = await _exchange(server, _message(name, kind, edns=edns, recursive=recursive))
                    if edns and response.rcode() in _NO_EDNS:
                        response = await _exchange(server, _message(name, kind, edns=False, recursive=recursive))
            except (TimeoutError, dns.exception.Timeout):
                problem = _TIMEOUT
                edns = False  # some firewalls drop what they do not know
                continue
            except ConnectionRefusedError:
                problem = "could not be reached: connection refused"
                break
            except (OSError, EOFError) as error:
                why = getattr(error, "strerror", None) or type(error).__name__
                problem = f"could not be reached: {why}"
                break
            except dns.exception.DNSException as error:
                self._note_answer(server)
                return Answer(Kind.NO_ANSWER, problem=f"sent an answer that is not DNS ({type(error).__name__})")
            self._note_answer(server)
            return read(response, name, kind)
        return self._failed(server, problem)

    async def _query_https(self, server: HttpsServer, name: str, kind: str) -> Answer:
        """One POST (RFC 8484). The proxy and certificate variables of the environment count, as for the API."""
        import httpx

        query = _message(name, kind, edns=True, recursive=True)
        query.id = 0  # RFC 8484, section 4.1
        try:
            http2 = importlib.util.find_spec("h2") is not None  # some servers speak nothing else
            async with httpx.AsyncClient(timeout=sum(self._limits.attempts), http2=http2) as http:
                reply = await http.post(server.url, content=query.to_wire(), headers=_HTTPS_HEADERS)
            if reply.status_code != 200:
                return Answer(Kind.NO_ANSWER, problem=f"answered HTTP {reply.status_code}")
            response = dns.message.from_wire(reply.content, one_rr_per_rrset=True)
        except httpx.TimeoutException:
            return self._failed(server, _TIMEOUT)
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            why = " ".join(str(error).split()) or type(error).__name__
            return self._failed(server, f"could not be reached: {why}")
        except dns.exception.DNSException as error:
            return Answer(Kind.NO_ANSWER, problem=f"sent an answer that is not DNS ({type(error).__name__})")
        self._note_answer(server)
        return read(response, name, kind)


def _message(name: str, kind: str, *, edns: bool, recursive: bool) -> dns.message.QueryMessage:
    message = dns.message.make_query(f"{name}.", kind, use_edns=0 if edns else False, payload=_PAYLOAD)
    if not recursive:
        message.flags &= ~dns.flags.RD
    return message


async def _exchange(server: Server, query: dns.message.Message) -> dns.message.Message:
    """One query over UDP, and over TCP where the answer is truncated. The socket is connected, so a closed port is an error at
    once. Raises OSError, EOFError, DNSException."""
    backend = dns.asyncbackend.get_default_backend()
    family = socket.AF_INET6 if ":" in server.address else socket.AF_INET
    where = (server.address, server.port)
    try:
        async with await backend.make_socket(family, socket.SOCK_DGRAM, 0, None, where) as sock:  # type: ignore[no-untyped-call]
            return await dns.asyncquery.udp(
                query,
                server.address,
                None,
                server.port,
                sock=sock,
                ignore_unexpected=True,
                ignore_errors=True,
                raise_on_truncation=True,
                one_rr_per_rrset=True,  # or dnspython shows one of several CNAMEs
            )
    except dns.message.Truncated:
        return await dns.asyncquery.tcp(query, server.address, None, server.port, one_rr_per_rrset=True)
