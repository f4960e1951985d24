"""What a result amounts to: one exit code, one stable word. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reconciler.model.diagnostics import Severity
from reconciler.model.dns import DnsVerdict, PublishState
from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.exit_codes import ExitCode, code_of, worst
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.probe import ProbeVerdict
from reconciler.model.report import StepState, Verdict
from reconciler.model.results import (
    ApplyResult,
    Conclusion,
    DnsCheckResult,
    DoctorResult,
    DriftResult,
    Failed,
    ImportResult,
    PlanResult,
    PublishResult,
    RecordsResult,
    Report,
    ShowResult,
    StatusResult,
    ValidateResult,
    VerifyResult,
)
from reconciler.model.steps import Verify

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator, Sequence

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Source
    from reconciler.model.plan import Block, Plan
    from reconciler.model.probe import Probe
    from reconciler.model.report import Applied, Finding, Record, Verified
    from reconciler.model.results import Result


_PROBE_CODES = {
    ProbeVerdict.NOT_SERVING: ExitCode.STUCK,
    ProbeVerdict.CERTIFICATE_WRONG: ExitCode.STUCK,
    ProbeVerdict.NOT_PROBED: ExitCode.WAITING,
}
_NOTHING_WRITTEN = frozenset({ExitCode.CREDENTIALS, ExitCode.UNREACHABLE})
_NOT_PUBLISHED = {
    ExitCode.REFUSED: "cannot_publish",
    ExitCode.CREDENTIALS: "provider_unauthorized",
    ExitCode.UNREACHABLE: "provider_unreachable",
}


def report_of(
    command: str | None,
    created_at: str,
    result: Result,
    source: Source | None = None,
    diagnostics: tuple[Diagnostic, ...] = (),
) -> Report:
    """The report of a result, with its conclusion."""
    return Report(command, created_at, result, conclude(result), source, diagnostics)


def conclude(result: Result) -> Conclusion:
    """Exit code, reason and outcome of any result."""
    match result:
        case Failed():
            return Conclusion(result.exit_code, result.reason)
        case ShowResult():
            return Conclusion(ExitCode.OK)
        case ValidateResult():
            return _of_validate(result.diagnostics)
        case DoctorResult():
            return _of_doctor(result)
        case PlanResult():
            return _of_plan(result)
        case ApplyResult():
            return _of_apply(result)
        case VerifyResult():
            if result.interrupted is not None:
                return Conclusion(result.interrupted, "interrupted")
            return _with_probes(_of_verify(result.verified, result.unwanted), result.probes)
        case DriftResult():
            return _with_probes(_of_drift(result.plan, result.blocks, result.findings), result.probes)
        case StatusResult():
            return _with_probes(_of_status(result.plan, result.blocks), result.probes)
        case RecordsResult():
            return _of_status(result.plan, result.blocks)
        case ImportResult():
            return _of_import(result.plan, result.blocks)
        case DnsCheckResult():
            return _of_dns(result.plan, result.records)
        case PublishResult():
            return _of_publishing(result)
        case _:
            assert_never(result)


def reading_code(plan: Plan) -> ExitCode:
    """7 or 8 when an environment could not be read, else 0."""
    return worst(_unreadable(plan))


def refusal_code(plan: Plan) -> ExitCode:
    """The code of a plan that may not be run: 5, unless an environment that could not be read comes first."""
    return worst([ExitCode.REFUSED, *_unreadable(plan)])


def _of_doctor(result: DoctorResult) -> Conclusion:
    codes = [check.exit_code for check in result.checks]
    code = ExitCode.DATA if ExitCode.DATA in codes else worst(codes)
    return Conclusion(code, next((check.name for check in result.checks if check.exit_code), None))


def _of_validate(diagnostics: Iterable[Diagnostic]) -> Conclusion:
    invalid = any(item.severity is Severity.ERROR for item in diagnostics)
    return Conclusion(ExitCode.DATA, "invalid_manifest") if invalid else Conclusion(ExitCode.OK)


def _of_plan(result: PlanResult) -> Conclusion:
    """A plan that apply would refuse is refused here, too. An offline plan cannot fail to read."""
    plan = result.plan
    reading = ExitCode.OK if result.offline else reading_code(plan)
    if reading is not ExitCode.OK:
        return Conclusion(reading, "unreadable")
    if result.blocks:
        return Conclusion(ExitCode.REFUSED, result.blocks[0].code)
    if plan.has_changes:
        return Conclusion(ExitCode.CHANGES if result.detailed else ExitCode.OK, outcome=ExitCode.CHANGES.outcome)
    if not plan.complete:
        return Conclusion(ExitCode.OK, "not_in_baseline")
    return Conclusion(ExitCode.OK, "verify_only" if plan.steps else "in_sync")


def _of_status(plan: Plan, blocks: Iterable[Block]) -> Conclusion:
    """A record of a wrong environment proves nothing about the right one."""
    reading = reading_code(plan)
    if reading is not ExitCode.OK:
        return Conclusion(reading, "unreadable")
    mistaken = [block.code for block in blocks if block.code in IDENTITY_CODES]
    return Conclusion(ExitCode.REFUSED, mistaken[0]) if mistaken else Conclusion(ExitCode.OK)


def _of_drift(plan: Plan, blocks: Iterable[Block], findings: Iterable[Finding]) -> Conclusion:
    status = _of_status(plan, blocks)
    if status.exit_code is ExitCode.OK and any(finding.counts for finding in findings):
        return Conclusion(ExitCode.CHANGES, "drift")
    return status


def _of_import(plan: Plan, blocks: Sequence[Block]) -> Conclusion:
    """An environment without a custom domain has nothing to import, which is an error. Refused entries are commented out."""
    code = worst(
        [
            reading_code(plan),
            *(ExitCode.ERROR for item in plan.environments if isinstance(item.live, Absent)),
            *(ExitCode.REFUSED for _ in blocks),
        ]
    )
    match code:
        case ExitCode.OK:
            return Conclusion(code, "in_sync")
        case ExitCode.ERROR:
            return Conclusion(code, "nothing_to_import")
        case ExitCode.REFUSED:
            return Conclusion(code, blocks[0].code)
        case _:
            return Conclusion(code, "unreadable")


def _of_apply(result: ApplyResult) -> Conclusion:
    """What was verified in the end counts where all was done."""
    conclusion = _of_steps(result.plan, result.applied)
    if result.other_changes:
        conclusion = Conclusion(ExitCode.PARTIAL, "other_records_changed")
    elif any(item.state is not PublishState.DONE for item in result.publications):
        conclusion = _of_unpublished(result, conclusion)
    elif result.publications and conclusion.exit_code not in {ExitCode.OK, ExitCode.STUCK}:  # DNS was written
        conclusion = Conclusion(ExitCode.PARTIAL, conclusion.reason)
    if result.verified and conclusion.exit_code in {ExitCode.OK, ExitCode.STUCK}:
        conclusion = _of_verify(result.verified)
        if result.applied.writes_done and conclusion.exit_code in _NOTHING_WRITTEN:
            conclusion = Conclusion(ExitCode.PARTIAL, conclusion.reason)
    if result.wait_interrupted is not None:
        code = ExitCode.PARTIAL if result.applied.writes_done else result.wait_interrupted
        conclusion = Conclusion(code, "interrupted")
    if not result.receipt_written and conclusion.exit_code is ExitCode.OK:
        return Conclusion(ExitCode.ERROR, "receipt_not_written")
    return conclusion


def _of_unpublished(result: ApplyResult, steps: Conclusion) -> Conclusion:
    """Partial, unless neither the API nor DNS was written."""
    written = {PublishState.DONE, PublishState.UNKNOWN}
    if result.applied.writes_done or any(item.state in written for item in result.publications):
        return Conclusion(ExitCode.PARTIAL, "not_published")
    if steps.exit_code is not ExitCode.OK:
        return steps
    code = worst(item.exit_code for item in result.publications)
    return Conclusion(code, _NOT_PUBLISHED.get(code, "not_published"))


def _of_steps(plan: Plan, applied: Applied) -> Conclusion:
    unfinished = [result for result in applied.results.values() if not result.finished]
    unreadable = list(_unreadable(plan))
    # What failed says more than what was skipped or not started because of it.
    by_weight = sorted(unfinished, key=lambda result: result.state is not StepState.FAILED)
    first_error = next((result.error.kind for result in by_weight if result.error), None)
    if applied.writes_done and (unfinished or unreadable):
        reason = first_error or ("interrupted" if applied.interrupted else "unreadable")
        return Conclusion(ExitCode.PARTIAL, reason)
    if unfinished and applied.interrupted is not None:
        return Conclusion(applied.interrupted, "interrupted")
    failures = [
        code_of(result.error.kind)
        for result in unfinished
        if result.error and (result.state is StepState.FAILED or result.error.kind == "outside_change_window")
    ]
    code = worst([*failures, *unreadable])
    if code is not ExitCode.OK:
        return Conclusion(code, first_error or "unreadable")
    # Publishing has codes of its own: see _of_unpublished.
    if any(result.state is StepState.NOT_STARTED for result in unfinished) and first_error != "not_published":
        return Conclusion(ExitCode.ERROR, first_error or ExitCode.ERROR.outcome)
    if any(_stuck(plan, applied)):
        return Conclusion(ExitCode.STUCK, "stuck")
    covers_all = all(item.reason != "not_in_plan" for item in plan.environments)
    return Conclusion(ExitCode.OK, None if applied.results or not covers_all else "in_sync")


def _of_verify(verified: Iterable[Verified], unwanted: Container[str] = ()) -> Conclusion:
    """In the environments of `unwanted` there should be no custom domain."""
    codes = []
    for item in verified:
        match item.verdict:
            case Verdict.READY:
                codes.append(ExitCode.OK)
            case Verdict.STUCK:
                codes.append(ExitCode.STUCK)
            case Verdict.ABSENT if item.environment in unwanted:
                codes.append(ExitCode.OK)
            case Verdict.WAITING | Verdict.ABSENT | Verdict.DIFFERENT:
                codes.append(ExitCode.WAITING)
            case Verdict.UNKNOWN:
                codes.append(_of_unread(item.live) if isinstance(item.live, Unreadable) else ExitCode.ERROR)
    code = worst(codes)
    if code is ExitCode.OK:
        return Conclusion(code)
    return Conclusion(code, "not_ready" if code is ExitCode.WAITING else code.outcome)


def _with_probes(conclusion: Conclusion, probes: Iterable[Probe]) -> Conclusion:
    """A hostname that does not serve is stuck, one that could not be probed is waiting; the more serious code wins."""
    for verdict, code in _PROBE_CODES.items():
        if any(probe.verdict is verdict for probe in probes) and worst([conclusion.exit_code, code]) is code:
            return conclusion if conclusion.exit_code is code else Conclusion(code, verdict.value)
    return conclusion


def _of_dns(plan: Plan, records: Iterable[Record]) -> Conclusion:
    """Flattened records are no fault of a domain that is ready anyway."""
    ready = {item.name for item in plan.environments if isinstance(item.live, Present) and item.live.domain.ready}
    verdicts = {
        record.lookup.verdict
        for record in records
        if record.lookup and not (record.lookup.verdict is DnsVerdict.FLATTENED and record.environment in ready)
    }
    reading = reading_code(plan)
    if reading is not ExitCode.OK:
        return Conclusion(reading, "unreadable")
    amiss = [verdict for verdict in DnsVerdict if verdict in verdicts - {DnsVerdict.OK}]
    return Conclusion(ExitCode.WAITING, f"dns_{amiss[0]}") if amiss else Conclusion(ExitCode.OK)


def _of_publishing(result: PublishResult) -> Conclusion:
    """A write that leaves the rest undone is partial, as with apply."""
    reading = reading_code(result.plan)
    if result.interrupted:
        return Conclusion(ExitCode.PARTIAL, "interrupted")
    if not result.publications:
        return Conclusion(reading, "unreadable" if reading else "in_sync")
    if result.other_changes:
        return Conclusion(ExitCode.PARTIAL, "other_records_changed")
    states = {item.state for item in result.publications}
    unfinished = bool(states - {PublishState.DONE})
    if PublishState.UNKNOWN in states or (PublishState.DONE in states and unfinished):
        return Conclusion(ExitCode.PARTIAL, "not_published")
    if PublishState.DONE in states and not result.plan.complete:
        return Conclusion(ExitCode.PARTIAL, "unreadable")
    code = worst(item.exit_code for item in result.publications)
    if code is not ExitCode.OK:
        return Conclusion(code, _NOT_PUBLISHED.get(code, "not_published"))
    return Conclusion(reading)


def _unreadable(plan: Plan) -> Iterator[ExitCode]:
    return (_of_unread(live) for live in plan.unreadable)


def _of_unread(live: Unreadable) -> ExitCode:
    """What could not be read counts as unreachable, unless the key is to blame."""
    code = code_of(live.error.kind)
    return code if code is ExitCode.CREDENTIALS else ExitCode.UNREACHABLE


def _stuck(plan: Plan, applied: Applied) -> Iterator[bool]:
    """A domain that had failed before and has failed again after a fresh check. A new one has its DNS records still to come."""
    for step in plan.steps:
        domain = applied.results[step.id].domain
        yield isinstance(step, Verify) and not step.after and domain is not None and domain.failing
