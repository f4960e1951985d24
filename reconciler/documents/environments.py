"""Environments of a plan, in documents: desired, live, the action between them, and the verdict of a check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.documents.changes import change_object, change_of
from reconciler.documents.domains import live_object, live_of
from reconciler.model.diagnostics import Span
from reconciler.model.environments import Environment, KeyFile
from reconciler.model.plan import Action, EnvironmentPlan
from reconciler.model.report import Verdict, Verified

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.documents.format import Object
    from reconciler.model.domains import Live
    from reconciler.model.report import Record


def environment_object(item: EnvironmentPlan, live: Live, verdict: Verified | None) -> dict[str, Any]:
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
        "changes": [change_object(change) for change in item.changes],
        "location": {"file": span.file, "line": span.line, "column": span.column} if span else None,
    }
    if verdict is not None:
        data["verdict"] = verdict.verdict.value
        data["message"] = verdict.message
    return data


def environment_of(item: Object) -> EnvironmentPlan:
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
    changes = tuple(change_of(change) for change in item["changes"])
    return EnvironmentPlan(environment, live_of(item), Action(item["action"]), item["reason"], changes)


def verified_of(item: Object, records: Iterable[Record]) -> Verified:
    """The verdict of an environment that has one, with its records."""
    return Verified(item["name"], Verdict(item["verdict"]), live_of(item), item["message"], tuple(records))
