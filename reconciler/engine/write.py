"""One step, done safely: look again, write once, and where the answer was lost look again before believing anything."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, assert_never

from reconciler.engine.failures import changed, failed, not_checked, not_done, unknown
from reconciler.model.backend import (
    BackendError,
    Conflict,
    NoAnswer,
    NotFound,
    NotSent,
    ServerFault,
    Throttled,
    Unexpected,
)
from reconciler.model.domains import Absent, Domain, Known, Present
from reconciler.model.plan import Create, Delete, Step, Verify

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from reconciler.model.backend import Writer


def _doubling(attempt: int) -> float:
    return min(8.0, 0.25 * 2.0 ** (attempt - 1))


@dataclass(frozen=True, slots=True)
class WritePolicy:
    """How long a step waits, in seconds. `retries` counts sends after the first, of writes that certainly did not happen;
    `visibility_delays` are the pauses in which reads may still show a deleted custom domain; `readback_delays` those in
    which a write with a lost answer may arrive."""

    retries: int = 4
    max_delay: float = 120.0
    delay: Callable[[int], float] = _doubling
    visibility_delays: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
    readback_delays: tuple[float, ...] = (1.0,)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


class WriteInterrupted(asyncio.CancelledError):
    """Cancelled after the write was sent and before it was known what became of it."""


async def execute(
    step: Step,
    api: Writer,
    policy: WritePolicy,
    *,
    deleted: Domain | None = None,
    hostname_freed: bool = False,
    on_read: Callable[[str, Known], None],
) -> Domain | None:
    """Do the step: the custom domain that is there afterwards, or None after a delete.

    `deleted` is the custom domain that this run deleted in the same environment: a read that still shows it is repeated.
    `hostname_freed`: this run deleted the hostname in another environment, so a conflict about it is retried, too.
    `on_read(environment, live)` is called with every state that was read or answered. Raises StepFailed; WriteInterrupted
    when cancelled after the write was sent.
    """
    attempt, conflict_delays = 0, iter(policy.visibility_delays if hostname_freed else ())
    while True:
        live = await _look(step, api, policy, deleted)
        on_read(step.environment, live)
        if not step.precondition.holds(live):
            raise changed(step.environment, step.precondition, live)
        try:
            domain = await _write(step, api, policy, deleted, on_read)
        except asyncio.CancelledError:
            raise WriteInterrupted from None
        except (NotSent, Throttled) as failure:
            # It certainly did not happen, so it may be sent again, after another look.
            attempt += 1
            pause = max(policy.delay(attempt), failure.retry_after or 0.0)
            if attempt > policy.retries or pause > policy.max_delay:
                raise failed(failure) from None
        except Conflict as failure:
            still = next(conflict_delays, None)
            if still is None:
                raise failed(failure) from None
            pause = still
        else:
            on_read(step.environment, Absent() if domain is None else Present(domain))
            return domain
        await policy.sleep(pause)


async def _write(
    step: Step, api: Writer, policy: WritePolicy, deleted: Domain | None, on_read: Callable[[str, Known], None]
) -> Domain | None:
    """Send it once, and find out what became of it. Raises NotSent, Throttled and Conflict where it certainly did not happen."""
    try:
        return await _send(step, api)
    except (NotSent, Throttled):
        raise
    except BackendError as failure:
        return await _after_failure(step, api, policy, failure, deleted, on_read)


async def _look(step: Step, api: Writer, policy: WritePolicy, deleted: Domain | None) -> Known:
    for pause in (*policy.visibility_delays, None):
        try:
            live = await api.read(step.environment)
        except BackendError as failure:
            # Elsewhere a 404 without the API's own words may be a wrong base URL. Here the same address has told of the
            # custom domain and has confirmed its delete, so it can only mean that the delete is done.
            if deleted is None or not (isinstance(failure, Unexpected) and failure.status == 404):
                raise failed(failure) from None
            live = Absent()
        if pause is None or not _still_shows(live, deleted):
            return live
        await policy.sleep(pause)
    raise AssertionError("unreachable")


async def _send(step: Step, api: Writer) -> Domain | None:
    match step:
        case Delete():
            await api.delete(step.environment)
            return None
        case Create():
            domain = await api.create(step.environment, step.hostname)
        case Verify():
            domain = await api.test_connection(step.environment)
        case _:
            assert_never(step)
    if domain.hostname != step.hostname:
        raise Unexpected(
            f"{step.op}: asked for `{step.hostname}`, and the answer speaks of `{domain.hostname}`", status=200
        )
    return domain


async def _after_failure(
    step: Step,
    api: Writer,
    policy: WritePolicy,
    failure: BackendError,
    deleted: Domain | None,
    on_read: Callable[[str, Known], None],
) -> Domain | None:
    if isinstance(step, Delete) and isinstance(failure, NotFound):
        return None
    lost = isinstance(failure, NoAnswer | ServerFault | Unexpected)
    # A conflict may be with what an intermediary made of our own request: tell "done already" from "claimed elsewhere".
    if not lost and (isinstance(step, Verify) or not isinstance(failure, Conflict)):
        raise failed(failure)
    # A finished delete may still show for a while.
    again = policy.visibility_delays if isinstance(step, Delete) else policy.readback_delays if lost else ()
    return await _read_back(step, api, policy, failure, deleted, on_read, again=again)


async def _read_back(
    step: Step,
    api: Writer,
    policy: WritePolicy,
    failure: BackendError,
    deleted: Domain | None,
    on_read: Callable[[str, Known], None],
    *,
    again: tuple[float, ...],
) -> Domain | None:
    """What became of a write whose answer does not tell. It may still be on its way, so "not done" is looked at again."""
    for pause in (*again, None):
        try:
            live = await api.read(step.environment)
        except BackendError as unread:
            raise unknown(step.environment, failure, unread) from None
        still_shown = _still_shows(live, deleted)
        if not still_shown:  # what this run has deleted is gone, whatever a read still shows of it
            on_read(step.environment, live)
        if _reached(step, live) and not still_shown:
            return live.domain if isinstance(live, Present) else None
        if not still_shown and not step.precondition.holds(live):
            raise changed(step.environment, step.precondition, live)
        if pause is not None:
            await policy.sleep(pause)
    if isinstance(failure, Conflict):
        # In conflict with what this run has deleted, it may be sent again like any call that did not happen.
        raise NotSent(failure.message, status=failure.status, error_type=failure.error_type) if still_shown else failure
    raise not_checked(failure) if isinstance(step, Verify) else not_done(failure)


def _still_shows(live: Known, deleted: Domain | None) -> bool:
    """A finished delete may still show for a while."""
    return deleted is not None and isinstance(live, Present) and live.domain.id == deleted.id


def _reached(step: Step, live: Known) -> bool:
    match step:
        case Delete():
            return isinstance(live, Absent)
        case Create():
            return isinstance(live, Present) and live.domain.hostname == step.hostname
        case Verify():
            return isinstance(live, Present) and live.domain.hostname == step.hostname and live.domain.ready
        case _:
            assert_never(step)
