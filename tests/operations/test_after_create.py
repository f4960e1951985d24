"""What follows a create: publishing that the end of the run cuts off is not lost from the report."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, cast

import pytest
from samples import pending

from reconciler.dns.publishing import Published, Publisher, Refuse
from reconciler.engine.stop import Stop
from reconciler.model.dns import PublishState
from reconciler.model.observer import NullObserver
from reconciler.operations.after_create import AfterCreate

if TYPE_CHECKING:
    from reconciler.model.report import Record


class Slow:
    """A provider that answers when the test lets it."""

    def __init__(self) -> None:
        self.began, self.may_end = threading.Event(), threading.Event()

    def publish(self, records: tuple[Record, ...], refuse: Refuse) -> Published:
        self.began.set()
        self.may_end.wait(5)
        return Published(())


@pytest.mark.anyio
async def test_records_whose_publishing_is_cut_off_are_reported_as_unknown_and_those_behind_them_as_not_started() -> (
    None
):
    provider = Slow()
    after_create = AfterCreate(NullObserver(), Stop(), None, cast("Publisher", provider))
    tasks = [asyncio.create_task(after_create(name, pending(name, f"{name}.example.com"))) for name in ("web", "app")]
    await asyncio.to_thread(provider.began.wait, 5)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    provider.may_end.set()
    assert [(item.name, item.state) for item in after_create.publications] == [
        ("web.example.com", PublishState.UNKNOWN),
        ("_acme-challenge.web.example.com", PublishState.UNKNOWN),
        ("app.example.com", PublishState.NOT_STARTED),
        ("_acme-challenge.app.example.com", PublishState.NOT_STARTED),
    ]


def test_a_provider_that_answers_after_the_run_has_ended_raises_nothing() -> None:
    provider = Slow()
    after_create = AfterCreate(NullObserver(), Stop(), None, cast("Publisher", provider), time_limit=0.01)
    asyncio.run(after_create("web", pending("web", "web.example.com")))
    thread = next(item for item in threading.enumerate() if item.name == "publish")
    provider.may_end.set()
    thread.join(5)  # pytest fails the test for an exception of a thread
    assert [item.state for item in after_create.publications] == [PublishState.UNKNOWN] * 2


class Broken:
    """A provider that raises what it should not."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def publish(self, records: tuple[Record, ...], refuse: Refuse) -> Published:
        raise self.error


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("error", "name"), [(KeyError("data"), "KeyError"), (KeyboardInterrupt(), "RuntimeError")], ids=["bug", "interrupt"]
)
async def test_a_bug_while_publishing_ends_no_lane(error: BaseException, name: str) -> None:
    """Others may be between a delete and its create."""
    after_create = AfterCreate(NullObserver(), Stop(), None, cast("Publisher", Broken(error)))
    assert await after_create("web", pending("web", "web.example.com")) is None
    assert [(item.state, item.error) for item in after_create.publications] == [
        (PublishState.UNKNOWN, f"internal error: {name}: the record may be written or not")
    ] * 2
    assert after_create.unpublished
