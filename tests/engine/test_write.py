"""One step: what is sent, what is looked at, and what is believed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from samples import domain

from reconciler.model.domains import Present
from reconciler.model.errors import (
    Conflict,
    PaymentRequired,
    Refused,
    ServerFault,
    Throttled,
    TooFewFiles,
    Unauthorized,
    Unexpected,
)
from reconciler.model.report import StepError
from reconciler.model.steps import Identity, Verify

from .one_step import (
    BROKEN,
    CREATE,
    DELETE,
    FORBIDDEN,
    GARBLED,
    GONE,
    LOST,
    NEW,
    NOT_SENT,
    OLD,
    OTHER,
    R_ABSENT,
    R_AGAIN,
    R_NEW,
    R_OLD,
    R_OTHER,
    R_READY,
    READY,
    SLOW_DOWN,
    TAKEN,
    VERIFY,
    done,
    error_of,
)

if TYPE_CHECKING:
    from reconciler.model.domains import Known
    from reconciler.model.steps import Step


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
        pytest.param(VERIFY, [R_OTHER] * 3, "changed", "rrr", [1.0, 2.0], id="verify of another hostname"),
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
async def test_a_moment_without_file_descriptors_is_waited_for() -> None:
    found, api, _ = await done(CREATE, R_ABSENT, TooFewFiles("could not connect"), R_ABSENT, NEW, deleted=OLD)
    assert (found, api.slept) == (NEW, [0.5])


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
    assert await error_of(step, *[live] * 3) == changed
    if step is CREATE:
        assert await error_of(step, R_ABSENT, LOST, *[live] * 3) == changed
    if live is R_AGAIN:
        assert await error_of(step, R_OLD, LOST, *[live] * 3) == changed


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
