"""DNS records to publish, in documents: what DNS answered for them, and how publishing them ended."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from reconciler.model.bind import bind_line
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
from reconciler.model.report import Record

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def record_object(item: Record) -> Object:
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


def record_of(item: Object) -> Record:
    lookup = None
    if "verdict" in item:
        verdict = DnsVerdict(item["verdict"])
        # What is missing is always added; what to do about a wrong record is not in a document.
        action = DnsAction.ADD if verdict is DnsVerdict.MISSING else None
        lookup = LookupResult(verdict, tuple(item["found"]), tuple(item["asked"]), item["note"], action)
    return Record(item["environment"], item["hostname"], item["purpose"], item["name"], item["value"], lookup=lookup)


def note_object(item: DnsNote) -> Object:
    return {
        "kind": item.kind.value,
        "environment": item.environment,
        "hostname": item.hostname,
        "message": item.message,
        "found": list(item.found),
    }


def note_of(item: Object) -> DnsNote:
    kind = DnsNoteKind(item["kind"])
    return DnsNote(kind, item["environment"], item["hostname"], item["message"], tuple(item["found"]))


def publication_object(item: Publication) -> Object:
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


def publication_of(item: Object) -> Publication:
    return Publication(
        item["target"],
        item["zone"],
        item["name"],
        item["before"],
        item["after"],
        PublishState(item["state"]),
        item["error"],
    )


def zone_change_object(item: ZoneChange) -> Object:
    return asdict(item)


def zone_change_of(item: Object) -> ZoneChange:
    return ZoneChange(item["target"], item["zone"], item["name"], item["type"], item["before"], item["after"])
