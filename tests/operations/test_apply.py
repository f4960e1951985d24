"""`apply` as an operation: what it asks for, what it leaves alone, and what it reports however it ends."""

from __future__ import annotations

import asyncio
import errno
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from samples import uid, wish

from reconciler.emulator.local import Account, local_app
from reconciler.emulator.switches import Switches
from reconciler.model.conclusion import conclude
from reconciler.model.environments import EMULATOR_API_URL, Credential, Manifest, Secret, Source
from reconciler.model.errors import NotSent
from reconciler.model.exit_codes import ExitCode
from reconciler.model.limits import ChangeWindow
from reconciler.model.observer import NullObserver
from reconciler.model.plan import Block
from reconciler.model.proposal import Approved, Declined, Proposal
from reconciler.model.results import ApplyResult, Crashed, Failed, PlanResult, Stopped
from reconciler.operations.apply import ApplySettings, apply
from reconciler.operations.context import Context
from reconciler.operations.propose import propose
from reconciler.operations.receipt import ReceiptFile
from reconciler.operations.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.report import StepResult
    from reconciler.model.steps import Step

pytestmark = pytest.mark.anyio
NAMES = ("blue", "green")


class Recording(httpx.AsyncBaseTransport):
    """The emulator in memory, and every request that it got."""

    def __init__(self) -> None:
        accounts = [Account(name, Secret(f"sk_{name}"), uid(name)) for name in NAMES]
        self._app = httpx.ASGITransport(local_app(None, accounts, Switches(strict_keys=True)))
        self.methods: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.methods.append(request.method)
        return await self._app.handle_async_request(request)

    @property
    def writes(self) -> list[str]:
        return [method for method in self.methods if method != "GET"]


def workspace_of(**desired: str | None) -> Workspace:
    environments = tuple(wish(name, hostname) for name, hostname in desired.items())
    return Workspace(
        Manifest(environments),
        Source((), EMULATOR_API_URL),
        environments,
        {name: Credential(Secret(f"sk_{name}")) for name in desired},
        {},
    )


async def yes(proposal: Proposal) -> Approved:
    return Approved(proposal.digest)


async def never(_: Proposal) -> Approved:
    raise AssertionError("nothing is to be approved here")


BOTH = {"blue": "blue.example.com", "green": "green.example.com"}


async def test_an_approved_proposal_is_applied_and_its_records_are_in_the_result() -> None:
    api = Recording()
    workspace = workspace_of(**BOTH)
    async with Context(transport=api, parallelism=2) as context:
        result = await apply(workspace, context, await propose(workspace, context), yes)
    assert {step.id: result.applied.results[step.id].state.value for step in result.plan.steps} == {
        "create:blue": "done",
        "verify:blue": "done",
        "create:green": "done",
        "verify:green": "done",
    }
    assert [(item.environment, item.purpose) for item in result.records] == [
        ("blue", "routing"),
        ("blue", "validation"),
        ("green", "routing"),
        ("green", "validation"),
    ]
    assert (result.verified, result.wait_interrupted, result.receipt_written) == ((), None, True)


async def test_a_blocked_proposal_is_refused_before_anybody_is_asked() -> None:
    api = Recording()
    workspace = workspace_of(**BOTH)
    async with Context(transport=api) as context:
        proposal = await propose(workspace, context)
        two = (Block("protected", "blue", "first"), Block("protected", "green", "second"))
        with pytest.raises(Stopped) as stopped:
            await apply(workspace, context, replace(proposal, blocks=two), never)
        with pytest.raises(Stopped) as one:
            await apply(workspace, context, replace(proposal, blocks=two[:1]), never)
    failed = stopped.value.failed
    assert (failed.exit_code, failed.reason, failed.message, failed.hint) == (
        ExitCode.REFUSED,
        "protected",
        "refused: first, and 1 more",
        None,
    )
    assert isinstance(failed.so_far, PlanResult)
    assert failed.so_far.blocks == two
    assert one.value.failed.message == "refused: first"
    assert api.writes == []


async def test_a_declined_proposal_is_refused_in_the_words_of_the_approver() -> None:
    async def no(_: Proposal) -> Declined:
        return Declined("frozen", "no changes on a Friday", "try again on Monday")

    api = Recording()
    workspace = workspace_of(**BOTH)
    async with Context(transport=api) as context:
        with pytest.raises(Stopped) as stopped:
            await apply(workspace, context, await propose(workspace, context), no)
    failed = stopped.value.failed
    assert (failed.exit_code, failed.reason, failed.message, failed.hint) == (
        ExitCode.REFUSED,
        "frozen",
        "no changes on a Friday",
        "try again on Monday",
    )
    assert api.writes == []


async def test_an_approval_of_another_digest_is_no_approval() -> None:
    async def other(_: Proposal) -> Approved:
        return Approved("sha256:0")

    api = Recording()
    workspace = workspace_of(**BOTH)
    async with Context(transport=api) as context:
        proposal = await propose(workspace, context)
        with pytest.raises(Stopped) as stopped:
            await apply(workspace, context, proposal, other)
    assert (stopped.value.failed.exit_code, stopped.value.failed.reason) == (ExitCode.REFUSED, "digest_differs")
    assert proposal.digest in str(stopped.value)
    assert api.writes == []


class Steps(NullObserver):
    """Does something at the first step that ends."""

    def __init__(self, act: Any) -> None:
        self._act = act
        self.seen: list[str] = []

    def on_step(self, step: Step, result: StepResult) -> None:
        self.seen.append(step.id)
        if len(self.seen) == 1:
            self._act()


def fail(error: Exception) -> Any:
    def act() -> None:
        raise error

    return act


async def test_a_bug_in_the_middle_is_raised_with_what_was_done() -> None:
    api = Recording()
    workspace = workspace_of(**BOTH)
    async with Context(transport=api, parallelism=1, observer=Steps(fail(ZeroDivisionError()))) as context:
        with pytest.raises(Crashed) as crashed:
            await apply(workspace, context, await propose(workspace, context), yes)
    assert isinstance(crashed.value.__cause__, ZeroDivisionError)
    assert crashed.value.so_far.applied.results["create:blue"].state == "done"
    assert crashed.value.so_far.applied.results["create:green"].state == "not_started"


async def test_an_error_of_the_connections_is_reported_with_what_was_done() -> None:
    workspace = workspace_of(**BOTH)
    broken = Steps(fail(NotSent("the certificates cannot be used")))
    async with Context(transport=Recording(), parallelism=1, observer=broken) as context:
        with pytest.raises(Stopped) as stopped:
            await apply(workspace, context, await propose(workspace, context), yes)
    failed = stopped.value.failed
    assert (failed.exit_code, failed.reason, failed.message) == (
        ExitCode.PARTIAL,
        "not_sent",
        "the certificates cannot be used",
    )
    assert isinstance(failed.so_far, ApplyResult)


async def test_a_requested_stop_starts_no_further_step_and_is_part_of_the_result() -> None:
    workspace = workspace_of(**BOTH)
    context = Context(transport=Recording(), parallelism=1)
    context = replace(context, observer=Steps(lambda: context.stop.request(ExitCode.INTERRUPTED)))
    async with context:
        settings = ApplySettings(wait=60.0)
        result = await apply(workspace, context, await propose(workspace, context), yes, settings)
    assert result.applied.interrupted is ExitCode.INTERRUPTED
    assert result.applied.results["create:green"].state == "not_started"
    assert result.verified == ()


NIGHT = ChangeWindow(tuple(range(7)), 0, 60, "UTC")
INSIDE, AFTER = datetime(2026, 1, 1, 0, 30, tzinfo=UTC), datetime(2026, 1, 1, 1, 0, tzinfo=UTC)


async def serving(context: Context) -> Workspace:
    """Both environments with a hostname that serves, and a manifest that replaces both at night."""
    created = workspace_of(**BOTH)
    await apply(created, context, await propose(created, context), yes)
    changed = workspace_of(**{name: f"new-{hostname}" for name, hostname in BOTH.items()})
    return replace(changed, manifest=replace(changed.manifest, change_windows=(NIGHT,)))


async def test_a_change_window_that_closes_before_the_answer_refuses_the_plan() -> None:
    api = Recording()
    now = [INSIDE]

    async def late(proposal: Proposal) -> Approved:
        now[0] = AFTER
        return Approved(proposal.digest)

    async with Context(transport=api, clock=lambda: now[0]) as context:
        workspace = await serving(context)
        proposal = await propose(workspace, context)
        before = len(api.writes)
        with pytest.raises(Stopped) as stopped:
            await apply(workspace, context, proposal, late)
    assert (stopped.value.failed.exit_code, stopped.value.failed.reason) == (
        ExitCode.REFUSED,
        "outside_change_window",
    )
    assert len(api.writes) == before


async def test_a_change_window_that_closes_during_a_swap_lets_the_swap_be_completed() -> None:
    now = [INSIDE]
    context = Context(transport=Recording(), clock=lambda: now[0])

    def close() -> None:
        now[0] = AFTER

    async with context:
        await serving(context)
        swapped = workspace_of(blue=BOTH["green"], green=BOTH["blue"])
        swapped = replace(swapped, manifest=replace(swapped.manifest, change_windows=(NIGHT,)))
        proposal = await propose(swapped, context)
        result = await apply(swapped, replace(context, observer=Steps(close)), proposal, yes)
    assert {str(item.state) for item in result.applied.results.values()} == {"done"}


async def test_a_change_window_that_closes_while_an_environment_is_read_again_sends_no_delete() -> None:
    now = [INSIDE]

    class Slow(Recording):
        approved = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.approved and request.method == "GET":
                now[0] = AFTER
            return await super().handle_async_request(request)

    api = Slow()
    async with Context(transport=api, parallelism=1, clock=lambda: now[0]) as context:
        workspace = await serving(context)
        proposal = await propose(workspace, context)
        before, api.approved = len(api.writes), True
        result = await apply(workspace, context, proposal, yes)
    assert len(api.writes) == before
    assert (conclude(result).exit_code, conclude(result).reason) == (ExitCode.REFUSED, "outside_change_window")


@pytest.mark.parametrize("closes_at", [1, 2])
async def test_a_change_window_that_closes_on_the_way_completes_a_started_replace_and_starts_no_other(
    closes_at: int,
) -> None:
    now = [INSIDE]

    class Closing(NullObserver):
        ended = 0

        def on_step(self, step: Step, result: StepResult) -> None:
            self.ended += 1
            if self.ended == closes_at:
                now[0] = AFTER

    async with Context(transport=Recording(), parallelism=1, clock=lambda: now[0]) as context:
        workspace = await serving(context)
        proposal = await propose(workspace, context)
        result = await apply(workspace, replace(context, observer=Closing()), proposal, yes)
        states = {step.id: str(result.applied.results[step.id].state) for step in result.plan.steps}
        assert states == {
            **{f"{op}:blue": "done" for op in ("delete", "create", "verify")},
            **{f"{op}:green": "not_started" for op in ("delete", "create", "verify")},
        }
        error = result.applied.results["delete:green"].error
        assert error is not None
        assert error.kind == "outside_change_window"
        assert (conclude(result).exit_code, conclude(result).reason) == (ExitCode.PARTIAL, "outside_change_window")
        now[0] = INSIDE
        rest = await apply(workspace, context, await propose(workspace, context), yes)
        assert conclude(rest).exit_code is ExitCode.OK


async def test_a_cancellation_that_nobody_requested_as_a_stop_passes() -> None:
    workspace = workspace_of(**BOTH)
    context = Context(transport=Recording(), parallelism=1)
    async with context:
        proposal = await propose(workspace, context)

        def cancel() -> None:
            task.cancel()

        task = asyncio.create_task(apply(workspace, replace(context, observer=Steps(cancel)), proposal, yes))
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_the_receipt_equals_the_report_of_the_result(tmp_path: Path) -> None:
    path = tmp_path / "receipt.json"
    workspace = workspace_of(**BOTH)
    async with Context(transport=Recording()) as context:
        proposal = await propose(workspace, context)
        result = await apply(workspace, context, proposal, yes, ApplySettings(receipt=ReceiptFile(str(path))))
    document = json.loads(path.read_text(encoding="utf-8"))
    assert (document["command"], document["outcome"], document["exit_code"]) == ("apply", "ok", 0)
    assert [step["state"] for step in document["steps"]] == ["done"] * 4
    assert result.receipt_written


class Full(ReceiptFile):
    """Its disk is full for one moment: that of the first line of the journal."""

    failed = False

    def append(self, line: str, *, durable: bool) -> None:
        if not self.failed:
            self.failed = True
            raise OSError(errno.ENOSPC, "No space left on device")
        super().append(line, durable=durable)


async def test_a_run_that_could_not_start_its_deletes_does_not_end_as_done(tmp_path: Path) -> None:
    async with Context(transport=Recording()) as context:
        workspace = workspace_of(blue="blue.example.com")
        await apply(workspace, context, await propose(workspace, context), yes)
        workspace = workspace_of(blue=None)
        settings = ApplySettings(receipt=Full(str(tmp_path / "receipt.json")))
        result = await apply(workspace, context, await propose(workspace, context), yes, settings)
    assert (result.applied.writes_done, result.receipt_written) == (0, True)
    assert (conclude(result).exit_code, conclude(result).reason) == (ExitCode.ERROR, "receipt_not_written")


async def test_without_a_receipt_in_its_place_nothing_is_written(tmp_path: Path) -> None:
    api = Recording()
    workspace = workspace_of(**BOTH)
    async with Context(transport=api) as context:
        proposal = await propose(workspace, context)
        with pytest.raises(Stopped) as stopped:
            await apply(
                workspace, context, proposal, yes, ApplySettings(receipt=ReceiptFile(str(tmp_path / "no" / "r.json")))
            )
    failed: Failed = stopped.value.failed
    assert (failed.exit_code, failed.reason) == (ExitCode.ERROR, "not_written")
    assert api.writes == []


async def test_waiting_ends_with_a_verdict_for_each_desired_hostname() -> None:
    workspace = workspace_of(blue="blue.example.com", green=None)
    async with Context(transport=Recording()) as context:
        result = await apply(workspace, context, await propose(workspace, context), yes, ApplySettings(wait=30.0))
    assert [(item.environment, item.verdict.value) for item in result.verified] == [("blue", "ready")]
    assert result.wait_interrupted is None
