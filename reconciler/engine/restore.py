"""Writes that repair: restoring hostnames after a failed lane, and retrying such a write while trouble may pass."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import Counter
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.engine.earlier_writes import EarlierWrites
from reconciler.engine.failures import StepFailed
from reconciler.engine.outcome import Done, Evidence, WriteInterrupted
from reconciler.engine.write import always, execute
from reconciler.model.domains import Domain, Unreadable, domain_of
from reconciler.model.errors import Conflict, Refused
from reconciler.model.report import Restored, RestoreFailure
from reconciler.model.steps import Create, Identity, Verify, Write

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.engine.context import RunContext
    from reconciler.engine.deadline import Deadline
    from reconciler.model.backend import Writer
    from reconciler.model.errors import BackendError
    from reconciler.model.report import Restore, StepError

# A read has shown another state, or nothing more can be sent. Any other answer may have been a mistake of one moment: what
# comes after the last attempt is a hostname that is live nowhere.
_FINAL = frozenset({"changed", "key_unusable", "still_shown", "step_timeout"})


def may_pass(error: StepError) -> bool:
    """Another attempt may succeed."""
    return error.kind not in _FINAL


# About half a minute. The key may also have been revoked for good.
_REFUSED_RETRIES = 4


async def retry(
    context: RunContext,
    api: Writer,
    step: Write,
    earlier: EarlierWrites,
    before: StepFailed | None = None,
    may_send: Callable[[], bool] = always,
    deadline: Deadline | None = None,
) -> Done:
    """Do a write that repairs, waiting for trouble to pass until the deadline, by default one step timeout from now.

    Raises StepFailed, Withheld where `may_send` forbids an attempt, and WriteInterrupted when cancelled while it may have been
    done.

    A write that reads show not done is tried `policy.retries` times more, and one while nothing can be read until the timeout.
    While reads are refused, as with a key that is not accepted for a moment, it is `_REFUSED_RETRIES` times more. So is a write
    that is refused itself, but for a conflict, unless there are to be no retries.
    Each attempt begins with a read, so sending the same write again does no harm. The result counts what earlier attempts may
    have done, that which failed `before` included, and so does the failure, unless a read has shown the outcome since.
    """
    policy = context.policy
    deadline = deadline or policy.deadline()
    uncertain = before if before is not None and before.uncertain else None
    unread: dict[int, BackendError] = {}  # the attempts that had no read
    # By whether reads were refused. An attempt while nothing could be read is none.
    tried_in_vain: Counter[bool] = Counter()
    if before is not None:
        context.doubts.add(step.id)
    try:
        for attempt in itertools.count(1):
            tried = replace(earlier, uncertain=earlier.uncertain or uncertain is not None)
            try:
                done = await execute(
                    step,
                    api,
                    policy,
                    earlier=tried,
                    urgent=True,
                    deadline=deadline,
                    may_send=may_send,
                    on_read=context.ledger.record_live,
                    on_unread=partial(unread.__setitem__, attempt),
                    on_doubt=lambda _: context.doubts.add(step.id),
                )
            except WriteInterrupted:
                context.write_interrupted(step)
                raise
            except StepFailed as failure:
                context.write_failed(step, failure)
                context.doubts.add(step.id)
                uncertain = failure if failure.uncertain else uncertain
                unknown = isinstance(context.ledger.live(step.environment), Unreadable)
                pause = max(policy.delay(attempt), failure.retry_after)
                refused_read = isinstance(unread.get(attempt), Refused)
                refused = refused_read or (policy.retries > 0 and _is_refused(failure))
                tried_in_vain[refused] += not unknown and (refused or attempt not in unread)
                spent = tried_in_vain[refused] > policy.retries + _REFUSED_RETRIES * refused
                if not may_pass(failure.error) or spent or pause > deadline.remaining:
                    raise (uncertain or failure) if unknown else failure from None
            else:
                context.wrote(done)
                late = done.evidence is Evidence.FOUND and uncertain is not None
                return Done(done.domain, Evidence.READ_BACK) if late else done
            await policy.sleep(pause)
    except WriteInterrupted:
        raise
    except asyncio.CancelledError:
        if uncertain is None or not isinstance(context.ledger.live(step.environment), Unreadable):
            raise
        raise WriteInterrupted from None
    finally:
        context.doubts.remove(step.id)
    raise AssertionError("unreachable")


def _is_refused(failure: StepFailed) -> bool:
    return isinstance(failure.cause, Refused) and not isinstance(failure.cause, Conflict)


async def restore(
    context: RunContext, api: Writer, environment: str, old: Domain, *, acknowledged: bool = False, taken: bool = False
) -> Restore:
    """Create the old hostname again in its environment. `acknowledged`: the API has confirmed its delete. `taken`: a create
    of unknown outcome was sent there since."""

    def may_send() -> bool:
        context.observer.on_restore_send(environment, old.hostname)
        return True

    earlier = EarlierWrites(old, hostname_freed=True, uncertain=taken, acknowledged=acknowledged)
    try:
        done = await retry(context, api, Create(environment, old.hostname), earlier, may_send=may_send)
    except StepFailed as failure:
        # An attempt that seemed to fail may have been done after all.
        domain = domain_of(context.ledger.live(environment))
        if domain is None or domain.hostname != old.hostname or domain.id == old.id:
            return RestoreFailure(environment, old.hostname, failure.error)
    else:
        domain = done.domain
    assert domain is not None  # noqa: S101 - a create ends with a custom domain
    return Restored(environment, old.hostname, domain)


async def check(context: RunContext, api: Writer, restored: Restored, old: Domain) -> None:
    """Not a step of the plan: a fresh check helps the hostname to be served again sooner."""
    identity = Identity(restored.hostname, restored.domain.id, restored.domain.environment_id)
    step = Verify(restored.environment, restored.hostname, identity)
    with contextlib.suppress(StepFailed):
        await execute(
            step, api, context.policy, earlier=EarlierWrites(old, restored.domain), on_read=context.ledger.record_live
        )
