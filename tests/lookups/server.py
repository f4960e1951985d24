"""A small authoritative DNS server on loopback, over UDP and TCP on one free port, that can also misbehave."""

from __future__ import annotations

import asyncio
import threading
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import dns.edns
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from reconciler.dns.servers import Server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

_SOA = "ns.example.com. hostmaster.example.com. 1 3600 600 86400 60"


class Mood(Enum):
    """What it does instead of answering."""

    WELL = "well"
    SILENT = "silent"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    TRUNCATING = "truncating"  # over UDP; TCP is answered
    REFERRING = "referring"
    GARBLED = "garbled"
    FORMERR = "formerr"  # to EDNS
    DROPPING = "dropping"  # queries with EDNS
    LAME = "lame"  # answers without authority
    CACHING = "caching"  # a resolver: no authority, TTLs that have run down


@dataclass
class Zone:
    """What one server knows: lines such as `images.example.com. CNAME target.`, and the questions it was asked."""

    mood: Mood = Mood.WELL
    records: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    questions: list[tuple[str, str, str]] = field(default_factory=list)
    address: str = "127.0.0.1"
    port: int = 0
    ttl: int = 60
    error: tuple[int, str] | None = None  # of SERVFAIL, an Extended DNS Error

    def publish(self, *lines: str) -> None:
        for line in lines:
            name, kind, value = line.split(" ", 2)
            self.records.setdefault((name, kind), []).append(value)

    @property
    def server(self) -> Server:
        return Server(self.address, self.port)

    def answer(self, wire: bytes, way: str) -> bytes | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text(), dns.rdatatype.to_text(question.rdtype)
        self.questions.append((name.removesuffix("."), kind, way))
        response = dns.message.make_response(query)
        match self.mood:
            case Mood.SILENT:
                return None
            case Mood.GARBLED:
                return wire[:2] + b"\x80\x00garbled"
            case Mood.DROPPING if query.edns >= 0:
                return None
            case Mood.FORMERR if query.edns >= 0:
                response.use_edns(False)
                response.set_rcode(dns.rcode.FORMERR)
            case Mood.SERVFAIL | Mood.REFUSED:
                response.set_rcode(dns.rcode.from_text(self.mood.value.upper()))
                if self.error is not None:
                    response.use_edns(0, options=[dns.edns.EDEOption(*self.error)])
            case Mood.REFERRING:
                response.authority.append(dns.rrset.from_text("com.", 60, "IN", "NS", "a.gtld-servers.net."))
            case Mood.TRUNCATING if way == "udp":
                response.flags |= dns.flags.TC
            case _:
                self._fill(response, name, kind)
        return response.to_wire()

    def _fill(self, response: dns.message.Message, name: str, kind: str) -> None:
        if self.mood not in {Mood.LAME, Mood.CACHING}:
            response.flags |= dns.flags.AA
        seen: set[str] = set()
        while (target := self.records.get((name, "CNAME"))) and kind != "CNAME" and name not in seen:
            seen.add(name)
            response.answer += [dns.rrset.from_text(name, self.ttl, "IN", "CNAME", value) for value in target]
            name = target[0]
        if values := self.records.get((name, kind)):
            response.answer += [dns.rrset.from_text(name, self.ttl, "IN", kind, value) for value in values]
        elif not seen:
            response.authority.append(dns.rrset.from_text("example.com.", self.ttl, "IN", "SOA", _SOA))
            if not any(known == name or known.endswith(f".{name}") for known, _ in self.records):
                response.set_rcode(dns.rcode.NXDOMAIN)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, zone: Zone) -> None:
        self._zone = zone

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (answer := self._zone.answer(data, "udp")) is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def served(zone: Zone) -> AsyncIterator[Zone]:
    """The zone answers at `zone.server` for as long as the block lasts, in the loop that is running."""
    loop = asyncio.get_running_loop()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        if (answer := zone.answer(await reader.readexactly(size), "tcp")) is not None:
            writer.write(len(answer).to_bytes(2, "big") + answer)
            await writer.drain()
        writer.close()
        await writer.wait_closed()

    stream = await asyncio.start_server(talk, zone.address, zone.port)
    zone.port = stream.sockets[0].getsockname()[1]
    # The same port for UDP: another process would have to hold it for UDP alone.
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(zone), local_addr=(zone.address, zone.port))
    try:
        yield zone
    finally:
        transport.close()
        stream.close()
        await stream.wait_closed()


@contextmanager
def served_aside(zone: Zone) -> Iterator[Zone]:
    """The same in a thread of its own, for programs that run in other processes."""
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    end = asyncio.Event()

    async def serve() -> None:
        async with served(zone):
            ready.set()
            await end.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), name="dns", daemon=True)
    thread.start()
    assert ready.wait(10), "the DNS server did not start"
    try:
        yield zone
    finally:
        loop.call_soon_threadsafe(end.set)
        thread.join(10)
        loop.close()
