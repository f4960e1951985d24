"""What an earlier run saw, read back from its document for `--baseline`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.documents.format import PLAN, REPORT, is_readable
from reconciler.model.domains import FIELDS, REQUIRED_FIELDS, Absent, Domain, Known, Present
from reconciler.model.report import Cause

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.documents.format import Object


class NotABaseline(Exception):
    """The document cannot serve as a baseline. `str()` is the reason, to follow its name."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The live state of each environment that could be read then, and the cause of each drift known then, by fingerprint.

    `created_at` is the time of the document (RFC 3339). `deletes` are the (environment, hostname) of its delete steps,
    `access` is the source of each environment's key, as the manifest had it, `api_url` the URL of the API that was read.
    `unserved` are the environments whose hostname that run left offline.
    """

    live: Mapping[str, Known]
    causes: Mapping[str, Cause]
    created_at: str = "an unknown time"
    deletes: tuple[tuple[str, str], ...] = ()
    access: Mapping[str, str] = field(default_factory=dict)
    api_url: str | None = None
    unserved: frozenset[str] = frozenset()


def baseline_of(document: object) -> Baseline:
    """The baseline, from a report (a receipt or an earlier drift document is one) or a plan. Raises NotABaseline."""
    if not isinstance(document, dict) or document.get("format") not in (PLAN, REPORT):
        raise NotABaseline("is neither a report nor a plan of this tool")
    if not is_readable(document):
        raise NotABaseline("was written by another version of this tool")
    if document.get("offline") is not None:
        raise NotABaseline("is an offline plan: live was not read")
    environments = _objects(document, "environments")
    if not environments:
        raise NotABaseline("knows of no environment: it was written by a run that failed")
    live = dict(_live(item) for item in environments if item.get("error") is None)
    findings = _objects(document, "findings") if "findings" in document else []
    causes = dict(_cause(item) for item in findings if item.get("cause") is not None)
    created_at = document.get("created_at")
    return Baseline(
        live,
        causes,
        created_at if isinstance(created_at, str) else "an unknown time",
        tuple(_deletes(document)),
        {str(item.get("name")): str(item.get("access")) for item in environments},
        _api_url(document.get("source")),
        frozenset(_unserved(document)),
    )


def _api_url(source: object) -> str | None:
    match source:
        case {"api_url": str(url)}:
            return url
        case _:
            return None


def _objects(document: Object, key: str) -> list[dict[str, Any]]:
    found = document.get(key)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise NotABaseline(f"is damaged: `{key}` is not a list of objects")
    return found


def _unserved(document: Object) -> Iterator[str]:
    """The environments whose hostname the run left offline."""
    for item in _objects(document, "unserved") if "unserved" in document else []:
        yield str(item.get("environment"))


def _deletes(document: Object) -> Iterator[tuple[str, str]]:
    for step in _objects(document, "steps") if "steps" in document else []:
        match step:
            case {"op": "delete", "environment": str(name), "hostname": str(hostname)}:
                yield name, hostname


def _live(item: Object) -> tuple[str, Known]:
    name = item.get("name")
    if not isinstance(name, str) or "live" not in item:
        raise NotABaseline("is damaged: an environment has no `name` or no `live`")
    record = item["live"]
    if record is None:
        return name, Absent()
    if not isinstance(record, dict) or not all(_fits(field, record.get(field)) for field in FIELDS):
        raise NotABaseline(f"is damaged: `live` of `{name}` is not a custom domain")
    values: dict[str, Any] = {field: record.get(field) for field in FIELDS}
    return name, Present(Domain(**values))


def _fits(field: str, value: object) -> bool:
    return isinstance(value, str) or (value is None and field not in REQUIRED_FIELDS)


def _cause(item: Object) -> tuple[str, Cause]:
    fingerprint, cause = item.get("fingerprint"), item["cause"]
    if not isinstance(fingerprint, str) or cause not in tuple(Cause):
        raise NotABaseline("is damaged: a finding has no `fingerprint` or a `cause` that there is not")
    return fingerprint, Cause(cause)
