"""Reads that show an earlier state of an environment, before, between and after the writes of one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from samples import domain

from reconciler.engine.failures import StepFailed
from reconciler.engine.write import execute
from reconciler.model.domains import Present
from reconciler.model.steps import Create

from .one_step import (
    AGAIN,
    BARE,
    BROKEN,
    CREATE,
    DELETE,
    ELSEWHERE,
    FORBIDDEN,
    GARBLED,
    GONE,
    LOST,
    NEW,
    OLD,
    R_ABSENT,
    R_AGAIN,
    R_NEW,
    R_NEWER,
    R_OLD,
    R_OTHER,
    R_READY,
    READY,
    TAKEN,
    VERIFY,
    done,
)
from .scripted import Scripted

if TYPE_CHECKING:
    from reconciler.model.steps import Step

SEEMS_OLDER = Present(domain("web", NEW.hostname, id="new", created_at="2026-01-01T00:00:00Z"))


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
async def test_stale_reads_of_the_deleted_domain_are_not_reported() -> None:
    found, _, seen = await done(CREATE, R_ABSENT, TAKEN, R_OLD, R_ABSENT, NEW, deleted=OLD)
    assert (found, R_OLD in seen) == (NEW, False)


@pytest.mark.anyio
async def test_the_deleted_domain_is_not_mistaken_for_its_restore() -> None:
    put_back = Create("web", OLD.hostname)
    found, api, _ = await done(put_back, R_ABSENT, TAKEN, R_OLD, R_ABSENT, AGAIN, deleted=OLD)
    assert (found, api.slept) == (AGAIN, [0.5])


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


@pytest.mark.anyio
async def test_a_check_of_what_this_run_created_is_not_misled_by_an_older_domain() -> None:
    older = Present(domain("web", "x.example.com", id="earlier", created_at="2026-01-01T00:00:00Z"))
    found, _, _ = await done(VERIFY, LOST, older, R_READY, created=NEW)
    assert found == READY


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "uncertain", "end", "calls"),
    [
        pytest.param([R_ABSENT, LOST, *[SEEMS_OLDER] * 3], False, SEEMS_OLDER.domain, "rcrrr", id="a lost create"),
        pytest.param([R_ABSENT, TAKEN, *[SEEMS_OLDER] * 3], False, SEEMS_OLDER.domain, "rcrrr", id="a conflict"),
        pytest.param([SEEMS_OLDER] * 3, True, SEEMS_OLDER.domain, "rrr", id="before a create that may be done"),
        pytest.param([R_ABSENT, LOST, R_ABSENT, R_ABSENT, SEEMS_OLDER], False, "no_answer", "rcrrr", id="one read"),
        pytest.param([R_ABSENT, R_ABSENT, SEEMS_OLDER], True, "still_shown", "rrr", id="one read before"),
        pytest.param([R_ABSENT, LOST, *[R_OLD] * 3], False, "no_answer", "rcrrr", id="the very domain"),
    ],
)
async def test_a_domain_that_only_seems_older_is_believed_after_every_repeated_read(
    script: list[object], uncertain: bool, end: object, calls: str
) -> None:
    """The clocks of two servers of the API differ, and the deleted domain was some seconds old."""
    found, api, _ = await done(CREATE, *script, deleted=OLD, acknowledged=True, uncertain=uncertain)
    assert (found, "".join(call[0] for call in api.calls)) == (end, calls)
