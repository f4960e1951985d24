"""`drift`: what differs from the manifest, and from an earlier run."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.documents.baseline import Baseline, NotABaseline, baseline_of
from reconciler.model.domains import domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.listing import first_of
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.results import DriftResult, Failed, Stopped
from reconciler.operations.dns_servers import Dns
from reconciler.operations.history import read_history
from reconciler.operations.lookup import former_hostnames, notes, open_lookup, require_dnspython
from reconciler.operations.probe import probe_ready
from reconciler.operations.propose import survey
from reconciler.operations.receipt import read_receipt
from reconciler.planning.drift import findings
from reconciler.planning.records import records

if TYPE_CHECKING:
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A difference is reported if `times` reads in a row show it. `interval` is the pause between two reads, in seconds."""

    times: int = 1
    interval: float = 30.0


async def drift(
    workspace: Workspace,
    context: Context,
    *,
    baseline: Baseline | None = None,
    health: bool = False,
    dns: Dns | None = None,
    probe_days: int | None = None,
    confirmation: Confirmation = Confirmation(),
    history: str | None = None,
) -> DriftResult:
    """Compare live with the manifest and with the baseline, with GET requests only. `health` counts health problems.

    `dns` also looks up the records, and dangling CNAMEs of the hostnames that are desired or in the baseline. `probe_days` probes
    ready hostnames, and is the number of days from which a certificate is expiring; None probes nothing.
    `history` is a folder of earlier reports, for the HTML page.
    Raises Stopped where a record is not of the environment that it was read for.
    """
    earlier = read_history(history, workspace.api_url, context)
    result = await _compare(workspace, context, baseline, health=health)
    for _ in range(confirmation.times - 1):
        if not any(finding.counts for finding in result.findings):
            break
        await asyncio.sleep(confirmation.interval)
        result = _confirmed(result, await _compare(workspace, context, baseline, health=health), context)
    plan = result.plan
    unknown = [f"`{item.name}`" for item in plan.environments if baseline and item.name not in baseline.live]
    if unknown:
        listed = first_of(unknown)
        context.observer.on_notice("warning", f"the baseline does not show what was live in {listed}")
    live = {item.name: item.live for item in plan.environments}
    desired = [(item.name, item.environment.hostname) for item in plan.environments if item.environment.hostname]
    if dns is not None and not dns.off:
        require_dnspython("drift --dns")
        lookup = open_lookup(context, dns)
        domains = [(name, domain) for name, state in live.items() if (domain := domain_of(state))]
        dns_notes = await notes(workspace, live, [*desired, *former_hostnames(baseline)], lookup)
        result = replace(result, records=await lookup.look_up(records(domains)), dns_notes=dns_notes)
    if probe_days is not None:
        result = replace(
            result, probes=await probe_ready(workspace, context, live, dict(desired), dns or Dns(), probe_days)
        )
    return replace(result, history=earlier)


async def _compare(workspace: Workspace, context: Context, baseline: Baseline | None, *, health: bool) -> DriftResult:
    """Read live once. Raises Stopped where a record is not of the environment that it was read for."""
    status = await survey(workspace, context)
    plan = status.plan
    mistaken = next((block for block in status.blocks if block.code in IDENTITY_CODES), None)
    if mistaken is not None and plan.complete:
        so_far = DriftResult(plan, status.blocks)
        raise Stopped(Failed(ExitCode.REFUSED, mistaken.code, mistaken.message, mistaken.fix, so_far=so_far))
    return DriftResult(plan, status.blocks, findings(plan, baseline, health=health))


def _confirmed(before: DriftResult, now: DriftResult, context: Context) -> DriftResult:
    """What live shows now, without the differences that the read before did not show."""
    known = {item.fingerprint for item in before.findings}
    kept = tuple(item for item in now.findings if item.fingerprint in known)
    if len(kept) < len(now.findings):
        context.observer.on_notice("info", f"Differences that are not confirmed: {len(now.findings) - len(kept)}")
    return replace(now, findings=kept)


def baseline_in(path: str | None) -> Baseline | None:
    """The baseline of a run that may have one. Raises Stopped."""
    return None if path is None else read_baseline(path)


def read_baseline(path: str) -> Baseline:
    """What the run that wrote this file saw. Raises Stopped."""
    try:
        document = read_receipt(path)
    except OSError as error:
        raise _unusable(path, f"cannot be read: {error.strerror or error}") from None
    except (ValueError, RecursionError):
        raise _unusable(path, "is not JSON") from None
    try:
        return baseline_of(document)
    except NotABaseline as error:
        raise _unusable(path, str(error)) from None


def _unusable(path: str, what: str) -> Stopped:
    hint = "give a receipt of `apply`, a saved plan, or a report in JSON"
    return Stopped(Failed(ExitCode.DATA, "invalid_baseline", f"the baseline {path} {what}", hint))
