"""TCP and TLS for httpcore by plain asyncio, through its interface for network backends.

httpcore's own backend is anyio, which enters nine cancel scopes for each request: a third of the CPU time of a read.
"""

from __future__ import annotations

import asyncio
import contextlib
import select
import ssl
from typing import TYPE_CHECKING, Any

import httpcore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_MAX_BUFFERED = 128 * 1024  # bytes that wait to be read; more are left to the kernel, which slows the server down
_NEXT_ADDRESS = 0.25  # seconds until the next address of a host is tried beside the first (RFC 8305, 5)


class AsyncioBackend(httpcore.AsyncNetworkBackend):
    """Connects with asyncio. Times out and fails with httpcore's exceptions, whose cause is that of the system."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """A connection to the first address of the host that accepts one. `timeout` is in seconds."""
        loop = asyncio.get_running_loop()
        local = (local_address, 0) if local_address is not None else None
        with _failing_as(httpcore.ConnectError, httpcore.ConnectTimeout):
            async with asyncio.timeout(timeout):
                transport, protocol = await loop.create_connection(
                    _Buffer, host, port, local_addr=local, happy_eyeballs_delay=_NEXT_ADDRESS
                )
        for option in socket_options or ():
            transport.get_extra_info("socket").setsockopt(*option)
        return Stream(transport, protocol)

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


class Stream(httpcore.AsyncNetworkStream):
    """One connection, plain or with TLS."""

    def __init__(self, transport: asyncio.Transport, buffer: _Buffer) -> None:
        self._transport = transport
        self._buffer = buffer

    @property
    def unread(self) -> int:
        """Bytes that have arrived and were not read."""
        return len(self._buffer.content)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """What has arrived, at least one byte; nothing at the end of the connection."""
        with _failing_as(httpcore.ReadError, httpcore.ReadTimeout):
            if not self._buffer.readable:
                async with asyncio.timeout(timeout):
                    await self._buffer.arrival()
            return self._buffer.take(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Returns when the kernel has most of it."""
        if not buffer:
            return
        with _failing_as(httpcore.WriteError, httpcore.WriteTimeout):
            self._buffer.check_open()
            self._transport.write(buffer)
            if not self._buffer.writable.is_set():
                async with asyncio.timeout(timeout):
                    await self._buffer.writable.wait()
                self._buffer.check_open()

    async def aclose(self) -> None:
        """Close it at once, without the farewell of TLS: nothing is in flight any more."""
        self._transport.abort()
        await asyncio.sleep(0)  # the event loop closes the socket; it reports no loss where a TLS handshake has failed

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        """The same connection with TLS."""
        try:
            with _failing_as(httpcore.ConnectError, httpcore.ConnectTimeout):
                if self.unread:
                    raise ConnectionAbortedError("the server sent data before the TLS handshake")
                if self._buffer.readable:
                    raise ConnectionAbortedError("the server closed the connection before the TLS handshake")
                async with asyncio.timeout(timeout):
                    transport = await self._handshake(ssl_context, server_hostname)
        except BaseException:
            self._transport.abort()
            raise
        self._buffer.transport = transport
        return Stream(transport, self._buffer)

    async def _handshake(self, context: ssl.SSLContext, name: str | None) -> asyncio.Transport:
        """Raises OSError where it fails, ConnectionAbortedError where the connection is lost meanwhile."""
        loop = asyncio.get_running_loop()
        try:
            transport = await loop.start_tls(self._transport, self._buffer, context, server_hostname=name)
        except (ConnectionError, ssl.SSLWantReadError, TypeError):  # TypeError: asyncio's own, for TLS within TLS
            transport = None
        if transport is None:
            raise ConnectionAbortedError("the connection was lost during the TLS handshake")
        return transport

    def get_extra_info(self, info: str) -> Any:
        """What httpcore asks for by name; None for anything else."""
        match info:
            case "is_readable":  # also at its end: then it cannot be used again
                return self._buffer.readable or _has_data(self._transport.get_extra_info("socket"))
            case "client_addr":
                return self._transport.get_extra_info("sockname")
            case "server_addr":
                return self._transport.get_extra_info("peername")
            case "ssl_object" | "socket":
                return self._transport.get_extra_info(info)
        return None


class _Buffer(asyncio.Protocol):
    """What has arrived on a connection, and how it ended. It stays the same when TLS starts."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.writable = asyncio.Event()
        self.writable.set()
        self.lost = asyncio.Event()
        self.transport: asyncio.Transport | None = None
        self._ended = False
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - it is no datagram
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.content += data
        if len(self.content) > _MAX_BUFFERED and self.transport is not None and not self._paused:
            self.transport.pause_reading()
            self._paused = True
        self._wake()

    def eof_received(self) -> None:
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._failure = True, exc
        self.lost.set()
        self.writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    @property
    def readable(self) -> bool:
        """Something can be taken, or nothing will ever arrive."""
        return bool(self.content) or self._ended

    async def arrival(self) -> None:
        """Wait until it is readable."""
        self._waiter = asyncio.get_running_loop().create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def take(self, max_bytes: int) -> bytes:
        """The first bytes. Raises OSError where the connection broke before any more arrived."""
        if not self.content and self._failure is not None:
            raise self._failure
        data = bytes(self.content[:max_bytes])
        del self.content[:max_bytes]
        if self._paused and len(self.content) < _MAX_BUFFERED and self.transport is not None and not self._ended:
            self.transport.resume_reading()
            self._paused = False
        return data

    def check_open(self) -> None:
        """Raises OSError where nothing can be sent any more."""
        if self.lost.is_set():
            raise self._failure or ConnectionResetError("the connection was closed")

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


@contextlib.contextmanager
def _failing_as(error: type[Exception], timeout: type[Exception]) -> Iterator[None]:
    try:
        yield
    except TimeoutError as raised:
        raise timeout(str(raised)) from raised
    except (OSError, ssl.SSLError, ValueError) as raised:
        raise error(str(raised)) from raised


def _has_data(socket: Any) -> bool:
    """The kernel has data, or the end, that the event loop has not seen yet."""
    if socket is None or socket.fileno() < 0:
        return True
    if not hasattr(select, "poll"):
        return bool(select.select([socket], [], [], 0)[0])
    poll = select.poll()
    poll.register(socket, select.POLLIN)
    return bool(poll.poll(0))
