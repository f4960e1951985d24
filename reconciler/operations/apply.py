"""`apply`: run a proposal that nothing blocks and that was approved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.api.backend import AllowedCalls
from reconciler.engine.apply import Run, RunSettings
from reconciler.engine.clock import RunningClock
from reconciler.engine.failures import not_published, window_closed
from reconciler.engine.policy import WritePolicy
from reconciler.model.conclusion import conclude, refusal_code
from reconciler.model.domains import Unreadable, domain_of
from reconciler.model.errors import BackendError
from reconciler.model.exit_codes import code_of, worst
from reconciler.model.ledger import Ledger, arriving, not_live, still_unserved, with_earlier
from reconciler.model.limits import closed_windows, next_opening
from reconciler.model.observer import Observers, Phase
from reconciler.model.proposal import Approved, Declined
from reconciler.model.report import StepState, Verdict, Verified
from reconciler.model.results import ApplyResult, Crashed, Failed, PlanResult, Stopped
from reconciler.model.steps import Create, Delete
from reconciler.operations.after_create import AfterCreate
from reconciler.operations.apply_publishing import checked_publisher, still_unpublished, with_unpublished
from reconciler.operations.dns_servers import Dns
from reconciler.operations.lookup import lookup_for, notes
from reconciler.operations.propose import may_be_unserved
from reconciler.operations.receipt import Receipt, claim, earlier_in, settle
from reconciler.operations.reports import report
from reconciler.operations.verify import wait_until_ready
from reconciler.planning.guards import list_windows, outside_window
from reconciler.planning.records import records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.dns import DnsNote
    from reconciler.model.domains import Domain, Live
    from reconciler.model.environments import Manifest
    from reconciler.model.limits import ChangeWindows
    from reconciler.model.proposal import Approver, Proposal
    from reconciler.model.report import Applied, Record, StepError, Unserved
    from reconciler.model.results import Report
    from reconciler.operations.context import Context
    from reconciler.operations.publish_settings import PublishSettings
    from reconciler.operations.receipt import ReceiptFile
    from reconciler.operations.workspace import Workspace


@dataclass(frozen=True, slots=True)
class ApplySettings:
    """`restore` creates the old hostname again when the create after its delete fails. `step_timeout` bounds each step with its
    retries and re-reads, in seconds. `receipt` is claimed by the run; end its context after the report is published.

    `wait` is how many seconds to wait for readiness afterwards, None not at all; `dns` has the servers that are queried.
    `publish` publishes the records of each create at once; None publishes nothing.
    """

    restore: bool = True
    step_timeout: float = 120.0
    receipt: ReceiptFile | None = None
    wait: float | None = None
    dns: Dns = field(default_factory=Dns)
    publish: PublishSettings | None = None


async def apply(
    workspace: Workspace,
    context: Context,
    proposal: Proposal,
    approve: Approver,
    settings: ApplySettings | None = None,
) -> ApplyResult:
    """Run the proposal. Every environment is read again just before it is written to.

    Raises Stopped where something blocks the proposal or it is not approved: then nothing was written. A requested stop is
    part of the result. Raises Crashed, with what was done, for a bug.
    """
    settings = settings or ApplySettings()
    if proposal.blocks:
        raise Stopped(blocked(proposal))
    publisher, shown = await checked_publisher(context, proposal, settings.publish)
    proposal = await with_unpublished(context, proposal, publisher)
    if settings.receipt is not None:
        claim(settings.receipt, context.observer, PlanResult(proposal))
    approved = await _approve(proposal, approve)
    # Nobody knows how long the answer took.
    now = context.clock()
    shut = closed_windows(proposal.windows, now)
    if late := outside_window(proposal.plan, shut, next_opening(proposal.windows, now) if shut else None):
        raise Stopped(blocked(replace(proposal, blocks=late)))
    # Another run may have written the receipt meanwhile, and the caller may have planned without it.
    earlier = earlier_in(settings.receipt, workspace.api_url)
    await settle(settings.receipt, earlier, context.observer)
    seen = {item.name: item.live for item in proposal.plan.environments}
    unserved = not_live(
        may_be_unserved(proposal.plan, earlier), seen
    )  # what is live now is lost by this run, if at all
    ledger = Ledger(proposal.plan)
    lookup = lookup_for(workspace, context, settings.dns)
    after_create = AfterCreate(context.observer, context.stop, lookup, publisher, shown, settings.step_timeout)

    def so_far() -> ApplyResult:
        applied = ledger.snapshot(context.stop.requested)
        left = still_unserved(unserved, workspace.manifest.desired, workspace.manifest.pins, applied.live)
        sent = arriving(proposal.plan.steps, applied.results, applied.live)
        result = result_of(proposal, replace(applied, unserved=with_earlier(applied.unserved, left, sent)))
        return replace(
            result,
            publications=after_create.publications,
            other_changes=after_create.other_changes,
            known=_not_read(earlier.kept, workspace.manifest, applied.live),
            given_up=_given_up(unserved, left, applied.live),
        )

    def described(result: ApplyResult) -> Report:
        return report("apply", workspace, context, result)

    clock = RunningClock()
    receipt: Receipt | None = None
    if settings.receipt is not None:
        receipt = Receipt(settings.receipt, ledger.live, context.stop, context.observer, clock.busy)
        receipt.begin(described(so_far()), PlanResult(proposal))
    try:
        with context.ended_early():
            await _resume(workspace, context, proposal, approved, after_create)
        await _run(workspace, context, ledger, receipt, proposal.windows, settings, after_create, clock)
        result = so_far()
        readable = any(not isinstance(item.live, Unreadable) for item in proposal.plan.environments)
        if settings.wait is not None and readable and not context.stop.requested:
            result = await _wait(workspace, context, result, settings.wait, settings.dns)
    except BackendError as error:  # such as TLS settings that cannot be used any more
        code = worst([code_of(error.kind), conclude(so_far()).exit_code])
        raise Stopped(Failed(code, error.kind, error.message, error.hint, so_far=so_far())) from None
    except Exception as error:
        raise Crashed(so_far()) from error
    return replace(result, receipt_written=receipt is None or receipt.end(described(result)))


def _not_read(hostnames: Mapping[str, str], manifest: Manifest, live: Mapping[str, Live]) -> dict[str, str]:
    """Those of environments that the run has not read, and that the manifest still has."""
    desired = manifest.desired
    read = {name for name, state in live.items() if not isinstance(state, Unreadable)}
    return {name: hostname for name, hostname in hostnames.items() if name in desired and name not in read}


def _given_up(before: Iterable[Unserved], left: Iterable[Unserved], live: Mapping[str, Live]) -> tuple[str, ...]:
    """The hostnames of an earlier run that this one has not served again, and that are not waited for any more."""
    not_served = {item.hostname for item in not_live(before, live)} - {item.hostname for item in left}
    return tuple(sorted(not_served))


def blocked(proposal: Proposal, hint: str | None = None) -> Failed:
    """The refusal of a proposal that has blocks."""
    more = f", and {len(proposal.blocks) - 1} more" if len(proposal.blocks) > 1 else ""
    first = proposal.blocks[0]
    return _refused(proposal, first.code, f"refused: {first.message}{more}", hint or first.fix)


def result_of(proposal: Proposal, applied: Applied, verified: tuple[Verified, ...] = ()) -> ApplyResult:
    """The result with the records to publish, as DNS was seen to have them where that was looked up."""
    plan = proposal.plan
    created = [
        (step.environment, domain)
        for step in plan.steps
        if isinstance(step, Create) and (domain := _created(step, applied)) is not None
    ]
    restored = [(item.environment, item.domain) for item in applied.restored]
    looked_up: dict[tuple[str, str], Record] = {
        (item.environment, item.purpose): item for verdict in verified for item in verdict.records
    }
    domains = ((item.environment, domain_of(item.live)) for item in verified if item.verdict is not Verdict.READY)
    waiting = [(name, domain) for name, domain in domains if domain is not None]
    needed = records(dict([*created, *restored, *waiting]).items())
    return ApplyResult(
        proposal,
        applied,
        tuple(looked_up.get((item.environment, item.purpose), item) for item in needed),
        verified,
    )


def _created(step: Create, applied: Applied) -> Domain | None:
    """The domain that the step has created, in this run or before it."""
    result, live = applied.results[step.id], domain_of(applied.live.get(step.environment))
    earlier = live if result.state is StepState.DONE and live and live.hostname == step.hostname else None
    return result.domain or earlier


async def _approve(proposal: Proposal, approve: Approver) -> Approved:
    match await approve(proposal):
        case Declined(reason, message, hint):
            raise Stopped(_refused(proposal, reason, message, hint))
        case Approved(given) if given != proposal.digest:
            message = f"the approval is for {given}, and the digest of this plan is {proposal.digest}"
            raise Stopped(_refused(proposal, "digest_differs", message))
        case Approved() as approved:
            return approved


def _refused(proposal: Proposal, reason: str, message: str, hint: str | None = None) -> Failed:
    return Failed(refusal_code(proposal.plan), reason, message, hint, so_far=PlanResult(proposal))


async def _resume(
    workspace: Workspace, context: Context, proposal: Proposal, approved: Approved, after_create: AfterCreate
) -> None:
    """Publish what an earlier run has not, as far as it was approved."""
    unpublished = proposal.unpublished if approved.unpublished else proposal.own_unpublished
    after_create.leave_out(item for item in proposal.unpublished if item not in unpublished)
    if unpublished:
        needed = await still_unpublished(workspace, context, replace(proposal, unpublished=unpublished))
        await after_create.resume(needed, unpublished)


async def _run(
    workspace: Workspace,
    context: Context,
    ledger: Ledger,
    receipt: Receipt | None,
    windows: ChangeWindows,
    settings: ApplySettings,
    after_create: AfterCreate,
    clock: RunningClock,
) -> None:
    backend = context.backend(workspace, AllowedCalls.WRITE, settings.step_timeout)
    observer = Observers(context.observer, receipt) if receipt else context.observer
    policy = WritePolicy(retries=context.retries, step_timeout=settings.step_timeout, clock=clock)

    def deletes_stopped() -> StepError | None:
        if after_create.unpublished:
            return not_published()
        shut = closed_windows(windows, context.clock())
        return window_closed(list_windows(shut)) if shut else None

    engine_settings = RunSettings(
        context.parallelism,
        settings.restore,
        policy,
        after_create,
        after_create.restored,
        deletes_stopped,
        publishing=after_create.publishing,
    )
    context.observer.on_steps(ledger.plan.steps)
    context.observer.on_phase(Phase.APPLYING, len(ledger.plan.steps))
    try:
        with clock, context.ended_early():
            await Run(ledger, backend, engine_settings, context.stop, observer).run()
    finally:
        context.observer.on_phase(Phase.IDLE, 0)


async def _wait(
    workspace: Workspace, context: Context, result: ApplyResult, max_seconds: float, dns: Dns
) -> ApplyResult:
    """The result after waiting. A stop meanwhile undoes nothing and loses nothing."""
    plan = result.plan
    desired = [(item.name, item.environment.hostname) for item in plan.environments if item.environment.hostname]
    lookup = lookup_for(workspace, context, dns)
    live = result.applied.live
    pending = tuple(
        Verified(name, Verdict.WAITING, live[name], "")
        for name, _ in desired
        if (domain := domain_of(live.get(name))) is not None and not domain.ready
    )
    needed = result_of(result.proposal, result.applied, pending).records
    holding = {name for name, hostname in desired if (held := domain_of(live.get(name))) and held.hostname == hostname}
    if any(record.environment in holding for record in needed):
        context.observer.on_applied(replace(result, records=needed))
    verified: tuple[Verified, ...] = ()
    with context.ended_early():
        verified = await wait_until_ready(workspace, context, desired, max_seconds, lookup, after_create=True)
    live = {**live, **{item.environment: item.live for item in verified}}
    hostnames = [*desired, *((step.environment, step.hostname) for step in plan.steps if isinstance(step, Delete))]
    dns_notes: tuple[DnsNote, ...] = ()
    with context.ended_early():
        dns_notes = await notes(workspace, live, hostnames, lookup)
    waited = result_of(result.proposal, replace(result.applied, live=live), verified)
    return replace(
        waited,
        dns_notes=dns_notes,
        wait_interrupted=context.stop.requested,
        publications=result.publications,
        other_changes=result.other_changes,
        known=result.known,
        given_up=result.given_up,
    )
