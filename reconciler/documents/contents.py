"""What a command had when its document was written: what happened, beside the plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.documents.applied import applied_of, plan_before, restore_object, unserved_object, unserved_of
from reconciler.documents.checks import check_object
from reconciler.documents.environments import verified_of
from reconciler.documents.findings import finding_object, finding_of
from reconciler.documents.plans import block_of, plan_of
from reconciler.documents.probes import probe_object, probe_of
from reconciler.documents.records import (
    note_object,
    note_of,
    publication_object,
    publication_of,
    record_object,
    record_of,
    zone_change_object,
    zone_change_of,
)
from reconciler.model.proposal import Offline, Proposal
from reconciler.model.results import (
    ApplyResult,
    DnsCheckResult,
    DoctorResult,
    DriftResult,
    ImportResult,
    PlanResult,
    PublishResult,
    RecordsResult,
    StatusResult,
    VerifyResult,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.documents.format import Object
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.report import Record, Verified
    from reconciler.model.results import Read, Report


def content_object(report: Report) -> dict[str, Any]:
    """What happened, beside the plan. Every report has every section."""
    content = report.content
    data: dict[str, Any] = {
        "findings": [],
        "dns": [],
        "dns_notes": [],
        "other_changes": [],
        "probes": [],
        "published": [],
        "restored": [],
        "unserved": [unserved_object(item) for item in report.unserved],
    }
    match content:
        case ApplyResult(applied=applied, known=known, given_up=given_up):
            data["restored"] = [restore_object(item) for item in applied.restores]
            data |= {"known": dict(known)} if known else {}
            data |= {"given_up": list(given_up)} if given_up else {}
        case DoctorResult(checks=checks):
            data["checks"] = [check_object(item) for item in checks]
        case DriftResult(findings=findings):
            data["findings"] = [finding_object(item) for item in findings]
        case _:
            pass
    if isinstance(content, ApplyResult | PublishResult):
        data["published"] = [publication_object(item) for item in content.publications]
        data["other_changes"] = [zone_change_object(item) for item in content.other_changes]
    if isinstance(content, VerifyResult | DriftResult | StatusResult):
        data["probes"] = [probe_object(item) for item in content.probes]
    if isinstance(content, ApplyResult | VerifyResult | DriftResult | RecordsResult | DnsCheckResult | PublishResult):
        data["dns"] = (record_object(item) for item in content.records)
    if isinstance(content, ApplyResult | VerifyResult | DriftResult | DnsCheckResult):
        data["dns_notes"] = [note_object(item) for item in content.dns_notes]
    return data


def content_of(document: Object, code: ExitCode) -> Read | None:
    """The result of the command that wrote the document; None for a command that reads nothing live."""
    plan = plan_of(document)
    blocks = tuple(block_of(item) for item in document["blocks"])
    offline = offline_of(document["offline"]) if "offline" in document else None
    unserved = tuple(map(unserved_of, document.get("unserved", ())))
    proposal = Proposal(plan, document["digest"] or "", blocks, None, offline=offline, unserved=unserved)
    records = tuple(record_of(item) for item in document.get("dns", ()))
    notes = tuple(note_of(item) for item in document.get("dns_notes", ()))
    probes = tuple(probe_of(item) for item in document.get("probes", ()))
    published = tuple(publication_of(item) for item in document.get("published", ()))
    changed = tuple(zone_change_of(item) for item in document.get("other_changes", ()))
    verified = tuple(_verified(document, records))
    match document.get("command", "plan"):
        case "apply" if _was_run(document):
            applied = applied_of(document, plan, code)
            before = Proposal(plan_before(plan, document), proposal.digest, blocks, offline=offline)
            return ApplyResult(
                before,
                applied,
                records,
                verified,
                notes,
                publications=published,
                other_changes=changed,
                known=document.get("known", {}),
                given_up=tuple(document.get("given_up", ())),
            )
        case "plan" | "apply":
            return PlanResult(proposal, document.get("expires_in"))
        case "verify":
            unwanted = frozenset(item.name for item in plan.environments if item.environment.hostname is None)
            return VerifyResult(plan, verified, unwanted, notes, blocks, probes=probes)
        case "drift":
            findings = tuple(finding_of(item) for item in document["findings"])
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


def _verified(document: Object, records: Iterable[Record]) -> Iterator[Verified]:
    by_environment: dict[str, list[Record]] = {}
    for record in records:
        by_environment.setdefault(record.environment, []).append(record)
    for item in document["environments"]:
        if "verdict" in item:
            yield verified_of(item, by_environment.get(item["name"], ()))


def _was_run(document: Object) -> bool:
    """The steps of an apply have states once it was approved. Without steps, an apply that failed was refused."""
    steps = document["steps"]
    return all("state" in step for step in steps) if steps else document["message"] is None


def offline_object(offline: Offline) -> Object:
    """Where live was taken from."""
    return {"baseline": offline.baseline, "created_at": offline.created_at}


def offline_of(item: Object) -> Offline:
    return Offline(item["baseline"], item["created_at"])
