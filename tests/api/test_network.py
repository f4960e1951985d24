"""TCP and TLS for httpcore by plain asyncio: what arrives is read once and in order, and every end has its exception."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import httpcore
import httpx
import pytest

from reconciler.api.backend import AllowedCalls
from reconciler.api.connections import Connections
from reconciler.api.network import AsyncioBackend, Stream
from reconciler.api.settings import HttpSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from api.servers import Authority

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


@asynccontextmanager
async def connected(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[Stream]:
    """A connection to a server that does this with it."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionResetError):
                await serve(reader, writer)
        finally:
            writer.close()
            ended.set()

    ended = asyncio.Event()
    async with await asyncio.start_server(handle, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        stream = await AsyncioBackend().connect_tcp("127.0.0.1", port, timeout=5)
        assert isinstance(stream, Stream)
        try:
            yield stream
        finally:
            await stream.aclose()
            await ended.wait()


async def test_more_than_the_buffer_holds_is_read_whole_and_in_order() -> None:
    content = bytes(range(256)) * (4 * MIB // 256)

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(content)
        await writer.drain()
        writer.close()

    async with connected(serve) as stream:
        found, most = bytearray(), 0
        while part := await stream.read(10_000, timeout=5):
            found += part
            most = max(most, stream.unread)
            await asyncio.sleep(0)
        assert await stream.read(10_000) == b""
    assert bytes(found) == content
    assert most < MIB, "the kernel keeps what is not read"


async def test_a_read_that_meets_silence_times_out() -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with connected(serve) as stream:
        with pytest.raises(httpcore.ReadTimeout):
            await stream.read(10, timeout=0.05)


async def test_a_reset_is_an_error_of_the_read_and_of_the_write_after_it() -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        linger = socket.SO_LINGER
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, linger, b"\1\0\0\0\0\0\0\0")
        writer.transport.abort()

    async with connected(serve) as stream:
        with pytest.raises(httpcore.ReadError):
            await stream.read(10, timeout=5)
        with pytest.raises(httpcore.WriteError):
            await stream.write(b"more", timeout=5)


async def test_a_write_to_a_server_that_does_not_read_times_out() -> None:
    end = asyncio.Event()

    async def serve(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await end.wait()

    async with connected(serve) as stream:
        with pytest.raises(httpcore.WriteTimeout):
            await stream.write(b"x" * 16 * MIB, timeout=0.05)
        end.set()


async def test_what_arrives_before_it_is_read_makes_the_connection_readable() -> None:
    said, say = asyncio.Event(), asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await say.wait()
        writer.write(b"x")
        await writer.drain()
        said.set()
        await reader.read()

    async with connected(serve) as stream:
        assert stream.get_extra_info("is_readable") is False
        say.set()
        await said.wait()
        assert stream.get_extra_info("is_readable") is True


async def test_data_before_the_handshake_is_not_taken_for_encrypted() -> None:
    """Or a server in between could put its own bytes in front of the answer."""
    sent = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        sent.set()
        await reader.read()

    async with connected(serve) as stream:
        await sent.wait()
        while not stream.unread:  # noqa: ASYNC110 - it arrives in the event loop
            await asyncio.sleep(0.01)
        with pytest.raises(httpcore.ConnectError, match="before the TLS handshake"):
            await stream.start_tls(ssl.create_default_context(), "localhost", timeout=5)


async def test_a_connection_that_ends_within_the_handshake_is_not_connected(authority: Authority) -> None:
    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with connected(serve) as stream:
        with pytest.raises(httpcore.ConnectError):
            await stream.start_tls(ssl.create_default_context(), "localhost", timeout=5)


async def test_a_connection_that_has_ended_starts_no_handshake() -> None:
    """asyncio would wait for its end until the time is up."""

    async def serve(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with connected(serve) as stream:
        assert await stream.read(1, timeout=5) == b""
        with pytest.raises(httpcore.ConnectError, match="closed the connection before the TLS handshake"):
            await stream.start_tls(ssl.create_default_context(), "localhost", timeout=5)


@pytest.mark.parametrize("server", ["is silent", "resets", "sends garbage"])
async def test_a_connection_is_closed_after_a_handshake_that_failed(server: str) -> None:
    """As behind a proxy that opens a tunnel to a host that is down. httpcore closes the plain stream then."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        match server:
            case "resets":
                await reader.read(10)
                writer.transport.abort()
            case "sends garbage":
                writer.write(b"SSH-2.0-OpenSSH\r\n" if await reader.read(10) else b"")
        await reader.read()

    async with connected(serve) as stream:
        with pytest.raises((httpcore.ConnectError, httpcore.ConnectTimeout)):
            await stream.start_tls(ssl.create_default_context(), "localhost", timeout=0.2)
        await asyncio.wait_for(stream.aclose(), timeout=5)
        assert stream.get_extra_info("socket").fileno() == -1


async def test_a_port_that_nothing_listens_on_keeps_the_cause() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    with pytest.raises(httpcore.ConnectError) as refused:
        await AsyncioBackend().connect_tcp("127.0.0.1", port, timeout=5)
    assert isinstance(refused.value.__cause__, ConnectionRefusedError)


async def test_the_transports_of_a_run_use_it() -> None:
    """httpx has no parameter for it, so it is set where httpcore looks for it."""
    connections = Connections(HttpSettings("https://api.example.com", AllowedCalls.READ))
    async with connections.lend(1, keep=False) as connection:
        transport = connection._new_transport()
        assert isinstance(transport, httpx.AsyncHTTPTransport)
        (backend,) = {type(value) for name, value in vars(transport._pool).items() if name.endswith("network_backend")}
        assert backend is AsyncioBackend
