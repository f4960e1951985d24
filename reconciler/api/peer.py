"""The server at the other end of a connection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.proxies import Proxy


@dataclass(frozen=True, slots=True)
class Peer:
    """Where requests go. `origin` is the scheme and authority of every URL."""

    origin: str
    host: str
    port: int
    proxy: Proxy | None = None

    def __str__(self) -> str:
        through = f" through the proxy {self.proxy}" if self.proxy else ""
        return (f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}") + through
