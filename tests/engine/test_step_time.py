"""How long one step takes, and what ends it."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.engine.earlier_writes import EarlierWrites
from reconciler.engine.failures import StepFailed
from reconciler.engine.outcome import WriteInterrupted
from reconciler.engine.policy import WritePolicy
from reconciler.engine.write import execute
from reconciler.model.errors import (
    Throttled,
)
from reconciler.model.exit_codes import ExitCode, code_of

from .one_step import (
    CREATE,
    DELETE,
    LOST,
    NEW,
    NOT_SENT,
    OLD,
    R_ABSENT,
    R_OLD,
    R_OTHER,
    done,
    error_of,
)
from .scripted import Scripted, Slow

if TYPE_CHECKING:
    from reconciler.model.domains import Known
    from reconciler.model.steps import Step


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("step", "script", "end", "calls"),
    [
        pytest.param(DELETE, [Slow(61, R_OLD)], "step_timeout", "r", id="spent by the first read"),
        pytest.param(CREATE, [R_ABSENT, Slow(58.5, LOST), R_ABSENT, R_ABSENT], "unknown (perhaps done)", "rcrr", id="re-read"),
        pytest.param(CREATE, [R_ABSENT, Slow(61, LOST)], "unknown (perhaps done)", "rc", id="spent by the write"),
        pytest.param(DELETE, [R_OLD, Slow(59.6, NOT_SENT)], "not_sent", "rd", id="no time for another attempt"),
        pytest.param(CREATE, [R_ABSENT, Slow(61, NEW)], NEW, "rc", id="an answer is believed however late it is"),
    ],
)  # fmt: skip
async def test_a_step_ends_with_its_step_timeout(step: Step, script: list[object], end: object, calls: str) -> None:
    found, api, _ = await done(step, *script)
    assert (found, "".join(call[0] for call in api.calls)) == (end, calls)


@pytest.mark.anyio
async def test_a_spent_step_timeout_is_reported() -> None:
    error = await error_of(DELETE, Slow(61, R_OLD))
    assert (error.message, code_of(error.kind)) == ("no result within the step timeout of 60 s", ExitCode.UNREACHABLE)
    assert error.hint is not None
    assert "--step-timeout" in error.hint
    error = await error_of(CREATE, R_ABSENT, Throttled("429", retry_after=3600.0))
    assert error.message == "429; the step timeout of 60 s leaves no time for another attempt"
    error = await error_of(CREATE, R_ABSENT, Slow(61, LOST))
    assert error.message == (
        "POST: no answer; the outcome is unknown, because the re-read failed too:"
        " no result within the step timeout of 60 s"
    )


@pytest.mark.anyio
@pytest.mark.parametrize("calls", [0, 1])
async def test_a_call_that_never_ends_is_given_up_with_the_step_timeout(calls: int) -> None:
    class Hanging(Scripted):
        async def read(self, environment: str) -> Known:
            if len(self.calls) < calls:
                return await super().read(environment)
            await asyncio.Event().wait()
            raise AssertionError

        async def delete(self, environment: str) -> None:
            await asyncio.Event().wait()

    api = Hanging(R_OLD)
    with pytest.raises(StepFailed) as failure:
        await execute(DELETE, api, WritePolicy(step_timeout=0.05), on_read=lambda *_: None)
    assert (failure.value.error.kind, failure.value.uncertain) == (("step_timeout", False), ("unknown", True))[calls]


@pytest.mark.anyio
async def test_a_read_that_decides_nothing_leaves_time_for_the_create_that_completes_a_delete() -> None:
    class Deaf(Scripted):
        async def read(self, environment: str) -> Known:
            await asyncio.Event().wait()
            raise AssertionError

    api, earlier = Deaf(NEW), EarlierWrites(deleted=OLD, acknowledged=True)
    await execute(CREATE, api, WritePolicy(step_timeout=0.2), earlier=earlier, urgent=True, on_read=lambda *_: None)
    assert api.calls == ["create web new.example.com"]


@pytest.mark.parametrize(
    ("step_timeout", "slow", "reads"), [(60.0, 0.0, 3), (4.0, 0.0, 2), (1.5, 0.0, 1), (25.0, 10.0, 1), (60.0, 19.0, 2)]
)
@pytest.mark.anyio
async def test_repeated_reads_leave_time_for_the_create(step_timeout: float, slow: float, reads: int) -> None:
    api = Scripted(*[Slow(slow, R_ABSENT)] * reads, NEW)
    policy = replace(api.policy, step_timeout=step_timeout)
    earlier = EarlierWrites(deleted=OLD, uncertain=True)
    await execute(CREATE, api, policy, earlier=earlier, urgent=True, on_read=lambda *_: None)
    assert (api.calls[-1], api.left) == ("create web new.example.com", [])


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reads", "calls"),
    [
        pytest.param([Slow(3.0, R_OLD), R_OLD, None], "rrd", id="a slow answer"),
        pytest.param([Slow(3.0, R_OLD), *[R_OTHER] * 3], "rrrr", id="and a change meanwhile"),
        pytest.param([*[Slow(3.0, R_OLD)] * 3, None], "rrrd", id="only slow answers"),
        pytest.param([Slow(1.9, R_OLD), None], "rd", id="in time"),
    ],
)
async def test_a_delete_is_sent_soon_after_its_read_or_after_another_one(reads: list[object], calls: str) -> None:
    api = Scripted(*reads)
    with nullcontext() if calls.endswith("d") else pytest.raises(StepFailed, match="changed by someone else"):
        await execute(DELETE, api, api.policy, on_read=lambda *_: None)
    assert "".join(call[0] for call in api.calls) == calls


@pytest.mark.anyio
async def test_what_takes_long_between_the_read_and_the_delete_leads_to_another_read() -> None:
    """Such as a stop of the process, of any length, or a slow disk."""
    api, delays = Scripted(R_OLD, R_OLD, None), iter([2.5, 0.0])

    def may_send() -> bool:
        api.now += next(delays)
        return True

    await execute(DELETE, api, api.policy, may_send=may_send, on_read=lambda *_: None)
    assert "".join(call[0] for call in api.calls) == "rrd"


def test_a_read_that_times_out_by_itself_is_no_step_timeout() -> None:
    async def broken() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        asyncio.run(WritePolicy().deadline().call(broken))


def test_pauses_double_up_to_eight_seconds() -> None:
    delay = WritePolicy().delay
    assert [delay(attempt) for attempt in (1, 2, 3, 5, 6, 7, 50)] == [0.25, 0.5, 1.0, 4.0, 8.0, 8.0, 8.0]


@pytest.mark.anyio
@pytest.mark.parametrize("urgent", [True, False])
async def test_a_write_that_completes_a_delete_is_tried_until_its_time_is_spent(urgent: bool) -> None:
    api = Scripted(*[R_ABSENT, NOT_SENT] * 5, R_ABSENT, NEW)
    earlier = EarlierWrites(deleted=OLD)
    if urgent:
        await execute(CREATE, api, api.policy, earlier=earlier, urgent=True, on_read=lambda *_: None)
        assert (api.left, set(api.turns)) == ([], {"urgent"})
    else:
        with pytest.raises(StepFailed):
            await execute(CREATE, api, api.policy, earlier=earlier, on_read=lambda *_: None)
        assert api.calls.count("create web new.example.com") == 1 + api.policy.retries


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "error"),
    [
        pytest.param([asyncio.CancelledError()], asyncio.CancelledError, id="while looking"),
        pytest.param([R_ABSENT, asyncio.CancelledError()], WriteInterrupted, id="while sending"),
        pytest.param([R_ABSENT, LOST, asyncio.CancelledError()], WriteInterrupted, id="while reading back"),
    ],
)
async def test_a_cancelled_step_knows_whether_a_write_was_sent(
    script: list[object], error: type[BaseException]
) -> None:
    api = Scripted(*script)
    with pytest.raises(asyncio.CancelledError) as caught:
        await execute(CREATE, api, api.policy, on_read=lambda *_: None)
    assert type(caught.value) is error
