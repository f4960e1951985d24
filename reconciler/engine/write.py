"""One step, done safely: read, write once, and read again where the answer leaves the outcome open."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, assert_never

from reconciler.engine.earlier_writes import NO_EARLIER_WRITES, EarlierWrites
from reconciler.engine.failures import changed, failed, no_time_left, not_checked, not_done, still_shown, unknown
from reconciler.engine.outcome import Done, Evidence, Withheld, WriteInterrupted
from reconciler.model.backend import Paused
from reconciler.model.domains import Absent, Domain, Known, Present, domain_of
from reconciler.model.errors import (
    BackendError,
    Conflict,
    NoAnswer,
    NotFound,
    NotSent,
    ServerFault,
    Throttled,
    Unexpected,
)
from reconciler.model.steps import Create, Delete, Identity, Step, Verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.engine.deadline import Deadline
    from reconciler.engine.policy import WritePolicy
    from reconciler.model.backend import Writer


_LOOKS = 3
"""How often to read before a delete, at most, until a read is no older than `_FRESH` when the delete is sent."""

_FRESH = 2.0
"""Seconds from the request of a read. What takes longer is a slow answer, a slow disk, or a stop of the process."""


def always() -> bool:
    """Nothing forbids the write."""
    return True


def ignored(_failure: BackendError) -> None:
    """Nothing depends on whether reads or writes fail."""


async def execute(
    step: Step,
    api: Writer,
    policy: WritePolicy,
    *,
    earlier: EarlierWrites = NO_EARLIER_WRITES,
    urgent: bool = False,
    deadline: Deadline | None = None,
    may_send: Callable[[], bool] = always,
    on_read: Callable[[str, Known], None],
    on_unread: Callable[[BackendError], None] = ignored,
    on_doubt: Callable[[BackendError], None] = ignored,
) -> Done:
    """Do the step before `deadline` (by default `policy.step_timeout` from now).

    `urgent`: it completes or repairs a delete. It waits for no pause that other calls were asked for, and what certainly did
    not happen is tried again until the deadline, not `policy.retries` times. `may_send` is called right before each create and
    delete. `on_read(environment, live)` is called with every state that was read or answered, `on_unread(failure)` where the
    read before the write fails, `on_doubt(failure)` where a create fails that may be sent again or may have been done.
    Raises StepFailed; Withheld where nothing may be sent; WriteInterrupted when cancelled after the write was sent.
    """
    deadline = deadline or policy.deadline()
    return await _Execution(step, api, policy, earlier, deadline, on_read, urgent, may_send, on_unread, on_doubt).run()


async def look(
    step: Step, api: Writer, policy: WritePolicy, *, earlier: EarlierWrites, on_read: Callable[[str, Known], None]
) -> Done | None:
    """Read as before the step, and send nothing: the goal where it is reached already. Raises StepFailed where the step could
    not be done as things are now."""
    return await _Execution(step, api, policy, earlier, policy.deadline(), on_read).look()


@dataclass(slots=True)
class _Execution:
    step: Step
    api: Writer
    policy: WritePolicy
    earlier: EarlierWrites
    deadline: Deadline
    on_read: Callable[[str, Known], None]
    urgent: bool = False
    may_send: Callable[[], bool] = always
    on_unread: Callable[[BackendError], None] = ignored
    on_doubt: Callable[[BackendError], None] = ignored
    read_at: float = 0.0  # when the last read was sent, by `policy.now`

    async def run(self) -> Done:
        step = self.step
        if isinstance(step, Verify) and self.earlier.created is not None:
            done = await self._verify_own(self.earlier.created)
            if done is not None:
                return done
        unsent: BackendError | None = None
        attempt, conflict_delays = 0, iter(self.policy.visibility_delays if self.earlier.hostname_freed else ())
        while True:
            try:
                async with AsyncExitStack() as stack:
                    await self._take_turn(stack)
                    return await self._attempt(unsent)
            except Paused:
                continue
            except (NotSent, Throttled) as failure:
                # It certainly did not happen, so it may be sent again, after another read.
                attempt, unsent = attempt + 1, failure
                self._doubt(failure)
                pause = max(self.policy.delay(attempt), failure.retry_after or 0.0)
                patient = self.urgent and failure.status != HTTPStatus.CONFLICT
                if attempt > self.policy.retries and not patient:
                    raise failed(step, failure) from None
                if pause > self.deadline.remaining:
                    raise no_time_left(step, failure, self.policy.step_timeout) from None
            except Conflict as failure:
                delay = next(conflict_delays, None)
                if delay is None or delay > self.deadline.remaining:
                    raise failed(step, failure) from None
                pause, unsent = delay, failure
            await self.policy.sleep(pause)

    def _doubt(self, failure: BackendError) -> None:
        if isinstance(self.step, Create):
            self.on_doubt(failure)

    @property
    def _completes(self) -> bool:
        """A create after a delete that the API has confirmed: no read keeps it back. A wrong guess is refused as a conflict."""
        earlier = self.earlier
        return (
            isinstance(self.step, Create) and earlier.acknowledged and earlier.created is None and not earlier.uncertain
        )

    async def _take_turn(self, stack: AsyncExitStack) -> None:
        """So that a delete is sent right after the read that shows its custom domain, however slow the run is."""
        if isinstance(self.step, Verify):
            return
        try:
            await self.deadline.call(lambda: stack.enter_async_context(self.api.turn(urgent=self.urgent)))
        except BackendError as failure:
            raise failed(self.step, failure) from None

    async def _attempt(self, unsent: BackendError | None) -> Done:
        """Read, then write. `unsent` is why an earlier attempt did not happen.

        Raises NotSent, Throttled and Conflict where the write certainly did not happen.
        """
        for _ in range(_LOOKS):
            done = await self.look()
            if done is not None:
                return done
            self._check_deadline()
            if not self.may_send():
                raise Withheld if unsent is None else failed(self.step, unsent)
            if not isinstance(self.step, Delete) or self.policy.now() - self.read_at <= _FRESH:
                break
        try:
            done = await self._write()
        except asyncio.CancelledError:
            raise WriteInterrupted from None
        self.on_read(self.step.environment, Absent() if done.domain is None else Present(done.domain))
        return done

    async def look(self) -> Done | None:
        """Read: the goal where it is reached already, and None where the write can be sent. Raises StepFailed elsewhere."""
        step = self.step
        live, is_old = await self._read_before()
        if self._completes and self.earlier.shows_deleted(live):
            return None
        if is_old:
            raise still_shown(step.environment, live, sum(self.policy.visibility_delays))
        self.on_read(step.environment, live)
        if not isinstance(step, Verify) and reached(step, live):
            return Done(domain_of(live), Evidence.FOUND)
        if self._is_replaced(live):
            return Done(None, Evidence.FOUND)
        if not step.precondition.holds(live):
            raise changed(step.environment, step.precondition, live)
        return None

    def _is_replaced(self, live: Known) -> bool:
        """Another writer has replaced the custom domain that the step deletes as the lane would."""
        return (
            isinstance(self.step, Delete)
            and isinstance(live, Present)
            and live.domain.hostname == self.earlier.replacement
            and live.domain.id != self.step.precondition.id
            and self.step.precondition.environment_id in {None, live.domain.environment_id}
        )

    async def _verify_own(self, created: Domain) -> Done | None:
        """Verify what this run has just created, without a read before: the response shows the custom domain itself.

        None where it is another one, or where the API does not show the create yet: then it has to be read.
        """
        self._check_deadline()
        try:
            done = Done(await self.deadline.call(self._send))
        except asyncio.CancelledError:
            raise WriteInterrupted from None
        except (NotFound, NotSent, Throttled, Unexpected):
            return None
        except BackendError as failure:
            done = await self._after_failure(failure)
        if done.domain is None or done.domain.id != created.id:
            return None
        self.on_read(self.step.environment, Present(done.domain))
        return done

    def _check_deadline(self) -> None:
        try:
            self.deadline.check()
        except BackendError as failure:
            raise failed(self.step, failure) from None

    async def _read(self) -> Known:
        self.read_at = self.policy.now()
        return await self.deadline.call(lambda: self.api.read(self.step.environment), repeatable=True)

    def _may_lag(self, live: Known) -> bool:
        """The read is repeated before it is believed: it may show an earlier state of the environment.

        It shows anything but what is expected, unless that proves to be newer than the plan; where a hostname is offline by
        now, also then. Or it shows not done what was sent before with an unknown outcome, which may still arrive.
        """
        if self.earlier.shows_earlier(live):
            return True
        if self.step.precondition.holds(live):
            return self.earlier.uncertain
        if isinstance(self.step.precondition, Identity) and isinstance(live, Absent):
            return True
        if reached(self.step, live):
            return not (isinstance(self.step, Verify) or self.earlier.is_newer(live))
        return self.urgent or not self.earlier.is_newer(live)

    def _must_send_soon(self, live: Known, seconds: float) -> bool:
        """Another read, in so many seconds, would leave too little time for the create. The API refuses a second domain."""
        return isinstance(self.step, Create) and isinstance(live, Absent) and seconds > self.deadline.remaining / 2

    async def _read_before(self) -> tuple[Known, bool]:
        """What is live, read again for as long as it may lag, and whether it is an old state even so.

        After a delete of this run, none where no read works.
        """
        after_delete = self.earlier.deleted is not None and self.earlier.created is None
        live: Known | None = None
        for pause in (*self.policy.visibility_delays, None):
            try:
                remaining, before = self.deadline.remaining, live
                live = await (self._read_soon() if self._completes else self._read())
                took = remaining - self.deadline.remaining
                if pause is None or not self._may_lag(live) or self._must_send_soon(live, pause + took):
                    return live, self.earlier.is_old(live, before)
                await self.deadline.pause(pause)
            except BackendError as failure:
                # Elsewhere a 404 without the API's own words may be a wrong base URL; here the same address has shown the custom
                # domain. It is no proof that a create of unknown outcome was not done.
                bare_404 = isinstance(failure, Unexpected) and failure.status == 404
                self.on_unread(failure)
                if self._completes or (after_delete and bare_404 and not self.earlier.uncertain):
                    return Absent(), False
                raise failed(self.step, failure) from None
        raise AssertionError("unreachable")

    async def _read_soon(self) -> Known:
        """A read with its retries in a short time, a quarter of what is left at most. Raises NoAnswer where that is spent."""
        limit = min(self.policy.completing_read, self.deadline.remaining / 4)
        try:
            async with asyncio.timeout(limit):
                return await self._read()
        except TimeoutError:
            raise NoAnswer(f"no answer within {limit:g} s") from None

    async def _write(self) -> Done:
        """Send it once, and find out what happened. Raises NotSent, Throttled and Conflict where it certainly did not happen."""
        try:
            return Done(await self.deadline.call(self._send))
        except (NotSent, Throttled):
            raise
        except BackendError as failure:
            return await self._after_failure(failure)

    async def _send(self) -> Domain | None:
        step = self.step
        match step:
            case Delete():
                await self.api.delete(step.environment)
                return None
            case Create():
                domain = await self.api.create(step.environment, step.hostname)
            case Verify():
                domain = await self.api.test_connection(step.environment)
                self._check_environment(domain)
            case _:
                assert_never(step)
        if domain.hostname != step.hostname:
            raise Unexpected(
                f"{step.op}: asked for `{step.hostname}`, and the answer speaks of `{domain.hostname}`", status=200
            )
        return domain

    def _check_environment(self, domain: Domain) -> None:
        """Raises Unexpected where a check is answered for another Environment than the domain is in."""
        condition, created = self.step.precondition, self.earlier.created
        read = condition.environment_id if isinstance(condition, Identity) else None
        expected = created.environment_id if created is not None else read
        if expected not in {None, domain.environment_id}:
            message = f"{self.step.op}: the answer is about another Environment, {domain.environment_id}"
            raise Unexpected(message, status=200)

    async def _after_failure(self, failure: BackendError) -> Done:
        step = self.step
        if isinstance(step, Delete) and isinstance(failure, NotFound):
            return Done(None)
        lost = isinstance(failure, NoAnswer | ServerFault | Unexpected)
        # A conflict may be with what an intermediary made of our own request: tell "done already" from "claimed elsewhere".
        if not lost and (isinstance(step, Verify) or not isinstance(failure, Conflict)):
            raise failed(step, failure)
        if lost:
            self._doubt(failure)
        return await self._read_back(failure, lost=lost)

    async def _read_back(self, failure: BackendError, *, lost: bool) -> Done:
        """The outcome of a write whose answer leaves it open. The write may still arrive, so "not done" is read again; and
        "done" may be an earlier state, so it is read again too."""
        step, earlier, is_old, left = self.step, self.earlier, False, self.deadline.remaining
        may_arrive = lost or isinstance(step, Delete) or earlier.uncertain
        live: Known | None = None
        for pause in (*self.policy.visibility_delays, None):
            try:
                before, live = live, await self._read()
                lags, is_old = self._may_lag(live), earlier.is_deleted(live)
                last = pause is None or not (may_arrive or (lags and not is_old))
                if pause is None:
                    is_old = earlier.is_old(live, before)
                if not lags or (last and not is_old):
                    self.on_read(step.environment, live)
                    if reached(step, live):
                        return Done(domain_of(live), Evidence.READ_BACK)
                    if not step.precondition.holds(live):
                        raise changed(step.environment, step.precondition, live, uncertain=lost)
                if last or pause is None:
                    break
                await self.deadline.pause(pause)
            except BackendError as unread:
                shown = live is not None and reached(step, live)
                raise unknown(step, failure, unread, shown=shown) from None
        if isinstance(failure, Conflict):
            # In conflict with what this run has deleted, it may be sent again like any call that did not happen.
            raise (
                NotSent(failure.message, status=failure.status, error_type=failure.error_type) if is_old else failure
            )
        if isinstance(step, Verify):
            raise not_checked(step, failure)
        raise not_done(step, failure, left - self.deadline.remaining)


def reached(step: Step, live: Known) -> bool:
    """The read shows the goal of the step."""
    match step:
        case Delete():
            return isinstance(live, Absent)
        case Create():
            return isinstance(live, Present) and live.domain.hostname == step.hostname
        case Verify():
            return isinstance(live, Present) and live.domain.hostname == step.hostname and live.domain.ready
        case _:
            assert_never(step)
