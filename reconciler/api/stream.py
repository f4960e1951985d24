"""A byte stream over TCP or TLS that notices what arrives unasked."""

from __future__ import annotations

import asyncio
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from typing import Self

_MAX_BUFFERED = 256 * 1024  # bytes; above, the peer has to wait
_NEXT_ADDRESS_AFTER = 0.25  # seconds until a second address is tried beside the first (RFC 8305, section 5)


class Stream(asyncio.Protocol):
    """Collects bytes as they arrive, also while no task reads. Used by one task at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._buffer = bytearray()
        self._arrival: asyncio.Future[None] | None = None
        self._ended = False
        self._error: Exception | None = None
        self._lost = asyncio.get_running_loop().create_future()

    @classmethod
    async def connect(cls, host: str, port: int) -> Self:
        """A TCP connection to the first address that accepts one. Raises OSError."""
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_connection(cls, host, port, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER)
        return stream

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """TLS from here on, with a certificate for `host`. Raises OSError, of which ssl.SSLError is one."""
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self, context, server_hostname=host)
        except BaseException:
            self.connection_lost(None)  # asyncio does not report it to this side of a handshake that failed
            raise
        if transport is None or self._ended:
            raise ConnectionResetError("the connection was closed")
        self._transport = transport

    def write(self, data: bytes) -> None:
        self._transport.write(data)

    async def read(self) -> bytes:
        """What has arrived since the last read, at least one byte; nothing where the peer has ended. Raises OSError."""
        while not self._buffer and not self._ended:
            self._arrival = asyncio.get_running_loop().create_future()
            await self._arrival
        data = bytes(self._buffer)
        self._buffer.clear()
        self._transport.resume_reading()
        if not data and isinstance(self._error, OSError):
            raise self._error
        return data

    async def read_exactly(self, count: int) -> bytes:
        """The next `count` bytes. Raises OSError where the peer ends before."""
        data = await self.read()
        while len(data) < count:
            more = await self.read()
            if not more:
                raise ConnectionResetError("the connection was closed")
            data += more
        self._buffer[:0] = data[count:]
        return data[:count]

    async def quiet(self) -> bool:
        """The connection is open, and nothing has arrived since the last answer."""
        if not self._ended and _readable(self._transport.get_extra_info("socket").fileno()):
            await asyncio.sleep(0)  # the loop takes in what the kernel has; TLS may keep all of it to itself
            await asyncio.sleep(0)
        return not self._buffer and not self._ended

    async def aclose(self) -> None:
        self._transport.abort()
        await self._lost
        await asyncio.sleep(0)  # until the socket below is closed, too

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP has both directions
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if len(self._buffer) > _MAX_BUFFERED:
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()
        if not self._lost.done():
            self._lost.set_result(None)

    def _wake(self) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_result(None)


def _readable(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
