"""Asking Imgwire to check again, of many environments, once or until they are ready."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.engine.workers import share_out
from reconciler.model.backend import BackendError, NotFound
from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.report import Verdict, Verified

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from reconciler.model.backend import Backend, Tester
    from reconciler.model.domains import Domain


def _unheard(_verified: Verified) -> None:
    """Nobody follows the rounds."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait. Seconds throughout: `longest` in all (0 asks once), the pause between rounds grows from `first_pause` to
    `longest_pause` and is jittered; `on_verdict` hears of each environment in each round."""

    longest: float = 0.0
    first_pause: float = 2.0
    longest_pause: float = 30.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    on_verdict: Callable[[Verified], None] = _unheard


async def verify_all(
    wishes: Iterable[tuple[str, str]], backend: Backend[Tester], parallelism: int, waiting: Waiting
) -> tuple[Verified, ...]:
    """One verdict for each (environment, desired hostname), in their order.

    Those that are waiting, absent or unknown are asked again until the time is up; ready and stuck are final.
    """
    wanted = dict(wishes)
    found: dict[str, Verified] = {}

    async def check(api: Tester, name: str) -> None:
        found[name] = await _verify(api, name, wanted[name])
        waiting.on_verdict(found[name])

    deadline = waiting.clock() + waiting.longest
    pause = waiting.first_pause
    left = list(wanted)
    while left:
        await share_out(left, backend, parallelism, check)
        left = [name for name in left if found[name].verdict not in {Verdict.READY, Verdict.STUCK}]
        remaining = deadline - waiting.clock()
        if remaining <= 0:
            break
        await waiting.sleep(min(remaining, pause * (0.5 + waiting.jitter() / 2)))
        pause = min(waiting.longest_pause, pause * 1.5)
    return tuple(found[name] for name in wanted)


async def _verify(api: Tester, name: str, hostname: str) -> Verified:
    try:
        live = await api.read(name)
        if isinstance(live, Absent):
            return Verified(name, Verdict.ABSENT, live, "has no custom domain: run apply first")
        if live.domain.hostname != hostname:
            other = live.domain.hostname
            return Verified(name, Verdict.ABSENT, live, f"has `{other}` instead of `{hostname}`: run apply first")
        if live.domain.ready:
            return Verified(name, Verdict.READY, live, "serves traffic with a valid certificate")
        return _judged(name, await api.test_connection(name))
    except NotFound:
        return Verified(name, Verdict.ABSENT, Absent(), "has no custom domain any more: run apply first", tested=True)
    except BackendError as error:
        return Verified(name, Verdict.UNKNOWN, Unreadable(error), error.message)


def _judged(name: str, domain: Domain) -> Verified:
    live = Present(domain)
    if domain.ready:
        return Verified(name, Verdict.READY, live, "serves traffic with a valid certificate", tested=True)
    words = f"status {domain.status}, certificate {domain.certificate_status}"
    if domain.failing:
        return Verified(name, Verdict.STUCK, live, f"{words}: check the two DNS records", tested=True)
    return Verified(name, Verdict.WAITING, live, f"{words}: publish the two DNS records and wait", tested=True)
