"""Which DNS servers a run queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.dns.servers import AnyServer


@dataclass(frozen=True, slots=True)
class Dns:
    """Which DNS servers to query: these, or those of the system where there are none. `off` queries none at all."""

    servers: tuple[AnyServer, ...] = ()
    off: bool = False
