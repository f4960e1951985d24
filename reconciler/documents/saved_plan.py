"""A saved plan, read back from its document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reconciler.documents.earlier import Earlier
from reconciler.documents.format import PLAN, is_readable
from reconciler.documents.sources import source_of
from reconciler.documents.steps import NotAPlan, check_steps, step_of
from reconciler.model.digest import KeyAccess, digest_of
from reconciler.model.steps import Delete, Step, Verify

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.documents.format import Object
    from reconciler.model.environments import Source

MAX_ENVIRONMENTS = 20_000
MAX_STEPS = 3 * MAX_ENVIRONMENTS
MAX_EXPIRES_IN = 3650 * 86400
"""Seconds: the longest that `plan --expires-in` accepts."""

_MAX_CREATED_AT = datetime.max.replace(tzinfo=UTC) - timedelta(seconds=MAX_EXPIRES_IN)


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a plan document promises. `desired`, `before` and `access` have an entry for each environment: its hostname, its
    live record as JSON, and how it is accessed. `source` has the selection and the API; the file does not choose the manifest."""

    source: Source
    created_at: datetime
    expires_at: datetime
    digest: str
    desired: Mapping[str, str | None]
    access: Mapping[str, KeyAccess]
    before: Mapping[str, Mapping[str, Any] | None]
    steps: Mapping[str, Step]

    @property
    def api_url(self) -> str:
        return self.source.api_url

    @property
    def earlier(self) -> Earlier:
        """What was live when the plan was made, and what it deletes."""
        return Earlier(
            {name: record["hostname"] for name, record in self.before.items() if record is not None},
            frozenset((step.environment, step.hostname) for step in self.steps.values() if isinstance(step, Delete)),
        )

    @property
    def concerned(self) -> frozenset[str]:
        """The environments that have a step. No other is touched."""
        return frozenset(step.environment for step in self.steps.values())


def other_format(document: object) -> str | None:
    """The format of a document that is no plan, or is a plan of another major version; else None."""
    if not isinstance(document, dict) or "format" not in document:
        return None
    if document["format"] == PLAN and is_readable(document):
        return None
    return f"{document['format']} {document.get('format_version', '')}".strip()


def check_size(document: object) -> None:
    """Raises NotAPlan for a document larger than any plan, before anything slow is done with it."""
    for key, limit in (("environments", MAX_ENVIRONMENTS), ("steps", MAX_STEPS)):
        entries = document.get(key) if isinstance(document, dict) else None
        if isinstance(entries, list) and len(entries) > limit:
            raise NotAPlan(f"it has {len(entries):,} {key}, and a plan has at most {limit:,}")


def is_applicable(document: Object) -> bool:
    """Whether the document has a plan that was made from live, and not only the error of a run that failed."""
    return "offline" not in document and not _has_no_plan(document)


def _has_no_plan(document: Object) -> bool:
    return not document["digest"] or not document["source"] or document["expires_in"] is None


def saved_plan_of(document: Object) -> SavedPlan:
    """The saved plan, from a document that fits `plan.schema.json`. Raises NotAPlan when it was edited or cannot be run."""
    if "offline" in document:
        raise NotAPlan("it is an offline plan, made without reading live: run `reconciler plan` without --offline")
    if _has_no_plan(document):
        raise NotAPlan("it contains no plan: it was written by a run that failed")
    created_at, expires_at = _moment(document["created_at"]), _moment(document["expires_at"])
    # Times are not in the digest, so an edit cannot be seen; at least no plan outlives what `--expires-in` accepts.
    if not 0 < document["expires_in"] <= MAX_EXPIRES_IN or created_at > _MAX_CREATED_AT:
        raise NotAPlan("its times are impossible, so it was edited after it was written")
    if expires_at > created_at + timedelta(seconds=document["expires_in"]):
        raise NotAPlan("its expiry does not match its content, so it was edited after it was written")
    steps = tuple(map(step_of, document["steps"]))
    environments = document["environments"]
    access = {
        item["name"]: KeyAccess(item["environment_id"], item["access"], item["send_environment_id"])
        for item in environments
    }
    writes = [step for step in steps if not isinstance(step, Verify)]
    if digest_of(document["source"]["api_url"], access, writes) != document["digest"]:
        raise NotAPlan("its digest does not match its content, so it was edited or damaged after it was written")
    check_steps(document, steps)
    return SavedPlan(
        source_of(document["source"]),
        created_at,
        expires_at,
        document["digest"],
        {item["name"]: item["after"] for item in environments},
        access,
        {item["name"]: item["live"] for item in environments},
        {step.id: step for step in steps},
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise NotAPlan("one of its times has no time zone")
    return moment
