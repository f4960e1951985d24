"""One HTTP exchange: what is sent, what comes back, and the port that the network and its stand-ins fill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY = 256 * 1024  # bytes; a custom domain is about 700


@dataclass(frozen=True, slots=True)
class Request:
    """`target` is the path with the base URL's own path in front. `headers` do not include Host and Content-Length."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` have names in lower case; of a header that is repeated the last value counts. `body` is as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchanger(Protocol):
    """Sends one request at a time, each bounded in time as a whole."""

    async def exchange(self, request: Request) -> Answer:
        """The answer. Raises NotSent, NoAnswer and Unexpected, with the reason as the message."""
        ...

    async def aclose(self) -> None: ...
