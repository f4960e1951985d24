"""Findings of drift, in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.documents.changes import change_object, change_of
from reconciler.model.report import Cause, DriftKind, Finding

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def finding_object(item: Finding) -> Object:
    return {
        "kind": item.kind.value,
        "environment": item.environment,
        "hostname": item.hostname,
        "message": item.message,
        "changes": [change_object(change) for change in item.changes],
        "cause": item.cause.value if item.cause else None,
        "counts": item.counts,
        "fingerprint": item.fingerprint,
    }


def finding_of(item: Object) -> Finding:
    return Finding(
        DriftKind(item["kind"]),
        item["environment"],
        item["hostname"],
        item["message"],
        item["fingerprint"],
        tuple(change_of(change) for change in item["changes"]),
        Cause(item["cause"]) if item["cause"] else None,
        item["counts"],
    )
