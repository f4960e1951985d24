"""What a run amounts to: one exit code, one stable word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.dns import DnsVerdict, PublishState
from reconciler.model.domains import Present, Unreadable
from reconciler.model.exit_codes import ExitCode, worst
from reconciler.model.plan import Verify
from reconciler.model.report import StepState, Verdict
from reconciler.planning.guards import IDENTITY_CODES, MISTAKEN_CODES

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from reconciler.model.dns import Publication
    from reconciler.model.plan import Block, Plan
    from reconciler.model.report import Applied, Finding, Record, Verified


_NOT_PUBLISHED = {
    ExitCode.REFUSED: "cannot_publish",
    ExitCode.CREDENTIALS: "provider_unauthorized",
    ExitCode.UNREACHABLE: "provider_unreachable",
}


def of_reading(plan: Plan) -> ExitCode:
    """7 or 8 when an environment could not be read, else 0."""
    return worst(_unreadable(plan))


def of_plan(plan: Plan, blocks: Iterable[Block], *, detailed: bool) -> tuple[ExitCode, str, str | None]:
    """Exit code, outcome and reason of `plan`. What only needs consent does not fail a plan; a wrong environment does."""
    reading = of_reading(plan)
    if reading is not ExitCode.OK:
        return reading, reading.outcome, "unreadable"
    mistaken = [block.code for block in blocks if block.code in IDENTITY_CODES]
    if mistaken:
        return ExitCode.REFUSED, ExitCode.REFUSED.outcome, mistaken[0]
    if plan.has_changes:
        return (ExitCode.CHANGES if detailed else ExitCode.OK), ExitCode.CHANGES.outcome, None
    return ExitCode.OK, ExitCode.OK.outcome, "verify_only" if plan.steps else "in_sync"


def of_looking(plan: Plan, blocks: Iterable[Block]) -> tuple[ExitCode, str | None]:
    """Exit code and reason of what only shows live. What was read of a wrong environment tells nothing of the right one."""
    reading = of_reading(plan)
    if reading is not ExitCode.OK:
        return reading, "unreadable"
    mistaken = [block.code for block in blocks if block.code in MISTAKEN_CODES]
    return (ExitCode.REFUSED, mistaken[0]) if mistaken else (ExitCode.OK, None)


def of_drift(plan: Plan, blocks: Iterable[Block], findings: Iterable[Finding]) -> tuple[ExitCode, str | None]:
    """Exit code and reason of a look for drift."""
    code, reason = of_looking(plan, blocks)
    if code is ExitCode.OK and any(finding.counts for finding in findings):
        return ExitCode.CHANGES, "drift"
    return code, reason


def of_apply(plan: Plan, applied: Applied) -> tuple[ExitCode, str | None]:
    """Exit code and reason of a run of the plan's steps."""
    unfinished = [result for result in applied.results.values() if result.state is not StepState.DONE]
    unreadable = list(_unreadable(plan))
    # What failed says more than what was skipped or not started because of it.
    by_weight = sorted(unfinished, key=lambda result: result.state is not StepState.FAILED)
    first_error = next((result.error.kind for result in by_weight if result.error), None)
    if applied.writes_done and (unfinished or unreadable):
        return ExitCode.PARTIAL, first_error or ("interrupted" if applied.interrupted else "unreadable")
    if unfinished and applied.interrupted is not None:
        return applied.interrupted, "interrupted"
    failures = [result.error.exit_code for result in unfinished if result.state is StepState.FAILED and result.error]
    code = worst([*failures, *unreadable])
    if code is not ExitCode.OK:
        return code, first_error or "unreadable"
    if any(_stuck(plan, applied)):
        return ExitCode.STUCK, "stuck"
    return ExitCode.OK, None if applied.results else "in_sync"


def of_refusal(plan: Plan) -> ExitCode:
    """The code of a plan that may not be run: 5, unless an environment that could not be read comes first."""
    return worst([ExitCode.REFUSED, *_unreadable(plan)])


def of_verify(verified: Iterable[Verified], unwanted: Container[str] = ()) -> tuple[ExitCode, str | None]:
    """Exit code and reason of a verification. In the environments of `unwanted` there should be no custom domain."""
    codes = []
    for item in verified:
        match item.verdict:
            case Verdict.READY:
                codes.append(ExitCode.OK)
            case Verdict.STUCK:
                codes.append(ExitCode.STUCK)
            case Verdict.ABSENT if item.environment in unwanted:
                codes.append(ExitCode.OK)
            case Verdict.WAITING | Verdict.ABSENT:
                codes.append(ExitCode.WAITING)
            case Verdict.UNKNOWN:
                codes.append(_of_unread(item.live) if isinstance(item.live, Unreadable) else ExitCode.ERROR)
    code = worst(codes)
    return code, None if code is ExitCode.OK else "not_ready" if code is ExitCode.WAITING else code.outcome


def of_dns(plan: Plan, records: Iterable[Record]) -> tuple[ExitCode, str | None]:
    """Exit code and reason of a look at DNS. Flattened records are no fault of a domain that is ready all the same."""
    ready = {item.name for item in plan.items if isinstance(item.live, Present) and item.live.domain.ready}
    found = {
        record.lookup.verdict
        for record in records
        if record.lookup and not (record.lookup.verdict is DnsVerdict.FLATTENED and record.environment in ready)
    }
    reading = of_reading(plan)
    if reading is not ExitCode.OK:
        return reading, "unreadable"
    amiss = [verdict for verdict in DnsVerdict if verdict in found - {DnsVerdict.OK}]
    return (ExitCode.WAITING, f"dns_{amiss[0]}") if amiss else (ExitCode.OK, None)


def of_publishing(plan: Plan, publications: Sequence[Publication], others_changed: bool) -> tuple[ExitCode, str | None]:
    """Exit code and reason of publishing records. A write that leaves the rest undone is partial, as with apply."""
    states = {item.state for item in publications}
    unfinished = bool(states - {PublishState.DONE})
    if others_changed:
        return ExitCode.PARTIAL, "other_records_changed"
    if PublishState.UNKNOWN in states or (PublishState.DONE in states and unfinished):
        return ExitCode.PARTIAL, "not_published"
    if PublishState.DONE in states and not plan.complete:
        return ExitCode.PARTIAL, "unreadable"
    code = worst(item.exit_code for item in publications)
    if code is not ExitCode.OK:
        return code, _NOT_PUBLISHED.get(code, "not_published")
    return of_reading(plan), None


def _unreadable(plan: Plan) -> Iterator[ExitCode]:
    return (_of_unread(live) for live in plan.unreadable)


def _of_unread(live: Unreadable) -> ExitCode:
    """What could not be read counts as unreachable, unless the key is to blame."""
    code = live.error.exit_code
    return code if code is ExitCode.CREDENTIALS else ExitCode.UNREACHABLE


def _stuck(plan: Plan, applied: Applied) -> Iterator[bool]:
    """A domain that had failed before and has failed again after a fresh check. A new one has its DNS records still to come."""
    for step in plan.steps:
        domain = applied.results[step.id].domain
        yield isinstance(step, Verify) and not step.after and domain is not None and domain.failing
