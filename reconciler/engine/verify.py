"""Rechecking many environments, once or until they are ready."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.engine.workers import run_pool
from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.errors import BackendError, NotFound, Unexpected
from reconciler.model.exit_codes import ExitCode, code_of
from reconciler.model.observer import NullObserver, Observer
from reconciler.model.report import Verdict, Verified

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

    from reconciler.model.backend import Backend, Tester
    from reconciler.model.domains import Domain, Live
    from reconciler.model.report import Record

_TESTED_EVERY = 4  # rounds, while DNS lacks the records


READY_MESSAGE = "CONNECTED, certificate ACTIVE"
"""What the API reports. Whether the hostname serves traffic is known only after a probe."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """How to wait. Seconds throughout: `max_wait` in all (0 checks once), the pause between rounds grows from `first_pause` to
    `max_pause` and is jittered. `look` gives the records of a custom domain with their DNS lookups, if any. `after_create`: the
    first round calls `test_connection` only where DNS does not lack a record, because a check too early is remembered. `pins`
    are the Environment ids that the manifest gives: an answer of another Environment is no verdict."""

    look: Callable[[str, Domain], Awaitable[tuple[Record, ...]]]
    max_wait: float = 0.0
    first_pause: float = 2.0
    max_pause: float = 30.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random
    after_create: bool = False
    pins: Mapping[str, str | None] = field(default_factory=dict)


async def verify_all(
    desired: Iterable[tuple[str, str]],
    backend: Backend[Tester],
    parallelism: int,
    waiting: Waiting,
    observer: Observer = NullObserver(),  # noqa: B008 - it has no state
) -> tuple[Verified, ...]:
    """One verdict for each (environment, desired hostname), in their order.

    Those that are waiting, absent or unknown are checked again until the time is up. Ready is final. Stuck is final unless a
    DNS record is missing or wrong, which can still be fixed. As long as that is so, `test_connection` is called in every
    fourth round and in the last only.
    """
    hostnames = dict(desired)
    verdicts: dict[str, Verified] = {}
    deadline = waiting.clock() + waiting.max_wait
    pause = waiting.first_pause
    rounds = 0
    left = list(hostnames)

    async def check(api: Tester, name: str) -> None:
        first = 1 if waiting.after_create else 0
        always = (rounds >= first and (rounds - first) % _TESTED_EVERY == 0) or waiting.clock() >= deadline
        before = verdicts[name].verdict if name in verdicts else Verdict.WAITING
        verdicts[name] = await _verify(api, name, hostnames[name], waiting, before, always=always)
        observer.on_verdict(verdicts[name])

    while left:
        await run_pool(left, backend, parallelism, check)
        left = [name for name in left if not _final(verdicts[name])]
        remaining = deadline - waiting.clock()
        if remaining <= 0 or not any(_may_pass(verdicts[name]) for name in left):
            break
        await waiting.sleep(min(remaining, pause * (0.5 + waiting.jitter() / 2)))
        pause = min(waiting.max_pause, pause * 1.5)
        rounds += 1
    return tuple(verdicts[name] for name in hostnames)


def absence_verdict(name: str, live: Live) -> Verified:
    """The verdict on an environment that should have no custom domain, from what was read of it. Nothing is sent."""
    match live:
        case Unreadable(error):
            return Verified(name, Verdict.UNKNOWN, live, error.message, wanted=False)
        case Present(domain):
            message = f"has `{domain.hostname}` and should have none: run apply"
            return Verified(name, Verdict.DIFFERENT, live, message, wanted=False)
        case _:
            return Verified(name, Verdict.ABSENT, live, "has no custom domain, as desired", wanted=False)


def _final(verified: Verified) -> bool:
    return verified.verdict is Verdict.READY or (
        verified.verdict is Verdict.STUCK and not _bad_records(verified.records)
    )


def _may_pass(verified: Verified) -> bool:
    """Time alone may help. It does not where the desired custom domain is not live, or the key is not accepted."""
    match verified:
        case Verified(verdict=Verdict.ABSENT | Verdict.DIFFERENT):
            return False
        case Verified(live=Unreadable(error)):
            return code_of(error.kind) is not ExitCode.CREDENTIALS
        case _:
            return True


def _bad_records(records: Sequence[Record]) -> bool:
    return any(record.lookup is not None and record.lookup.bad for record in records)


async def _verify(
    api: Tester, name: str, hostname: str, waiting: Waiting, before: Verdict, *, always: bool
) -> Verified:
    """The verdict now. `before`, that of an earlier round, stays where the domain still fails and no check is due."""
    try:
        live = await api.read(name)
        if isinstance(live, Absent):
            return Verified(name, Verdict.ABSENT, live, "has no custom domain: run apply first")
        _check_environment("GET", live.domain, waiting.pins.get(name))
        if live.domain.hostname != hostname:
            return _different(name, live, hostname)
        records = await waiting.look(name, live.domain)
        if live.domain.ready:
            return Verified(name, Verdict.READY, live, READY_MESSAGE, records=records)
        if not always and _bad_records(records):
            message = f"{live.domain.health}: {_advice(records)}"
            stuck = before is Verdict.STUCK and live.domain.failing
            return Verified(name, before if stuck else Verdict.WAITING, live, message, records=records)
        checked = await api.test_connection(name)
        _check_environment("test_connection", checked, live.domain.environment_id)
        if checked.hostname != hostname:  # replaced since the read
            return _different(name, Present(checked), hostname)
        return replace(_checked(name, checked, records), records=records)
    except NotFound:
        return Verified(name, Verdict.ABSENT, Absent(), "has no custom domain any more: run apply first")
    except BackendError as error:
        return Verified(name, Verdict.UNKNOWN, Unreadable(error), error.message)


def _check_environment(call: str, domain: Domain, expected: str | None) -> None:
    """Raises Unexpected for the domain of another Environment."""
    if expected not in {None, domain.environment_id}:
        raise Unexpected(f"{call}: the answer is about another Environment, {domain.environment_id}", status=200)


def _different(name: str, live: Present, hostname: str) -> Verified:
    other = live.domain.hostname
    return Verified(name, Verdict.DIFFERENT, live, f"has `{other}` instead of `{hostname}`: run apply first")


def _checked(name: str, domain: Domain, records: Sequence[Record]) -> Verified:
    live = Present(domain)
    if domain.ready:
        return Verified(name, Verdict.READY, live, READY_MESSAGE)
    verdict = Verdict.STUCK if domain.failing else Verdict.WAITING
    return Verified(name, verdict, live, f"{domain.health}: {_advice(records, stuck=domain.failing)}")


def _advice(records: Sequence[Record], *, stuck: bool = False) -> str:
    """What to do next, by the DNS lookups."""
    lookups = [(record.purpose, record.lookup) for record in records if record.lookup is not None]
    bad = [(purpose, lookup.verdict) for purpose, lookup in lookups if lookup.bad]
    if len(bad) == 2 and bad[0][1] is bad[1][1]:
        return f"both DNS records are {bad[0][1]}"
    if bad:
        return "in DNS " + " and ".join(f"the {purpose} record is {verdict}" for purpose, verdict in bad)
    if lookups and all(lookup.verdict == "ok" for _, lookup in lookups):
        return "both DNS records are right" + ("" if stuck else ": wait")
    if not all(record.known for record in records):
        return "the API has not given all DNS records yet: run verify again later"
    return "check the two DNS records" if stuck else "publish the two DNS records and wait"
