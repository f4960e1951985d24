"""Polling until domains are ready, with word of every change."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.engine.verify import Waiting, verify_all

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.api.backend import HttpBackend
    from reconciler.cli.session import Session
    from reconciler.model.report import Verified

_HEARTBEAT = 60.0  # seconds


def wait_until_ready(
    session: Session, wishes: Sequence[tuple[str, str]], backend: HttpBackend, longest: float
) -> tuple[Verified, ...]:
    """Verify until all is ready or stuck, or `longest` seconds have gone by; a line for each change, one a minute besides."""
    last: dict[str, str] = {}
    told_at = time.monotonic()

    def tell(verified: Verified) -> None:
        nonlocal told_at
        words = f"{verified.verdict}: {verified.message}"
        if longest and last.get(verified.environment) != words:
            session.log.say("info", f"{verified.environment}: {words}")
            told_at = time.monotonic()
        elif longest and time.monotonic() - told_at > _HEARTBEAT:
            session.log.say("info", f"still waiting, {verified.environment} is {verified.verdict}")
            told_at = time.monotonic()
        last[verified.environment] = words

    return session.run(verify_all(wishes, backend, session.options.parallelism, Waiting(longest, on_verdict=tell)))
