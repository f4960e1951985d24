"""Fills the engine's port over HTTP: one client with one connection for each worker."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from reconciler.api import wire
from reconciler.api.calls import (
    CREATE_DOMAIN,
    DELETE_DOMAIN,
    DOMAIN_PATH,
    READ_DOMAIN,
    TEST_CONNECTION,
    TEST_PATH,
    AllowedCalls,
)
from reconciler.api.client import Client
from reconciler.api.connections import USER_AGENT, Connections
from reconciler.api.settings import HttpSettings
from reconciler.model.domains import Absent, Domain, Known
from reconciler.model.errors import KeyUnusable, NotFound, ServerFault
from reconciler.model.masking import register_keys

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from reconciler.api.calls import Call
    from reconciler.model.environments import Credential

__all__ = [
    "DOMAIN_PATH",
    "TEST_PATH",
    "USER_AGENT",
    "AllowedCalls",
    "Connections",
    "HttpBackend",
    "HttpSettings",
    "Writer",
]

T = TypeVar("T")


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
    async def open(self) -> AsyncIterator[Writer]:
        """A connection that no other worker uses meanwhile.

        Raises NotSent when the environment's settings for TLS or proxies cannot be used, TooFewFiles when so many connections
        cannot be open at once.
        """
        settings = self._settings
        workers = min(settings.parallelism, len(self._credentials))
        async with self._connections.lend(workers, keep=self._keep) as exchanger:
            client = Client(
                exchanger,
                settings.base_url,
                USER_AGENT,
                allowed=settings.access.value,
                retry=settings.retry,
                throttle=self._connections.throttle,
                sleep=settings.sleep,
                wall_clock=settings.wall_clock,
                observe=settings.observe,
            )
            yield Writer(client, self._credentials)


class Writer:
    """The engine's Writer. The client refuses calls that the command may not make."""

    def __init__(self, client: Client, credentials: Mapping[str, Credential]) -> None:
        self._client = client
        self._credentials = credentials

    async def read(self, environment: str) -> Known:
        """Absent only when the API itself reports it: `ResourceNotFoundError` of any status, or 200 with a JSON null."""
        try:
            return await self._call(READ_DOMAIN, environment, wire.known)
        except (NotFound, ServerFault) as answer:
            if answer.error_type == "ResourceNotFoundError":
                return Absent()
            raise

    async def create(self, environment: str, hostname: str) -> Domain:
        return await self._call(CREATE_DOMAIN, environment, wire.domain, {"hostname": hostname})

    async def delete(self, environment: str) -> None:
        await self._call(DELETE_DOMAIN, environment, wire.acknowledgement)

    async def test_connection(self, environment: str) -> Domain:
        return await self._call(TEST_CONNECTION, environment, wire.domain)

    def turn(self, *, urgent: bool) -> AbstractAsyncContextManager[None]:
        return self._client.turn(urgent=urgent)

    async def _call(
        self, call: Call, environment: str, read: Callable[[bytes], T], json: Mapping[str, str] | None = None
    ) -> T:
        credential = self._credentials.get(environment)
        if credential is None:
            raise KeyUnusable(f"no usable key for `{environment}`")
        return await self._client.call(call, credential, read, json=json, subject=environment)
