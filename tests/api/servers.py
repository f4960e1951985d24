"""Servers on loopback that answer as a test scripts them: plain or with TLS, and proxies before them."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Server:
    """`requests` are the heads that have arrived, `connections` how many were opened."""

    port: int = 0
    connections: int = 0
    requests: list[str] = field(default_factory=list)

    @property
    def methods(self) -> list[str]:
        return [head.split(" ")[0] for head in self.requests]

    async def request(self, reader: asyncio.StreamReader) -> str:
        """The head of the next request; its body is read and dropped. Raises IncompleteReadError at the end."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        for line in head.splitlines():
            if line.lower().startswith("content-length:"):
                await reader.readexactly(int(line.partition(":")[2]))
        self.requests.append(head)
        return head


@asynccontextmanager
async def serving(
    serve: Callable[[Server, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
) -> AsyncIterator[Server]:
    """Calls `serve` for each connection, and closes the connection when it returns or the client has gone."""
    state = Server()
    tasks: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        state.connections += 1
        tasks.add(task := asyncio.current_task())  # type: ignore[arg-type]
        try:
            await serve(state, reader, writer)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)  # type: ignore[arg-type]
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()

    server = await asyncio.start_server(connected, host, 0, ssl=tls)
    state.port = server.sockets[0].getsockname()[1]
    try:
        yield state
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """One HTTP answer."""
    lines = [f"HTTP/1.1 {status}", "content-type: application/json", f"content-length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


@asynccontextmanager
async def proxying(
    *,
    login: str | None = None,
    refuse: str | None = None,
    far_end: Serve | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Server]:
    """An HTTP proxy that opens tunnels: with `login` only for that value of Proxy-Authorization; or that answers `refuse`.

    `far_end` replaces the host that tunnels lead to.
    """

    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if refuse is not None:
            await reader.read(1000)
            writer.write(f"HTTP/1.1 {refuse}\r\ncontent-length: 0\r\n\r\n".encode())
            return
        head = await state.request(reader)
        if login is not None and f"proxy-authorization: {login}".lower() not in head.lower():
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n")
            return
        if far_end is not None:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            await far_end(reader, writer)
            return
        host, _, port = head.split(" ")[1].rpartition(":")
        await _tunnel(reader, writer, host.strip("[]"), int(port), b"HTTP/1.1 200 Connection established\r\n\r\n")

    async with serving(serve, tls) as state:
        yield state


@asynccontextmanager
async def socks_proxying() -> AsyncIterator[Server]:
    """A SOCKS 5 proxy that wants user and password (RFC 1928, RFC 1929); `requests` are its targets."""

    async def serve(state: Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, count = await reader.readexactly(2)
        await reader.readexactly(count)
        writer.write(b"\x05\x02")
        await reader.readexactly(1)
        user = await reader.readexactly((await reader.readexactly(1))[0])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        if (user, password) != (b"user", b"pass"):
            writer.write(b"\x01\x01")
            return
        writer.write(b"\x01\x00")
        *_, kind = await reader.readexactly(4)
        assert kind == 3, "a name is for the proxy to look up"
        host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        port = int.from_bytes(await reader.readexactly(2), "big")
        state.requests.append(f"{host}:{port}")
        await _tunnel(reader, writer, host, port, b"\x05\x00\x00\x01\0\0\0\0\0\0")

    async with serving(serve) as state:
        yield state


async def _tunnel(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int, welcome: bytes
) -> None:
    inner_reader, inner_writer = await asyncio.open_connection(host, port)
    writer.write(welcome)

    async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    try:
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer), return_exceptions=True)
    finally:
        inner_writer.close()


@dataclass(frozen=True)
class Authority:
    """A certificate authority of its own, and a server certificate for `localhost` and 127.0.0.1."""

    certificates: Path
    server: ssl.SSLContext


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command, which makes certificates, is not installed")
    folder = tmp_path_factory.mktemp("tls")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Test CA")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names")
    openssl("x509", "-req", "-in", "server.csr", "-out", "server.pem", *signed)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Authority(folder / "ca.pem", context)
