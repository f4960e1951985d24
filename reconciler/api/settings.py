"""How calls are made: where to, which of them, how many at once, for how long."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.api.retry import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import httpx

    from reconciler.api.calls import AllowedCalls
    from reconciler.model.observer import RequestEvent


def _ignore(_event: RequestEvent) -> None:
    """Calls are not observed."""


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """`timeout` in seconds for each attempt; `observe` receives calls and retries, never keys; `transport` replaces
    the network (the emulator inside the process); `environ` has the variables of proxies and TLS."""

    base_url: str
    access: AllowedCalls
    parallelism: int = 32
    timeout: float = 30.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    transport: httpx.AsyncBaseTransport | None = None
    observe: Callable[[RequestEvent], None] = _ignore
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    wall_clock: Callable[[], float] = time.time
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
