"""A zone as a provider has it, for comparing: every record that the provider can read, with its TTL and settings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.model.dns import ZoneChange

if TYPE_CHECKING:
    from collections.abc import Iterable

Key = tuple[str, str]  # absolute name with its dot, record type
Snapshot = dict[Key, str]  # the record's TTL and values in one line


def snapshot(records: Iterable[Any]) -> Snapshot:
    """The records of an octoDNS zone by name and type. Equal zones give equal snapshots."""
    return {(record.fqdn, record_type(record)): _line(record) for record in records}


def differences(
    target: str, zone: str, before: Snapshot, after: Snapshot, ignore: frozenset[Key] = frozenset()
) -> tuple[ZoneChange, ...]:
    """Every record that differs, in order of name and type, except those of `ignore`."""
    keys = sorted((before.keys() | after.keys()) - ignore)
    return tuple(
        ZoneChange(target, zone, name, kind, before.get((name, kind)), after.get((name, kind)))
        for name, kind in keys
        if before.get((name, kind)) != after.get((name, kind))
    )


def record_type(record: Any) -> str:
    """The type of an octoDNS record, such as CNAME."""
    kind: str = record._type  # noqa: SLF001 - octoDNS has no public name for it
    return kind


def _line(record: Any) -> str:
    data = dict(record.data)
    ttl, values = data.pop("ttl", None), data.pop("values", None)
    if values is None:
        values = [data.pop("value", None)]
    texts = sorted(value if isinstance(value, str) else _json(value) for value in values)
    settings = f" {_json(data)}" if data else ""
    return f"{ttl} {', '.join(texts)}{settings}"


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
