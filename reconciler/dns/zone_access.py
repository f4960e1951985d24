"""One zone at one provider: read it, plan an edit of it. Only octoDNS objects leave this module inside a Reading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from octodns.record import Record as OctoRecord  # type: ignore[import-untyped]
from octodns.zone import Zone  # type: ignore[import-untyped]

from reconciler.dns.provider_errors import exit_code_of
from reconciler.dns.quiet import quiet
from reconciler.dns.record_checks import Rejected, check_provider, no_zone
from reconciler.dns.zone_snapshot import Snapshot, record_type, snapshot
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.dns.octodns_config import Configuration
    from reconciler.model.dns import Publication

DEFAULT_TTL = 300  # seconds, of new records; a record that is replaced keeps its TTL


@dataclass(frozen=True, slots=True)
class Reading:
    """A zone as a new provider read it."""

    provider: Any
    zone: Any
    records: Snapshot
    cnames: Mapping[str, Any]  # octoDNS records by absolute name

    def cname(self, name: str) -> str | None:
        """The target of the CNAME at the name, without its trailing dot; None where there is none."""
        record = self.cnames.get(f"{name}.")
        return None if record is None else str(record.value).lower().removesuffix(".")

    def has(self, item: Publication) -> bool:
        """The zone is as the publication makes it."""
        return self.cname(item.name) == item.after

    def others(self, name: str) -> list[Any]:
        """The octoDNS records at the name that are no CNAME."""
        fqdn = f"{name}."
        return [record for record in self.zone.records if record.fqdn == fqdn and record_type(record) != "CNAME"]


@dataclass(frozen=True, slots=True)
class ZoneAccess:
    """Reads zones and plans edits with the providers of the configuration. `ttl` is in seconds, of new records."""

    config: Configuration
    allow_zone_rewrite: bool = False
    ttl: int = DEFAULT_TTL

    def read(self, zone: str, target: str) -> Reading:
        """The zone as a new provider reads it. Raises Rejected."""
        where = f"{target}: {zone.removesuffix('.')}"
        try:
            with quiet():
                provider = self.config.provider(target)
                if not self.allow_zone_rewrite:
                    check_provider(provider, where)
                existing = Zone(zone, self.config.sub_zones(zone))
                exists = provider.populate(existing, target=True, lenient=True)
        except Rejected:
            raise
        except Exception as error:  # noqa: BLE001 - providers raise whatever their clients raise
            code = exit_code_of(error, ExitCode.UNREACHABLE)
            raise Rejected(f"{where} could not be read: {self.config.describe(error)}", code, passing=True) from None
        if exists is False:
            raise no_zone(provider, where)
        cnames = {record.fqdn: record for record in existing.records if record_type(record) == "CNAME"}
        return Reading(provider, existing, snapshot(existing.records), cnames)

    def plan(self, reading: Reading, publications: Sequence[Publication], where: str) -> Any:
        """octoDNS's plan that makes exactly these edits. Raises Rejected."""
        desired = reading.zone.copy()
        expected = set(_expected(reading, publications))
        try:
            with quiet():
                if desired.root_ns and not reading.provider.SUPPORTS_ROOT_NS:
                    desired.remove_record(desired.root_ns)
                for item in publications:
                    self._edit(reading, desired, item)
                plan = reading.provider.plan(desired, lenient=True)
        except Exception as error:  # noqa: BLE001 - providers raise whatever their clients raise
            code = exit_code_of(error, ExitCode.ERROR)
            raise Rejected(f"{where} could not be planned: {self.config.describe(error)}", code) from None
        planned = {
            (change.record.fqdn, record_type(change.record), _value(change.new))
            for change in (plan.changes if plan else ())
        }
        others = sorted(f"{name} {kind}" for name, kind, _ in planned - expected)
        passing = bool(others)  # the provider reads the zone once more, and another writer may have been faster
        if plan and plan.meta:
            others.append("the settings of the zone")
        if others:
            raise Rejected(f"{where}: the provider would also change {', '.join(others)}", passing=passing)
        if planned != expected:
            raise Rejected(f"{where}: the provider would not publish every record", ExitCode.ERROR)
        return plan

    def _edit(self, reading: Reading, desired: Any, item: Publication) -> None:
        old = reading.cnames.get(f"{item.name}.")
        if item.after is None:
            desired.remove_record(old)
            return
        for record in reading.others(item.name) if item.removes else ():
            desired.remove_record(record)
        data = {"type": "CNAME", "ttl": old.ttl if old else self.ttl, "value": f"{item.after}."}
        name = desired.hostname_from_fqdn(f"{item.name}.")
        desired.add_record(OctoRecord.new(desired, name, data, lenient=True), replace=True, lenient=True)


def _expected(reading: Reading, publications: Sequence[Publication]) -> Iterator[tuple[str, str, str | None]]:
    """The (name, type, new value) of every change that the publications need."""
    for item in publications:
        yield f"{item.name}.", "CNAME", None if item.after is None else f"{item.after}."
        for record in reading.others(item.name) if item.removes else ():
            yield record.fqdn, record_type(record), None


def _value(record: Any) -> str | None:
    value = getattr(record, "value", None)
    return None if value is None else str(value)
