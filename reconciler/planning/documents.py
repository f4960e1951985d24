"""From a plan, report or receipt document back to the report that it was written from."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.model import errors
from reconciler.model.diagnostics import Diagnostic, Related, Severity, Span
from reconciler.model.dns import (
    DnsAction,
    DnsNote,
    DnsNoteKind,
    DnsVerdict,
    LookupResult,
    Publication,
    PublishState,
    ZoneChange,
)
from reconciler.model.doctor import Check, CheckState
from reconciler.model.domains import Absent, Domain, Live, Present, Unreadable, domain_of
from reconciler.model.environments import Environment, KeyFile, Source, SourceFile
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Action, Block, Change, EnvironmentPlan, Interruption, Move, Plan, Verify
from reconciler.model.probe import Probe, ProbeVerdict
from reconciler.model.proposal import Offline, Proposal
from reconciler.model.report import (
    Applied,
    Cause,
    DriftKind,
    Finding,
    Record,
    Restore,
    Restored,
    RestoreFailure,
    StepError,
    StepResult,
    StepState,
    Unserved,
    Verdict,
    Verified,
)
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
    StatusResult,
    ValidateResult,
    VerifyResult,
)
from reconciler.model.times import seconds_of
from reconciler.planning.saved import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.plan import Step
    from reconciler.model.results import Read, Result

    Object = Mapping[str, Any]


def report_of_document(document: Object) -> Report:
    """The report of a document that fits its schema. Raises ValueError, KeyError or NotAPlan where its parts do not fit.

    A run that has not ended has the exit code 0 and the outcome `running`.
    """
    code = ExitCode(document["exit_code"] or 0)
    return Report(
        document.get("command", "plan"),
        document["created_at"],
        _result(document, code),
        Conclusion(code, document["reason"], document["outcome"]),
        _source(document["source"]) if document["source"] else None,
        tuple(_diagnostic(item) for item in document["diagnostics"]),
    )


def _result(document: Object, code: ExitCode) -> Result:
    if "checks" in document and document["message"] is None:
        return DoctorResult(tuple(_check(item) for item in document["checks"]))
    read = document["environments"] or document["complete"] or "offline" in document
    content = _content(document, code) if read else None
    if content is not None and document["message"] is None:
        return content
    if document.get("command") == "validate" and (code is ExitCode.OK or document["reason"] == "invalid_manifest"):
        return _validated(document)
    failed = Failed(code, document["reason"] or "", document["message"], document["hint"], content)
    if content is not None:
        return failed
    return replace(failed, blocks=tuple(_block(item) for item in document["blocks"]), digest=document["digest"])


def _validated(document: Object) -> ValidateResult:
    """The numbers of environments and files are in the message only."""
    diagnostics = tuple(_diagnostic(item) for item in document["diagnostics"])
    match re.findall(r"\d+", document["message"] or "", re.ASCII):
        case [environments, files]:
            return ValidateResult(diagnostics, int(environments), int(files))
        case _:
            return ValidateResult(diagnostics)


def _source(item: Object) -> Source:
    selection = item["selection"]
    return Source(
        tuple(SourceFile(file["path"], file["sha256"]) for file in item["files"]),
        item["api_url"],
        tuple(selection["environments"]),
        tuple(selection["selectors"]),
        selection.get("shard"),
    )


def _content(document: Object, code: ExitCode) -> Read | None:
    """What the command had when its document was written."""
    plan = _plan(document)
    blocks = tuple(_block(item) for item in document["blocks"])
    offline = _offline(document["offline"]) if "offline" in document else None
    proposal = Proposal(plan, document["digest"] or "", blocks, offline=offline)
    records = tuple(_record(item) for item in document.get("dns", ()))
    notes = tuple(_note(item) for item in document.get("dns_notes", ()))
    probes = tuple(_probe(item) for item in document.get("probes", ()))
    published = tuple(_publication(item) for item in document.get("published", ()))
    changed = tuple(_zone_change(item) for item in document.get("other_changes", ()))
    match document.get("command", "plan"):
        case "apply" if _was_run(document):
            verified = tuple(_verified(document))
            applied = _applied(document, plan, code)
            before = replace(proposal, plan=_before(plan, document))
            return ApplyResult(before, applied, records, verified, notes, publications=published, other_changes=changed)
        case "plan" | "apply":
            return PlanResult(proposal)
        case "verify":
            unwanted = frozenset(item.name for item in plan.environments if item.environment.hostname is None)
            return VerifyResult(plan, tuple(_verified(document)), unwanted, notes, blocks, probes=probes)
        case "drift":
            findings = tuple(_finding(item) for item in document["findings"])
            return DriftResult(plan, blocks, findings, records, notes, probes)
        case "status":
            return StatusResult(plan, blocks, probes)
        case "import":
            return ImportResult(plan, None, blocks)
        case "dns show":
            return RecordsResult(plan, blocks, records)
        case "dns check":
            return DnsCheckResult(plan, blocks, records, notes)
        case "dns sync":
            return PublishResult(plan, blocks, records, published, changed)
    return None


def _was_run(document: Object) -> bool:
    """The steps of an apply have states once it was approved. Without steps, an apply that failed was refused."""
    steps = document["steps"]
    return all("state" in step for step in steps) if steps else document["message"] is None


def _offline(item: Object) -> Offline:
    return Offline(item["baseline"], item["created_at"])


def _plan(document: Object) -> Plan:
    steps = steps_of(document)
    return Plan(
        document["source"]["api_url"] if document["source"] else "",
        tuple(_environment(item) for item in document["environments"]),
        (steps,) if steps else (),
        tuple(Move(item["hostname"], item["from"], item["to"]) for item in document["moves"]),
        tuple(
            Interruption(item["hostname"], item["environment"], item["from_step"], item["until"])
            for item in document["interruptions"]
        ),
    )


def _environment(item: Object) -> EnvironmentPlan:
    place = item["location"]
    environment = Environment(
        item["name"],
        item["after"],
        KeyFile("", item["access"]),
        item["environment_id"],
        item["send_environment_id"],
        item["protect"],
        item["labels"],
        Span(place["file"], place["line"], place["column"]) if place else None,
    )
    changes = tuple(_change(change) for change in item["changes"])
    return EnvironmentPlan(environment, _live(item), Action(item["action"]), item["reason"], changes)


def _live(item: Object) -> Live:
    if item["error"] is not None:
        return Unreadable(_backend_error(item["error"]))
    return Absent() if item["live"] is None else Present(Domain.from_dict(item["live"]))


def _before(plan: Plan, document: Object) -> Plan:
    """The plan of an apply, whose document has what was live afterwards: of what was live before, it has the hostname."""
    hostnames = {item["name"]: item["before"] for item in document["environments"]}
    return replace(plan, environments=tuple(_as_it_was(item, hostnames[item.name]) for item in plan.environments))


def _as_it_was(item: EnvironmentPlan, before: str | None) -> EnvironmentPlan:
    domain = domain_of(item.live)
    if item.action is Action.UNREADABLE or (domain is not None and domain.hostname == before):
        return item
    return replace(item, live=Absent() if before is None else Present(Domain("", "", before, *([None] * 9))))


def _backend_error(item: Object) -> errors.BackendError:
    kind = errors.KINDS.get(item["kind"], errors.BackendError)
    return kind(item["message"], status=item["status"], error_type=item["error_type"])


def _applied(document: Object, plan: Plan, code: ExitCode) -> Applied:
    live = {item.name: item.live for item in plan.environments}
    results = {
        item["id"]: _step_result(item, step, live) for item, step in zip(document["steps"], plan.steps, strict=True)
    }
    interrupted = "interrupted" in {document["reason"], *(item.error.kind for item in results.values() if item.error)}
    return Applied(
        results,
        live,
        tuple(_restore(item, live) for item in document["restored"]),
        tuple(Unserved(item["hostname"], item["environment"], item["since"]) for item in document["unserved"]),
        interrupted=code if interrupted else None,
    )


def _step_result(item: Object, step: Step, live: Mapping[str, Live]) -> StepResult:
    """The custom domain that the API answered with is not in a document. That of a check is the one that is live."""
    state = StepState(item["state"])
    domain = domain_of(live.get(step.environment))
    checked = isinstance(step, Verify) and state is StepState.DONE
    answered = checked and domain is not None and domain.hostname == step.hostname
    return StepResult(state, _step_error(item["error"]) if item["error"] else None, domain if answered else None)


def _step_error(item: Object) -> StepError:
    return StepError(item["kind"], item["message"], item["status"], item["error_type"])


def _restore(item: Object, live: Mapping[str, Live]) -> Restore:
    environment, hostname = item["environment"], item["hostname"]
    if item.get("error") is not None:
        return RestoreFailure(environment, hostname, _step_error(item["error"]))
    domain = domain_of(live.get(environment))
    if domain is None or domain.id != item["id"]:
        domain = Domain(item["id"], "", hostname, *([None] * 9))
    return Restored(environment, hostname, domain)


def _verified(document: Object) -> Iterator[Verified]:
    records = [_record(item) for item in document["dns"]]
    for item in document["environments"]:
        if "verdict" in item:
            own = tuple(record for record in records if record.environment == item["name"])
            yield Verified(item["name"], Verdict(item["verdict"]), _live(item), item["message"], own)


def _block(item: Object) -> Block:
    return Block(item["code"], item["environment"], item["message"], item["override"])


def _change(item: Object) -> Change:
    return Change(item["path"], item["before"], item["after"])


def _finding(item: Object) -> Finding:
    return Finding(
        DriftKind(item["kind"]),
        item["environment"],
        item["hostname"],
        item["message"],
        item["fingerprint"],
        tuple(_change(change) for change in item["changes"]),
        Cause(item["cause"]) if item["cause"] else None,
        item["counts"],
    )


def _record(item: Object) -> Record:
    lookup = None
    if "verdict" in item:
        verdict = DnsVerdict(item["verdict"])
        # What is missing is always added; what to do about a wrong record is not in a document.
        action = DnsAction.ADD if verdict is DnsVerdict.MISSING else None
        lookup = LookupResult(verdict, tuple(item["found"]), tuple(item["asked"]), item["note"], action)
    return Record(item["environment"], item["hostname"], item["purpose"], item["name"], item["value"], lookup=lookup)


def _note(item: Object) -> DnsNote:
    kind = DnsNoteKind(item["kind"])
    return DnsNote(kind, item["environment"], item["hostname"], item["message"], tuple(item["found"]))


def _probe(item: Object) -> Probe:
    verdict = ProbeVerdict(item["verdict"])
    expires = item["certificate_expires_at"]
    return Probe(
        item["environment"],
        item["hostname"],
        verdict,
        item["message"],
        item["address"],
        None if expires is None else seconds_of(expires),
        item["days_left"],
        item["protocol"],
        item["http_status"],
    )


def _publication(item: Object) -> Publication:
    return Publication(
        item["target"],
        item["zone"],
        item["name"],
        item["before"],
        item["after"],
        PublishState(item["state"]),
        item["error"],
    )


def _zone_change(item: Object) -> ZoneChange:
    return ZoneChange(item["target"], item["zone"], item["name"], item["type"], item["before"], item["after"])


def _diagnostic(item: Object) -> Diagnostic:
    span = None if item["file"] is None else Span(item["file"], item["line"], item["column"])
    return Diagnostic(
        Severity(item["severity"]),
        item["code"],
        item["message"],
        item["hint"],
        span,
        related=tuple(Related(Span(one["file"], one["line"], one["column"]), one["label"]) for one in item["related"]),
        environment=item["environment"],
    )


def _check(item: Object) -> Check:
    return Check(item["name"], CheckState(item["state"]), item["message"], item["hint"], ExitCode(item["exit_code"]))
