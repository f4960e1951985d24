"""Fills the engine's port over HTTP: which calls a command may make, and one client of one connection for each worker."""

from __future__ import annotations

import asyncio
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import httpx

from reconciler.api import wire
from reconciler.api.client import Client
from reconciler.api.retry import RetryPolicy
from reconciler.api.throttle import Throttle
from reconciler.model.domains import Absent, Domain, Known
from reconciler.model.errors import KeyUnusable, NotFound, NotSent, ServerFault
from reconciler.model.masking import register_keys
from reconciler.version import __version__

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from reconciler.model.environments import Credential

T = TypeVar("T")

# Exactly as declared: one with a trailing slash, one without (OpenAPI).
DOMAIN_PATH = "/api/v1/custom_domain/"
TEST_PATH = "/api/v1/custom_domain/test_connection"
USER_AGENT = f"imgwire-reconciler/{__version__}"


class Access(Enum):
    """The calls a command may make. The client refuses any other before it reaches the network."""

    READ = frozenset({("GET", DOMAIN_PATH)})
    TEST = frozenset({("GET", DOMAIN_PATH), ("POST", TEST_PATH)})
    WRITE = frozenset({("GET", DOMAIN_PATH), ("POST", TEST_PATH), ("POST", DOMAIN_PATH), ("DELETE", DOMAIN_PATH)})


def _ignore(_kind: str, _text: str) -> None:
    """Nobody wants to hear of calls."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """How to ask. `timeout` in seconds for each attempt; `observe(kind, text)` hears of calls and retries, never of keys;
    `transport` stands in for the network (the emulator inside the process)."""

    base_url: str
    access: Access
    parallelism: int = 32
    timeout: float = 30.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    transport: httpx.AsyncBaseTransport | None = None
    observe: Callable[[str, str], None] = _ignore
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time


class HttpBackend:
    """Opens connections for the environments whose keys are known."""

    def __init__(
        self, credentials: Mapping[str, Credential], settings: HttpSettings, connections: Connections | None = None
    ) -> None:
        """`connections` are shared with other backends of the run; without them each connection is closed after its use."""
        register_keys(credential.key for credential in credentials.values())
        self._credentials = credentials
        self._settings = settings
        self._connections = connections or Connections(settings)
        self._keep = connections is not None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Connection]:
        """A connection that no other worker uses meanwhile.

        Raises NotSent when the environment's settings for TLS or proxies cannot be used.
        """
        settings = self._settings
        async with self._connections.lend(keep=self._keep) as http:
            client = Client(
                http,
                allowed=settings.access.value,
                retry=settings.retry,
                throttle=self._connections.throttle,
                timeout=settings.timeout,
                sleep=settings.sleep,
                wall_clock=settings.wall_clock,
                observe=settings.observe,
            )
            yield Connection(client, self._credentials)


class Connections:
    """The connections of a run to one base URL, and the throttle that they share.

    Each is a client of its own: one shared pool rescans all connections at each request (httpcore #1035). Kept ones are used
    again by the next phase, so a run with P workers has at most P connections.
    """

    def __init__(self, settings: HttpSettings) -> None:
        self.throttle = Throttle(settings.parallelism, settings.clock, settings.sleep, settings.retry.budget)
        self._settings = settings
        self._plain = settings.base_url.startswith("http://")
        self._tls: ssl.SSLContext | None = None
        self._idle: list[httpx.AsyncClient] = []

    @asynccontextmanager
    async def lend(self, *, keep: bool) -> AsyncIterator[httpx.AsyncClient]:
        """A client for one worker. Raises NotSent."""
        client = self._idle.pop() if self._idle else self._client()
        try:
            yield client
        finally:
            if keep:
                self._idle.append(client)
            else:
                await client.aclose()

    async def aclose(self) -> None:
        """Close every connection that is kept."""
        while self._idle:
            await self._idle.pop().aclose()

    def _client(self) -> httpx.AsyncClient:
        settings = self._settings
        try:
            return httpx.AsyncClient(
                base_url=settings.base_url,
                # Nothing is unpacked, so no answer can be larger in memory than it was on the wire.
                headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
                timeout=httpx.Timeout(settings.timeout * 1.5, connect=settings.timeout * 0.95),
                limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30.0),
                follow_redirects=False,
                # Plain HTTP is loopback only, where a proxy from the environment must not see the key.
                trust_env=not self._plain,
                verify=self._context(),
                transport=settings.transport,
            )
        except OSError as failure:
            raise NotSent(f"the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be used: {failure}") from None
        except ImportError as failure:
            raise NotSent(f"the proxy cannot be used: {failure}") from None
        except (httpx.InvalidURL, ValueError):
            # What is wrong is not quoted: a proxy's address may hold a password.
            raise NotSent("the proxy cannot be used: look at HTTPS_PROXY and ALL_PROXY") from None

    def _context(self) -> ssl.SSLContext | bool:
        """One TLS context for all clients: making one costs 14 ms. None is needed without TLS."""
        if self._plain or self._settings.transport is not None:
            return False
        if self._tls is None:
            self._tls = httpx.create_ssl_context()
        return self._tls


class Connection:
    """The engine's Writer. What it may really do is up to the client's `allowed` calls."""

    def __init__(self, client: Client, credentials: Mapping[str, Credential]) -> None:
        self._client = client
        self._credentials = credentials

    async def read(self, environment: str) -> Known:
        """Absent only when the API itself says so: `ResourceNotFoundError` of any status, or 200 with a JSON null."""
        try:
            return await self._call("GET", DOMAIN_PATH, environment, wire.known)
        except (NotFound, ServerFault) as answer:
            if answer.error_type == "ResourceNotFoundError":
                return Absent()
            raise

    async def create(self, environment: str, hostname: str) -> Domain:
        return await self._call("POST", DOMAIN_PATH, environment, wire.domain, {"hostname": hostname})

    async def delete(self, environment: str) -> None:
        await self._call("DELETE", DOMAIN_PATH, environment, wire.acknowledgement)

    async def test_connection(self, environment: str) -> Domain:
        return await self._call("POST", TEST_PATH, environment, wire.domain)

    async def _call(
        self,
        method: str,
        path: str,
        environment: str,
        read: Callable[[bytes], T],
        json: Mapping[str, str] | None = None,
    ) -> T:
        credential = self._credentials.get(environment)
        if credential is None:
            raise KeyUnusable(f"no usable key for `{environment}`")
        return await self._client.call(method, path, credential, read, json=json, subject=environment)
