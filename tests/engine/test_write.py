"""One step: what is sent, what is looked at, what is believed, and how long it takes."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from samples import domain, pending

from reconciler.engine.earlier_writes import EarlierWrites
from reconciler.engine.failures import StepFailed
from reconciler.engine.outcome import WriteInterrupted
from reconciler.engine.policy import WritePolicy
from reconciler.engine.write import execute
from reconciler.model.domains import Absent, Present
from reconciler.model.errors import (
    Conflict,
    NoAnswer,
    NotFound,
    NotSent,
    PaymentRequired,
    Refused,
    ServerFault,
    Throttled,
    TooFewFiles,
    Unauthorized,
    Unexpected,
)
from reconciler.model.exit_codes import ExitCode, code_of
from reconciler.model.report import StepError
from reconciler.model.steps import Create, Delete, Identity, Verify

from .scripted import Scripted, Slow

if TYPE_CHECKING:
    from reconciler.model.domains import Domain, Known
    from reconciler.model.steps import Step

OLD, NEW, OTHER = domain("web", "old.example.com"), pending("web", "new.example.com"), pending("web", "x.example.com")
AGAIN = domain("web", "old.example.com", id="another")  # the same hostname, made anew by somebody else
READY = domain("web", "new.example.com")
DELETE = Delete("web", OLD.hostname, Identity(OLD.hostname, OLD.id, OLD.environment_id))
CREATE = Create("web", NEW.hostname)
VERIFY = Verify("web", NEW.hostname, Identity(NEW.hostname, environment_id=NEW.environment_id))
R_ABSENT, R_OLD, R_NEW, R_OTHER, R_AGAIN = Absent(), Present(OLD), Present(NEW), Present(OTHER), Present(AGAIN)
R_READY = Present(READY)
LOST = NoAnswer("POST: no answer")
BROKEN = ServerFault("POST: 503", status=503, error_type="BusyError")
GARBLED = Unexpected("POST: 200, but HTML", status=200)
NOT_SENT = NotSent("could not connect")
SLOW_DOWN = Throttled("429", status=429, retry_after=30.0)
TAKEN = Conflict("409 claimed", status=409, error_type="ResourceConflictError")
GONE = NotFound("404", status=404, error_type="ResourceNotFoundError")


async def done(step: Step, *script: object, **more: object) -> tuple[object, Scripted, list[Known]]:
    """How it ended: a custom domain, None, or the word and the certainty of a failure."""
    api, seen = Scripted(*script), []

    def on_read(environment: str, live: Known) -> None:
        assert environment == "web"
        seen.append(live)

    try:
        earlier = EarlierWrites(**more)  # type: ignore[arg-type]
        end: object = (await execute(step, api, api.policy, earlier=earlier, on_read=on_read)).domain
    except StepFailed as failure:
        end = failure.error.kind + (" (perhaps done)" if failure.uncertain else "")
    assert api.left == [], "the whole script was played"
    return end, api, seen


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("step", "script", "end", "calls", "slept"),
    [
        pytest.param(DELETE, [R_OLD, None], None, "rd", [], id="delete"),
        pytest.param(CREATE, [R_ABSENT, NEW], NEW, "rc", [], id="create"),
        pytest.param(VERIFY, [R_NEW, READY], READY, "rt", [], id="verify"),
        # A goal that is reached already needs no write.
        pytest.param(DELETE, [R_ABSENT] * 3, None, "rrr", [1.0, 2.0], id="delete of what is gone"),
        pytest.param(
            DELETE, [R_ABSENT, R_OLD, None], None, "rrd", [1.0], id="delete of what one stale read does not show"
        ),
        pytest.param(CREATE, [R_NEW] * 3, NEW, "rrr", [1.0, 2.0], id="create of what another writer has created"),
        pytest.param(CREATE, [R_NEW, R_ABSENT, NEW], NEW, "rrc", [1.0], id="create of what one stale read shows"),
        # What is not as it was when it was read is left alone.
        pytest.param(DELETE, [R_OTHER] * 3, "changed", "rrr", [1.0, 2.0], id="delete of another hostname"),
        pytest.param(DELETE, [R_AGAIN] * 3, "changed", "rrr", [1.0, 2.0], id="delete of the same hostname, made anew"),
        pytest.param(CREATE, [R_OTHER] * 3, "changed", "rrr", [1.0, 2.0], id="create where something is"),
        pytest.param(VERIFY, [R_OTHER], "changed", "r", [], id="verify of another hostname"),
        pytest.param(VERIFY, [R_ABSENT] * 3, "changed", "rrr", [1.0, 2.0], id="verify of nothing"),
        pytest.param(
            VERIFY, [R_ABSENT, R_NEW, READY], READY, "rrt", [1.0], id="verify of what one stale read does not show"
        ),
        pytest.param(DELETE, [LOST], "no_answer", "r", [], id="the look fails"),
        # What certainly did not happen is sent again, after another look.
        pytest.param(CREATE, [R_ABSENT, NOT_SENT, R_ABSENT, NEW], NEW, "rcrc", [0.5], id="not sent"),
        pytest.param(CREATE, [R_ABSENT, SLOW_DOWN, R_ABSENT, NEW], NEW, "rcrc", [30.0], id="throttled"),
        pytest.param(
            CREATE,
            [R_ABSENT, Throttled("429"), R_ABSENT, NEW],
            NEW,
            "rcrc",
            [0.5],
            id="throttled, nobody knows how long",
        ),
        pytest.param(
            DELETE, [R_OLD, NOT_SENT, *[R_AGAIN] * 3], "changed", "rdrrr", [0.5, 1.0, 2.0], id="changed while waiting"
        ),
        pytest.param(CREATE, [R_ABSENT, NOT_SENT] * 3, "not_sent", "rcrcrc", [0.5, 1.0], id="not sent, once too often"),
        pytest.param(
            CREATE,
            [R_ABSENT, Throttled("429", retry_after=59.0), R_ABSENT, NEW],
            NEW,
            "rcrc",
            [59.0],
            id="throttled for less than the step timeout",
        ),
        pytest.param(
            CREATE,
            [R_ABSENT, Throttled("429", retry_after=61.0)],
            "throttled",
            "rc",
            [],
            id="throttled for too long",
        ),
        # What may have happened is read back and never sent again.
        *(
            pytest.param(step, script, end, calls, slept, id=f"{said} {name}")
            for said, lost in (("lost", LOST), ("5xx", BROKEN), ("garbled", GARBLED))
            for name, step, script, end, calls, slept in (
                ("delete, done", DELETE, [R_OLD, lost, *[R_ABSENT] * 3], None, "rdrrr", [1.0, 2.0]),
                ("delete, shown a while", DELETE, [R_OLD, lost, R_OLD, R_ABSENT, R_ABSENT], None, "rdrrr", [1.0, 2.0]),
                (
                    "delete, gone in a stale read",
                    DELETE,
                    [R_OLD, lost, R_ABSENT, R_OLD, R_OLD],
                    lost.kind,
                    "rdrrr",
                    [1.0, 2.0],
                ),
                ("delete, not done", DELETE, [R_OLD, lost, *[R_OLD] * 3], lost.kind, "rdrrr", [1.0, 2.0]),
                (
                    "delete, made anew",
                    DELETE,
                    [R_OLD, lost, *[R_AGAIN] * 3],
                    "changed (perhaps done)",
                    "rdrrr",
                    [1.0, 2.0],
                ),
                ("create, done", CREATE, [R_ABSENT, lost, *[R_NEW] * 3], NEW, "rcrrr", [1.0, 2.0]),
                (
                    "create, there in a stale read",
                    CREATE,
                    [R_ABSENT, lost, R_NEW, *[R_ABSENT] * 2],
                    lost.kind,
                    "rcrrr",
                    [1.0, 2.0],
                ),
                ("create, done late", CREATE, [R_ABSENT, lost, R_ABSENT, R_ABSENT, R_NEW], NEW, "rcrrr", [1.0, 2.0]),
                ("create, not done", CREATE, [R_ABSENT, lost, *[R_ABSENT] * 3], lost.kind, "rcrrr", [1.0, 2.0]),
                (
                    "create, another there",
                    CREATE,
                    [R_ABSENT, lost, *[R_OTHER] * 3],
                    "changed (perhaps done)",
                    "rcrrr",
                    [1.0, 2.0],
                ),
                ("verify, now ready", VERIFY, [R_NEW, lost, R_READY], READY, "rtr", []),
                ("verify, not ready", VERIFY, [R_NEW, lost, *[R_NEW] * 3], lost.kind, "rtrrr", [1.0, 2.0]),
                ("create, unread", CREATE, [R_ABSENT, lost, LOST], "unknown (perhaps done)", "rcr", []),
                ("delete, unread", DELETE, [R_OLD, lost, LOST], "unknown (perhaps done)", "rdr", []),
            )
        ),
        # What was refused did not happen; a conflict may be with our own request.
        pytest.param(DELETE, [R_OLD, GONE], None, "rd", [], id="delete of what somebody else has just deleted"),
        pytest.param(CREATE, [R_ABSENT, TAKEN, R_ABSENT], "conflict", "rcr", [], id="claimed elsewhere"),
        pytest.param(
            CREATE, [R_ABSENT, TAKEN, R_NEW, R_ABSENT], "conflict", "rcrr", [1.0], id="claimed here in a stale read"
        ),
        pytest.param(CREATE, [R_ABSENT, TAKEN, *[R_NEW] * 3], NEW, "rcrrr", [1.0, 2.0], id="claimed by us"),
        pytest.param(
            CREATE, [R_ABSENT, TAKEN, *[R_OTHER] * 3], "changed", "rcrrr", [1.0, 2.0], id="claimed here by another"
        ),
        pytest.param(
            DELETE, [R_OLD, TAKEN, *[R_ABSENT] * 3], None, "rdrrr", [1.0, 2.0], id="delete in conflict with itself"
        ),
        pytest.param(DELETE, [R_OLD, TAKEN, *[R_OLD] * 3], "conflict", "rdrrr", [1.0, 2.0], id="delete in conflict"),
        pytest.param(VERIFY, [R_NEW, TAKEN], "conflict", "rt", [], id="a check that answers with a conflict"),
        pytest.param(VERIFY, [R_NEW, GONE], "not_found", "rt", [], id="a check of what is gone"),
        pytest.param(CREATE, [R_ABSENT, GONE], "not_found", "rc", [], id="create in an Environment that is gone"),
        pytest.param(CREATE, [R_ABSENT, Refused("422")], "refused", "rc", [], id="refused"),
        pytest.param(CREATE, [R_ABSENT, Unauthorized("403")], "unauthorized", "rc", [], id="not authorized"),
        pytest.param(CREATE, [R_ABSENT, PaymentRequired("402")], "payment_required", "rc", [], id="not paid for"),
        # An answer that speaks of another hostname is no answer.
        pytest.param(CREATE, [R_ABSENT, OTHER, *[R_NEW] * 3], NEW, "rcrrr", [1.0, 2.0], id="the answer is another's"),
        pytest.param(
            CREATE,
            [R_ABSENT, OTHER, *[R_OTHER] * 3],
            "changed (perhaps done)",
            "rcrrr",
            [1.0, 2.0],
            id="another hostname was created",
        ),
        pytest.param(VERIFY, [R_NEW, OTHER, R_READY], READY, "rtr", [], id="the check's answer is another's"),
    ],
)
async def test_a_step_ends_with_the_state_of_the_server(
    step: Step, script: list[object], end: object, calls: str, slept: list[float]
) -> None:
    found, api, _ = await done(step, *script)
    assert found == end
    words = {"r": "read web", "d": "delete web", "c": f"create web {NEW.hostname}", "t": "test web"}
    assert api.calls == [words[call] for call in calls]
    assert api.slept == slept


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
async def test_a_moment_without_file_descriptors_is_waited_for() -> None:
    found, api, _ = await done(CREATE, R_ABSENT, TooFewFiles("could not connect"), R_ABSENT, NEW, deleted=OLD)
    assert (found, api.slept) == (NEW, [0.5])


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
    ("reads", "stops", "calls"),
    [
        ([R_OLD, R_OLD], [0, 3600, 3600, 3600], "rrd"),
        ([R_OLD, R_OTHER, R_OTHER, R_OTHER], [0, 3600, 3600], "rrrr"),
        ([R_OLD] * 3, [0, 6, 6, 12, 12, 18], "rrrd"),
    ],
    ids=["as before", "changed meanwhile", "a slow disk for the receipt"],
)
async def test_a_process_that_was_stopped_after_the_read_reads_again_before_it_deletes(
    reads: list[Known], stops: list[float], calls: str
) -> None:
    api, stopped = Scripted(*reads, None), iter(stops)
    policy = replace(api.policy, stopped=lambda: next(stopped))
    with nullcontext() if calls.endswith("d") else pytest.raises(StepFailed, match="changed by someone else"):
        await execute(DELETE, api, policy, on_read=lambda *_: None)
    assert "".join(call[0] for call in api.calls) == calls


def test_a_read_that_times_out_by_itself_is_no_step_timeout() -> None:
    async def broken() -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        asyncio.run(WritePolicy().deadline().call(broken))


BARE = Unexpected("GET: 404 with a body that is not the API's own", status=404)
FORBIDDEN = Unauthorized("GET: 404", status=404, error_type="ResourceNotAuthorizedError")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "deleted", "end", "calls"),
    [
        pytest.param([BARE, NEW], OLD, NEW, "rc", id="after the run's own delete"),
        pytest.param([BARE], None, "unexpected", "r", id="where nothing was deleted"),
        pytest.param([FORBIDDEN], OLD, "unauthorized", "r", id="in the API's own words"),
    ],
)
async def test_a_bare_404_means_absent_only_where_this_run_has_deleted(
    script: list[object], deleted: object, end: object, calls: str
) -> None:
    ended, api, _ = await done(CREATE, *script, deleted=deleted)
    assert (ended, "".join(call[0] for call in api.calls)) == (end, calls)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "end", "slept"),
    [
        pytest.param([R_OLD, R_OLD, R_ABSENT, NEW], NEW, [1.0, 2.0], id="gone after a while"),
        pytest.param([R_OLD] * 3, "still_shown", [1.0, 2.0], id="not gone"),
        pytest.param([R_AGAIN] * 3, "changed", [1.0, 2.0], id="made anew by somebody else"),
        pytest.param([R_ABSENT, TAKEN, R_OLD, R_ABSENT, NEW], NEW, [0.5], id="not gone for the create"),
        pytest.param([R_ABSENT, TAKEN, R_OLD] * 3, "not_sent", [0.5, 1.0], id="never gone for the create"),
        pytest.param([R_ABSENT, LOST, R_OLD, R_NEW, R_NEW], NEW, [1.0, 2.0], id="shown once more after a lost create"),
        pytest.param([R_ABSENT, TAKEN, *[R_AGAIN] * 3], "changed", [1.0, 2.0], id="made anew before the create"),
    ],
)
async def test_reads_are_repeated_while_they_show_the_deleted_domain(
    script: list[object], end: object, slept: list[float]
) -> None:
    found, api, _ = await done(CREATE, *script, deleted=OLD)
    assert (found, api.slept) == (end, slept)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "end", "slept"),
    [
        pytest.param([R_ABSENT, TAKEN, R_ABSENT, R_ABSENT, NEW], NEW, [1.0], id="free after a while"),
        pytest.param([R_ABSENT, TAKEN, R_ABSENT] * 3, "conflict", [1.0, 2.0], id="not free"),
        pytest.param([R_ABSENT, TAKEN, *[R_NEW] * 3], NEW, [1.0, 2.0], id="ours already"),
    ],
)
async def test_a_conflict_about_a_hostname_that_the_run_freed_is_retried(
    script: list[object], end: object, slept: list[float]
) -> None:
    found, api, _ = await done(CREATE, *script, hostname_freed=True)
    assert (found, api.slept) == (end, slept)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("step", "script", "seen"),
    [
        pytest.param(DELETE, [R_OLD, None], [R_OLD, R_ABSENT], id="an answer to a delete"),
        pytest.param(CREATE, [R_ABSENT, NEW], [R_ABSENT, R_NEW], id="an answer to a create"),
        pytest.param(CREATE, [R_ABSENT, LOST, *[R_NEW] * 3], [R_ABSENT, R_NEW, R_NEW], id="reading back"),
        pytest.param(DELETE, [R_AGAIN] * 3, [R_AGAIN], id="somebody else's change"),
    ],
)
async def test_every_read_and_answer_is_reported(step: Step, script: list[object], seen: list[Known]) -> None:
    assert (await done(step, *script))[2] == seen


@pytest.mark.anyio
async def test_a_verify_with_a_lost_answer_has_an_unknown_outcome() -> None:
    error = await error_of(VERIFY, R_NEW, LOST, *[R_NEW] * 3)
    assert (error.kind, error.message, error.hint) == (
        "no_answer",
        "POST: no answer; the outcome is unknown, and a re-read shows that the domain is not ready",
        "run `reconciler verify` to check again",
    )


@pytest.mark.anyio
async def test_a_check_that_is_answered_for_another_environment_is_not_believed() -> None:
    elsewhere = domain("shop", NEW.hostname)
    step = Verify("web", NEW.hostname, Identity(NEW.hostname, NEW.id, NEW.environment_id))
    found, _, seen = await done(step, R_NEW, elsewhere, *[R_NEW] * 3)
    assert (found, Present(elsewhere) in seen) == ("unexpected", False)


@pytest.mark.anyio
async def test_stale_reads_of_the_deleted_domain_are_not_reported() -> None:
    found, _, seen = await done(CREATE, R_ABSENT, TAKEN, R_OLD, R_ABSENT, NEW, deleted=OLD)
    assert (found, R_OLD in seen) == (NEW, False)


async def error_of(step: Step, *script: object, deleted: Domain | None = None) -> StepError:
    api = Scripted(*script)
    with pytest.raises(StepFailed) as failure:
        await execute(step, api, api.policy, earlier=EarlierWrites(deleted), on_read=lambda *_: None)
    assert str(failure.value) == failure.value.error.message
    return failure.value.error


@pytest.mark.anyio
async def test_a_failure_has_message_hint_and_kind() -> None:
    assert await error_of(CREATE, R_ABSENT, TAKEN, R_ABSENT) == StepError(
        "conflict", "409 claimed", 409, "ResourceConflictError", Conflict.hint
    )
    assert await error_of(CREATE, R_ABSENT, BROKEN, *[R_ABSENT] * 3) == StepError(
        "server_fault",
        "POST: 503; a re-read shows that it was not applied",
        503,
        "BusyError",
        ServerFault.hint,
    )
    assert await error_of(CREATE, R_ABSENT, BROKEN, LOST) == StepError(
        "unknown",
        "POST: 503; the outcome is unknown, because the re-read failed too: POST: no answer",
        503,
        "BusyError",
        "check `web` with `reconciler status`, then run apply again",
    )


@pytest.mark.anyio
async def test_the_deleted_domain_is_not_mistaken_for_its_restore() -> None:
    put_back = Create("web", OLD.hostname)
    found, api, _ = await done(put_back, R_ABSENT, TAKEN, R_OLD, R_ABSENT, AGAIN, deleted=OLD)
    assert (found, api.slept) == (AGAIN, [0.5])


@pytest.mark.anyio
async def test_a_lasting_conflict_is_reported_with_the_message_of_the_api() -> None:
    error = await error_of(CREATE, *[R_ABSENT, TAKEN, R_OLD] * 3, deleted=OLD)
    assert (error.message, error.status, error.error_type) == (TAKEN.message, TAKEN.status, TAKEN.error_type)


@pytest.mark.anyio
async def test_an_answer_about_another_hostname_is_not_trusted() -> None:
    assert await error_of(CREATE, R_ABSENT, OTHER, *[R_ABSENT] * 3) == StepError(
        "unexpected",
        "create: asked for `new.example.com`, and the answer speaks of `x.example.com`;"
        " a re-read shows that it was not applied",
        200,
        None,
        Unexpected.hint,
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("step", "live", "words"),
    [
        pytest.param(
            DELETE, R_AGAIN, f"expected `{OLD.hostname}` with id {OLD.id}, got `{OLD.hostname}` with id another"
        ),
        pytest.param(CREATE, R_OTHER, f"expected no custom domain, got `{OTHER.hostname}` with id {OTHER.id}"),
        pytest.param(VERIFY, R_ABSENT, f"expected `{NEW.hostname}`, got no custom domain"),
    ],
    ids=["another id", "something there", "nothing to verify"],
)
async def test_a_change_by_another_writer_is_reported_with_expected_and_live(
    step: Step, live: Known, words: str
) -> None:
    changed = StepError(
        "changed",
        f"`web` was changed by someone else: {words}",
        hint="nothing more was written there: check the change, then run plan again",
    )
    assert await error_of(step, *[live] * (1 if live is R_OTHER and step is VERIFY else 3)) == changed
    if step is CREATE:
        assert await error_of(step, R_ABSENT, LOST, *[live] * 3) == changed
    if live is R_AGAIN:
        assert await error_of(step, R_OLD, LOST, *[live] * 3) == changed


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


def test_pauses_double_up_to_eight_seconds() -> None:
    delay = WritePolicy().delay
    assert [delay(attempt) for attempt in (1, 2, 3, 5, 6, 7, 50)] == [0.25, 0.5, 1.0, 4.0, 8.0, 8.0, 8.0]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "unread",
    [SLOW_DOWN, NOT_SENT, LOST, BROKEN, GARBLED, FORBIDDEN, Refused("400", status=400), Unexpected("204", status=204)],
    ids=["throttled", "not sent", "lost", "5xx", "garbled", "forbidden", "4xx", "another form of none"],
)
async def test_a_create_that_completes_a_delete_is_sent_though_no_read_works(unread: Exception) -> None:
    found, api, _ = await done(CREATE, unread, NEW, deleted=OLD, acknowledged=True)
    assert (found, api.calls) == (NEW, ["read web", "create web new.example.com"])
    assert api.slept == []


@pytest.mark.anyio
async def test_a_create_with_an_unknown_outcome_is_not_sent_again_without_a_read() -> None:
    found, api, _ = await done(CREATE, LOST, deleted=OLD, acknowledged=True, uncertain=True)
    assert (found, api.calls) == ("no_answer", ["read web"])


@pytest.mark.anyio
@pytest.mark.parametrize("step", [DELETE, CREATE], ids=["delete", "create"])
async def test_where_a_hostname_is_offline_one_unexpected_read_is_not_believed(step: Step) -> None:
    expected, answer = (R_OLD, None) if step is DELETE else (R_ABSENT, NEW)
    api = Scripted(R_OTHER, expected, answer)
    done_ = await execute(step, api, api.policy, urgent=True, on_read=lambda *_: None)
    assert (done_.domain, api.left) == (answer, [])
    api = Scripted(*[R_OTHER] * 3)
    with pytest.raises(StepFailed, match="changed by someone else"):
        await execute(step, api, api.policy, urgent=True, on_read=lambda *_: None)


R_NEWER = Present(replace(NEW, created_at="2036-01-01T00:00:00Z"))
ELSEWHERE = Present(replace(NEW, environment_id="another"))


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "end", "calls"),
    [
        ([R_NEWER], None, "r"),
        ([R_NEW] * 3, None, "rrr"),
        ([R_NEW, R_OLD, None], None, "rrd"),
        ([R_OTHER] * 3, "changed", "rrr"),
        ([ELSEWHERE] * 3, "changed", "rrr"),
    ],
    ids=["newer", "as new", "it was so before", "replaced by another hostname", "an answer about another Environment"],
)
async def test_a_domain_that_another_writer_has_replaced_as_planned_is_not_deleted(
    script: list[object], end: object, calls: str
) -> None:
    found, api, _ = await done(DELETE, *script, replacement=NEW.hostname, planned=OLD)
    assert (found, "".join(call[0] for call in api.calls)) == (end, calls)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "end", "calls"),
    [
        ([R_OLD, None], None, "rrd"),
        ([Present(domain("web", "x.example.com", created_at="2026-01-01T00:00:00Z"))] * 2, "changed", "rrr"),
    ],
    ids=["once", "for as long as reads may lag"],
)
async def test_a_read_that_shows_an_older_domain_than_the_plan_is_repeated(
    script: list[object], end: object, calls: str
) -> None:
    older = Present(domain("web", "x.example.com", id="earlier", created_at="2026-01-01T00:00:00Z"))
    found, api, seen = await done(DELETE, older, *script, planned=OLD)
    assert (found, "".join(call[0] for call in api.calls), older in seen) == (end, calls, False)


@pytest.mark.anyio
@pytest.mark.parametrize("lost", [LOST, BROKEN, GARBLED, TAKEN], ids=["lost", "5xx", "garbled", "conflict"])
async def test_a_goal_that_proves_itself_is_believed_after_one_read(lost: Exception) -> None:
    """What is newer than the plan."""
    found, api, _ = await done(CREATE, R_ABSENT, lost, R_NEWER, planned=OLD)
    assert (found, api.slept) == (R_NEWER.domain, [])


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
async def test_a_create_after_an_acknowledged_delete_is_sent_though_reads_go_on_to_show_the_deleted_domain() -> None:
    """A replica that lags behind; where the delete was not done after all, the API refuses the create."""
    found, api, seen = await done(CREATE, *[R_OLD] * 3, NEW, deleted=OLD, acknowledged=True)
    assert (found, api.slept, R_OLD in seen) == (NEW, [1.0, 2.0], False)


@pytest.mark.anyio
@pytest.mark.parametrize("hostname", ["older.example.com", NEW.hostname, OLD.hostname])
async def test_a_read_that_shows_what_was_there_before_the_deleted_domain_is_an_old_one(hostname: str) -> None:
    """An Environment has one custom domain at a time: a replica that lags behind the run before."""
    older = Present(domain("web", hostname, id="earlier", created_at="2026-01-01T00:00:00Z"))
    found, api, seen = await done(CREATE, *[older] * 3, NEW, deleted=OLD, acknowledged=True)
    assert (found, api.slept, older in seen) == (NEW, [1.0, 2.0], False)
    verified, _, _ = await done(VERIFY, older, R_NEW, READY, deleted=OLD)
    assert verified == READY


@pytest.mark.anyio
async def test_what_this_run_has_created_is_current_whatever_its_time() -> None:
    """An API that gives a hostname back its first time."""
    created = domain("web", NEW.hostname, created_at="2026-01-01T00:00:00Z", status="PENDING")
    found, _, _ = await done(VERIFY, GONE, Present(created), READY, deleted=OLD, created=created)
    assert found == READY


@pytest.mark.anyio
async def test_a_goal_that_a_read_shows_right_after_a_delete_is_read_again_before_it_is_believed() -> None:
    """It may be the very domain that was deleted, where the reads before the delete were old ones."""
    found, api, _ = await done(CREATE, R_NEW, R_ABSENT, NEW, deleted=OLD, acknowledged=True)
    assert (found, api.calls[-1], api.slept) == (NEW, "create web new.example.com", [1.0])
    found, api, _ = await done(CREATE, *[R_NEW] * 3, deleted=OLD, acknowledged=True)
    assert (found, set(api.calls), api.slept) == (NEW, {"read web"}, [1.0, 2.0])
    found, api, _ = await done(CREATE, R_NEWER, deleted=OLD, acknowledged=True)
    assert (found, api.slept) == (R_NEWER.domain, [])


@pytest.mark.anyio
@pytest.mark.parametrize("created_at", [None, "", "yesterday", "2026-01-01T00:00:00", OLD.created_at])
async def test_a_read_whose_age_is_not_known_shows_another_writer(created_at: str | None) -> None:
    other = Present(domain("web", "x.example.com", created_at=created_at))
    found, _, _ = await done(CREATE, *[other] * 3, deleted=OLD, acknowledged=True)
    assert found == "changed"
