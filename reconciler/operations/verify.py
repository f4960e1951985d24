"""`verify`: check DNS and certificates again, once or until every domain is ready."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from reconciler.api.backend import AllowedCalls
from reconciler.engine.verify import Waiting, absence_verdict, verify_all
from reconciler.model.conclusion import refusal_code
from reconciler.model.observer import NullObserver, Observers, Phase
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.report import Verdict
from reconciler.model.results import Failed, Stopped, VerifyResult
from reconciler.operations.dns_servers import Dns
from reconciler.operations.lookup import former_hostnames, lookup_for, notes, record_lookup
from reconciler.operations.probe import probe_ready
from reconciler.operations.propose import survey
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.dns.lookup import Lookup
    from reconciler.documents.baseline import Baseline
    from reconciler.model.dns import DnsNote
    from reconciler.model.probe import Probe
    from reconciler.model.report import Verified
    from reconciler.model.results import StatusResult
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


async def verify(
    workspace: Workspace,
    context: Context,
    *,
    wait: float = 0.0,
    dns: Dns | None = None,
    baseline: Baseline | None = None,
    probe_days: int | None = None,
) -> VerifyResult:
    """Run `test_connection` where needed; nothing else is written. `wait` is in seconds, 0 checks once. Raises Stopped.

    The hostnames of `baseline` are checked for dangling CNAMEs, besides the desired ones. `probe_days` probes ready
    hostnames, and is the number of days from which a certificate is expiring; None probes nothing.
    A requested stop ends the waiting, with the verdicts of the last check.
    """
    status = await survey(workspace, context)
    _refuse_identity_errors(status)
    desired = [(item.name, item.environment.hostname) for item in status.plan.environments if item.environment.hostname]
    unwanted = {
        item.name: absence_verdict(item.name, item.live)
        for item in status.plan.environments
        if not item.environment.hostname
    }
    wrong = [item for item in unwanted.values() if item.verdict is not Verdict.ABSENT]
    lookup = lookup_for(workspace, context, dns or Dns())
    try:
        checked = await wait_until_ready(workspace, context, desired, wait, lookup, final=wrong)
    except asyncio.CancelledError:
        if context.stop.requested is None:
            raise
        # Checks may have been sent by then, which is no change, but it is not nothing either.
        raise Stopped(Failed(context.stop.requested, "interrupted", "interrupted")) from None
    verified = {item.environment: item for item in checked}
    verdicts = tuple({**verified, **unwanted}[item.name] for item in status.plan.environments)
    live = {item.environment: item.live for item in verdicts}
    interrupted = context.stop.requested
    dns_notes: tuple[DnsNote, ...] = ()
    probes: tuple[Probe, ...] = ()
    if interrupted is None:
        with context.ended_early():
            dns_notes = await notes(workspace, live, [*desired, *former_hostnames(baseline)], lookup)
    if interrupted is None and probe_days is not None:
        with context.ended_early():
            probes = await probe_ready(workspace, context, live, dict(desired), dns or Dns(), probe_days)
    plan = build_plan([item.environment for item in status.plan.environments], live, workspace.api_url)
    return VerifyResult(plan, verdicts, frozenset(unwanted), dns_notes, interrupted=interrupted, probes=probes)


async def wait_until_ready(
    workspace: Workspace,
    context: Context,
    desired: Sequence[tuple[str, str]],
    max_seconds: float,
    lookup: Lookup | None,
    *,
    after_create: bool = False,
    final: Sequence[Verified] = (),
) -> tuple[Verified, ...]:
    """Verify until all is ready or nothing is left that could become so, or `max_seconds` have gone by.

    `final` are verdicts that waiting does not change, to be shown beside the others.
    A requested stop ends it early with the verdicts of each environment's last check. Where an environment had no check by
    then, the cancellation passes.
    """
    verdicts: dict[str, Verified] = {}

    context.observer.on_phase(Phase.VERIFYING, len(desired) + len(final))
    for item in final:
        context.observer.on_verdict(item)
    pins = workspace.manifest.pins
    waiting = Waiting(record_lookup(lookup), max_seconds, after_create=after_create, pins=pins)
    backend = context.backend(workspace, AllowedCalls.TEST)
    observer = Observers(_Verdicts(verdicts), context.observer)
    ended = False
    try:
        with context.ended_early(lambda: len(verdicts) == len(desired)):
            await verify_all(desired, backend, context.parallelism, waiting, observer)
            ended = True
    finally:
        context.observer.on_phase(Phase.IDLE, 0)
    if not ended:
        context.observer.on_notice("info", "Stopped waiting.")
    return tuple(verdicts[name] for name, _ in desired)


class _Verdicts(NullObserver):
    """Keeps the last verdict on each environment."""

    def __init__(self, verdicts: dict[str, Verified]) -> None:
        self._verdicts = verdicts

    def on_verdict(self, verified: Verified) -> None:
        self._verdicts[verified.environment] = verified


def _refuse_identity_errors(status: StatusResult) -> None:
    identity_errors = tuple(block for block in status.blocks if block.code in IDENTITY_CODES)
    if identity_errors:
        so_far = VerifyResult(status.plan, blocks=identity_errors)
        first = identity_errors[0]
        failed = Failed(refusal_code(status.plan), first.code, first.message, first.fix, so_far=so_far)
        raise Stopped(failed)
