"""The plan document and the report document, key by key. The schemas in `schemas/` describe them; the model may change freely."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, assert_never

from reconciler.model.bind import bind_line
from reconciler.model.documents import PLAN, REPORT, VERSION
from reconciler.model.domains import Live, Unreadable, domain_of
from reconciler.model.escape import escape_control
from reconciler.model.plan import Plan
from reconciler.model.report import Restored, RestoreFailure
from reconciler.model.results import (
    ApplyResult,
    DnsCheckResult,
    DoctorResult,
    DriftResult,
    PlanResult,
    PublishResult,
    RecordsResult,
    StatusResult,
    ValidateResult,
    VerifyResult,
    is_complete,
)
from reconciler.model.times import later
from reconciler.render.diagnostics import as_json
from reconciler.render.json_text import to_json
from reconciler.render.probes import probe_object
from reconciler.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.dns import DnsNote, Publication
    from reconciler.model.doctor import Check
    from reconciler.model.environments import Source
    from reconciler.model.errors import BackendError
    from reconciler.model.plan import Block, Change, EnvironmentPlan, Interruption, Move, Step
    from reconciler.model.report import Finding, Record, Restore, StepError, StepResult, Unserved, Verified
    from reconciler.model.results import Read, Report
    from reconciler.render.style import Style

_NO_PLAN = Plan(api_url="", environments=())


def render_plan(report: Report, _style: Style | None = None) -> str:
    """`imgwire-reconciler/plan` as indented JSON."""
    return to_json({"format": PLAN, "format_version": VERSION, **_shared(report), **_offline(report)})


def _offline(report: Report) -> dict[str, Any]:
    """Where live was taken from, in an offline plan only."""
    offline = report.content.offline if isinstance(report.content, PlanResult) else None
    if offline is None:
        return {}
    return {"offline": {"baseline": offline.baseline, "created_at": offline.created_at}}


def render_report(report: Report, _style: Style | None = None) -> str:
    """`imgwire-reconciler/report` as indented JSON: the plan's fields and what happened."""
    return to_json(_report(report))


def render_running(report: Report) -> str:
    """The same of a run that has not ended: it has no exit code yet."""
    return to_json({**_report(report), "outcome": "running", "reason": None, "exit_code": None})


def _report(report: Report) -> dict[str, Any]:
    return {
        "format": REPORT,
        "format_version": VERSION,
        "command": report.command,
        **_shared(report),
        **_sections(report.content),
    }


def _sections(content: ValidateResult | DoctorResult | Read | None) -> dict[str, Any]:
    """What happened, beside the plan. Every report has every section."""
    data: dict[str, Any] = {
        "findings": [],
        "dns": [],
        "dns_notes": [],
        "other_changes": [],
        "probes": [],
        "published": [],
        "restored": [],
        "unserved": [],
    }
    match content:
        case ApplyResult(applied=applied):
            data["restored"] = [restore_object(item) for item in applied.restores]
            data["unserved"] = [_unserved(item) for item in applied.unserved]
        case DoctorResult(checks=checks):
            data["checks"] = [_check(item) for item in checks]
        case DriftResult(findings=findings):
            data["findings"] = [_finding(item) for item in findings]
        case _:
            pass
    if isinstance(content, ApplyResult | PublishResult):
        data["published"] = [_publication(item) for item in content.publications]
        data["other_changes"] = [asdict(change) for change in content.other_changes]
    if isinstance(content, VerifyResult | DriftResult | StatusResult):
        data["probes"] = [probe_object(item) for item in content.probes]
    if isinstance(content, ApplyResult | VerifyResult | DriftResult | RecordsResult | DnsCheckResult | PublishResult):
        data["dns"] = (_record(item) for item in content.records)
    if isinstance(content, ApplyResult | VerifyResult | DriftResult | DnsCheckResult):
        data["dns_notes"] = [_dns_note(item) for item in content.dns_notes]
    return data


def _shared(report: Report) -> dict[str, Any]:
    content = None if isinstance(report.content, ValidateResult | DoctorResult) else report.content
    plan = content.plan if content else _NO_PLAN
    failed = report.failed
    expires_in = content.expires_in if isinstance(content, PlanResult) else None
    return {
        "tool": {"name": "imgwire-reconciler", "version": __version__},
        "created_at": report.created_at,
        "expires_at": None if expires_in is None else later(report.created_at, expires_in),
        "expires_in": expires_in,
        "complete": content is not None and is_complete(content),
        "source": _source(report.source) if report.source else None,
        "outcome": report.conclusion.outcome,
        "reason": report.conclusion.reason,
        "exit_code": int(report.conclusion.exit_code),
        "message": report.message,
        "hint": report.hint,
        "summary": plan.summary(),
        "environments": _environments(plan, content),
        "steps": _steps(plan, content),
        "moves": [_move(move) for move in plan.moves],
        "interruptions": [_interruption(item) for item in plan.interruptions],
        "blocks": [_block(block) for block in (content.blocks if content else failed.blocks if failed else ())],
        "diagnostics": as_json(report.diagnostics),
        "digest": (content.digest or None) if content else failed.digest if failed else None,
    }


def _environments(plan: Plan, content: Read | None) -> Iterator[dict[str, Any]]:
    verified = content.verified if isinstance(content, ApplyResult | VerifyResult) else ()
    verdicts = {item.environment: item for item in verified}
    live: Mapping[str, Live] = {item.environment: item.live for item in verified}
    if isinstance(content, ApplyResult):
        live = content.applied.live
    for item in plan.environments:
        data = _environment(item, live.get(item.name, item.live), verdicts.get(item.name))
        if isinstance(content, StatusResult):
            data["delivery_host"] = content.host(item)
        yield data


def _steps(plan: Plan, content: Read | None) -> Iterator[dict[str, Any]]:
    for step in plan.steps:
        result = content.applied.results[step.id] if isinstance(content, ApplyResult) else None
        yield {**_step(step), **(result_object(result) if result else {})}


def _source(source: Source) -> dict[str, Any]:
    return {
        "files": [{"path": item.path, "sha256": item.sha256} for item in source.files],
        "api_url": source.api_url,
        "selection": {
            "environments": list(source.names),
            "selectors": list(source.selectors),
            **({"shard": source.shard} if source.shard else {}),
        },
    }


def _environment(item: EnvironmentPlan, live: Live, verdict: Verified | None) -> dict[str, Any]:
    environment = item.environment
    span = environment.span
    data: dict[str, Any] = {
        "name": item.name,
        "environment_id": environment.environment_id,
        "access": environment.key.as_written,
        "send_environment_id": environment.send_environment_id,
        "labels": dict(sorted((environment.labels or {}).items())),
        "action": item.action.value,
        "reason": item.reason,
        "protect": environment.protect,
        "before": item.before,
        "after": environment.hostname,
        **live_object(live),
        "changes": [_change(change) for change in item.changes],
        "location": {"file": span.file, "line": span.line, "column": span.column} if span else None,
    }
    if verdict is not None:
        data["verdict"] = verdict.verdict.value
        data["message"] = verdict.message
    return data


def live_object(live: Live) -> dict[str, Any]:
    """The custom domain, and why it could not be read."""
    domain = domain_of(live)
    return {
        "live": domain.as_dict() if domain else None,
        "error": _backend_error(live.error) if isinstance(live, Unreadable) else None,
    }


def _backend_error(error: BackendError) -> dict[str, Any]:
    return {"kind": error.kind, "status": error.status, "error_type": error.error_type, "message": error.message}


def _change(change: Change) -> dict[str, str | None]:
    return {"path": change.path, "before": change.before, "after": change.after}


def _step(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "op": step.op,
        "environment": step.environment,
        "hostname": step.hostname,
        "after": list(step.after),
        "precondition": step.precondition.as_dict(),
    }


def result_object(result: StepResult) -> dict[str, Any]:
    """How a step ended."""
    return {"state": result.state.value, "error": _step_error(result.error) if result.error else None}


def _step_error(error: StepError) -> dict[str, Any]:
    return {"kind": error.kind, "status": error.status, "error_type": error.error_type, "message": error.message}


def restore_object(item: Restore) -> dict[str, Any]:
    """How a restore ended."""
    match item:
        case Restored(environment, hostname, domain):
            return {"environment": environment, "hostname": hostname, "id": domain.id, "error": None}
        case RestoreFailure(environment, hostname, error):
            return {"environment": environment, "hostname": hostname, "id": None, "error": _step_error(error)}
        case _:
            assert_never(item)


def _move(move: Move) -> dict[str, str]:
    return {"hostname": move.hostname, "from": move.source, "to": move.target}


def _interruption(item: Interruption) -> dict[str, str | None]:
    return {
        "hostname": item.hostname,
        "environment": item.environment,
        "from_step": item.from_step,
        "until": item.until,
    }


def _block(block: Block) -> dict[str, str | None]:
    return {
        "code": block.code,
        "environment": block.environment,
        "message": block.message,
        "override": block.override,
    }


def _check(item: Check) -> dict[str, Any]:
    return {
        "name": item.name,
        "state": str(item.state),
        "message": escape_control(item.message),
        "hint": escape_control(item.hint) if item.hint else None,
        "exit_code": int(item.exit_code),
    }


def _finding(item: Finding) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "environment": item.environment,
        "hostname": item.hostname,
        "message": item.message,
        "changes": [_change(change) for change in item.changes],
        "cause": item.cause.value if item.cause else None,
        "counts": item.counts,
        "fingerprint": item.fingerprint,
    }


def _record(item: Record) -> dict[str, Any]:
    data: dict[str, Any] = {
        "environment": item.environment,
        "hostname": item.hostname,
        "purpose": item.purpose,
        "type": "CNAME",
        "name": item.name,
        "value": item.value,
    }
    if item.lookup is not None:
        seen = item.lookup
        data["verdict"] = seen.verdict.value
        data["found"] = list(seen.found)
        data["asked"] = list(seen.servers)
        data["note"] = seen.note
        data["line"] = bind_line(item)
    return data


def _dns_note(item: DnsNote) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "environment": item.environment,
        "hostname": item.hostname,
        "message": item.message,
        "found": list(item.found),
    }


def _publication(item: Publication) -> dict[str, str | None]:
    return {
        "target": item.target,
        "zone": item.zone,
        "name": item.name,
        "type": "CNAME",
        "before": item.before,
        "after": item.after,
        "state": item.state.value,
        "error": item.error,
    }


def _unserved(item: Unserved) -> dict[str, str]:
    return {"hostname": item.hostname, "environment": item.environment, "since": item.since}
