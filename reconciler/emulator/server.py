"""The emulator over a socket, with uvicorn."""

from __future__ import annotations

import contextlib
import contextvars
import ipaddress
import signal
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from reconciler.emulator.app import RAW_WRITE, ConnectionDropped, build
from reconciler.emulator.faults import read_faults
from reconciler.emulator.guard import Guard, is_loopback
from reconciler.emulator.store import FileStore
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import World

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from starlette.types import ASGIApp, Receive, Scope, Send

    from reconciler.emulator.chaos import ChaosSettings

_transport: contextvars.ContextVar[asyncio.Transport] = contextvars.ContextVar("transport")
_KEEP_ALIVE = 75  # seconds; longer than clients keep idle connections, so that none is closed under a request
_GRACE = 2  # seconds for requests in flight when the server stops


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Where and how to serve. `port` 0 picks a free one; without `state` everything ends with the process."""

    host: str = "127.0.0.1"
    port: int = 0
    state: Path | None = None
    switches: Switches = field(default_factory=Switches)
    faults: Path | None = None
    chaos: ChaosSettings | None = None
    log: Path | None = None
    dns_server: str | None = None


def serve(options: ServerOptions, on_ready: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in flight. `on_ready` gets the URL when the server is ready.

    Raises StateError, FaultError, LogError, and OSError where the address cannot be used.
    """
    store = FileStore(options.state) if options.state else None
    world = World(options.switches, store=store, dns_server=options.dns_server, chaos=options.chaos)
    if options.faults:
        world.faults.add(*read_faults(options.faults))
    if options.log:
        world.log.write_to(options.log)
    try:
        Server(world, on_ready, host=options.host, port=options.port).run()
    finally:
        world.log.close()
        if store:
            store.compact()


class Server(uvicorn.Server):
    """Serves a world. `run` blocks, in the main thread until a signal and in any until `should_exit` is set.

    Binds at once: raises OSError where the address cannot be used.
    """

    def __init__(
        self,
        world: World,
        on_ready: Callable[[str], object],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._socket = _listen(host, port)
        self._on_ready = on_ready
        address, bound_port = self._socket.getsockname()[:2]
        self.url = f"http://{_reachable(host, address)}:{bound_port}"
        super().__init__(
            uvicorn.Config(
                _Connections(Guard(build(world), local=is_loopback(address))),
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE,
                timeout_graceful_shutdown=_GRACE,
            )
        )

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        with self._socket:
            super().run(sockets or [self._socket])

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready(self.url)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on a signal, without raising it again as uvicorn does: being stopped is how a server ends well."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, action in before.items():
                signal.signal(number, action)


def _reachable(host: str, address: str) -> str:
    """The host for a URL that works on this machine: no client connects to 0.0.0.0 or `::` everywhere."""
    if ipaddress.ip_address(address).is_unspecified:
        return "[::1]" if ":" in address else "127.0.0.1"
    return f"[{host}]" if ":" in host else host


def _listen(host: str, port: int) -> socket.socket:
    # Without the protocol's number asyncio leaves Nagle's algorithm on, and responses wait 40 ms for an acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def _remember_transport(protocol: Any, data: bytes) -> None:
    # The task that responds inherits this context: so the application finds its connection.
    _transport.set(protocol.transport)
    AutoHTTPProtocol.data_received(protocol, data)


_Protocol: type[asyncio.Protocol] = type("_Protocol", (AutoHTTPProtocol,), {"data_received": _remember_transport})


class _Connections:
    """Adds what ASGI lacks: closing the connection, and writing to it beside the response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        transport = _transport.get()
        try:
            await self._app({**scope, RAW_WRITE: transport.write}, receive, send)
        except ConnectionDropped:
            transport.close()
            # Once uvicorn knows that the client is gone it sends no 500 in our place.
            while (await receive())["type"] != "http.disconnect":
                pass
