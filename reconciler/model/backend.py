"""The port through which the engine reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from reconciler.model.domains import Domain, Known


class Reader(Protocol):
    """One connection, used by one worker at a time. `environment` is a name of the manifest. Any call may raise BackendError."""

    async def read(self, environment: str) -> Known:
        """What is live now. Reads are retried by the retry policy; writes never are."""
        ...


class Tester(Reader, Protocol):
    async def test_connection(self, environment: str) -> Domain:
        """Ask Imgwire to check DNS and certificate again. NotFound when there is no custom domain."""
        ...


class Writer(Tester, Protocol):
    async def create(self, environment: str, hostname: str) -> Domain:
        """Create the environment's custom domain."""
        ...

    async def delete(self, environment: str) -> None:
        """Delete the environment's custom domain. NotFound when there is none."""
        ...


Connection_co = TypeVar("Connection_co", covariant=True)


class Backend(Protocol[Connection_co]):
    """Opens connections; a worker opens one and keeps it."""

    def open(self) -> AbstractAsyncContextManager[Connection_co]: ...
