"""The port through which the engine reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from reconciler.model.errors import Throttled

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from reconciler.model.domains import Domain, Known


class Paused(Throttled):
    """Not sent: since the read that the write depends on, the API has asked for a pause. Read again."""


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

    def turn(self, *, urgent: bool) -> AbstractAsyncContextManager[None]:
        """A turn for a read and the write that depends on it: neither waits for other requests, once it is entered.

        A write raises Paused where the API has asked for a pause since. An `urgent` turn is entered at once and knows no pauses.
        Entering may raise BackendError.
        """
        ...


Connection_co = TypeVar("Connection_co", covariant=True)


class Backend(Protocol[Connection_co]):
    """Opens connections; a worker opens one and keeps it."""

    def open(self) -> AbstractAsyncContextManager[Connection_co]: ...
