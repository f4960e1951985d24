"""Publishing CNAME records with octoDNS as the library.

octoDNS makes a zone equal to a desired zone. Here the desired zone is the zone as the provider has it plus the records to
publish, so nothing else differs; a plan that changes anything else is refused. The zone is read again just before the
write, which must find it unchanged, and again after it, which decides what was written.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from octodns.record import Record as OctoRecord  # type: ignore[import-untyped]
from octodns.zone import Zone  # type: ignore[import-untyped]

from reconciler.dns.octodns_config import Configuration, quiet
from reconciler.dns.provider_errors import exit_code_of
from reconciler.dns.record_checks import Candidate, Rejected, candidates, check_place, check_provider, other_changes
from reconciler.dns.zone_snapshot import Snapshot, differences, record_type, snapshot
from reconciler.model.dns import Publication, PublishState, ZoneChange
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from reconciler.model.report import Record

DEFAULT_TTL = 300  # seconds, of new records; a record that is replaced keeps its TTL
_REREAD_DELAYS = (0.0, 1.0, 2.0)  # seconds before each re-read, until the provider shows what it accepted


@dataclass(frozen=True, slots=True)
class ZoneEdit:
    """One zone at one provider, as it was read, and what to publish there. `zone` ends with a dot."""

    target: str
    zone: str
    before: Snapshot
    publications: tuple[Publication, ...]

    @property
    def planned(self) -> bool:
        return any(item.state is PublishState.PLANNED for item in self.publications)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Every edit to make, and what cannot be published and why."""

    edits: tuple[ZoneEdit, ...]
    refused: tuple[Publication, ...] = ()

    @property
    def publications(self) -> tuple[Publication, ...]:
        return (*(item for edit in self.edits for item in edit.publications), *self.refused)


@dataclass(frozen=True, slots=True)
class Published:
    """How each publication ended, and every other record of the zones that changed meanwhile."""

    publications: tuple[Publication, ...]
    changes: tuple[ZoneChange, ...] = ()
    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class _Reading:
    """A zone as a new provider read it."""

    provider: Any
    zone: Any
    records: Snapshot
    cnames: Mapping[str, Any]  # octoDNS records by absolute name

    def cname(self, name: str) -> Any:
        """The CNAME at the name, or None."""
        return self.cnames.get(f"{name}.")

    def has(self, item: Publication) -> bool:
        """The record is in the zone as it should be."""
        record = self.cname(item.name)
        return record is not None and record.value.lower() == f"{item.after}."


class Publisher:
    """Plans and applies. Raises ConfigError where the configuration cannot be used."""

    def __init__(
        self,
        config: str,
        *,
        allow_zone_rewrite: bool = False,
        ttl: int = DEFAULT_TTL,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._config = Configuration(config)
        self._allow_zone_rewrite = allow_zone_rewrite
        self._ttl = ttl
        self._sleep = sleep

    @property
    def ignored(self) -> tuple[str, ...]:
        """The settings of the configuration that octoDNS would use and this does not."""
        return self._config.ignored

    def prepare(self, records: Sequence[Record]) -> Prepared:
        """Read every zone and plan its edit; nothing for records that exist already. What cannot be published stops its own
        zone only."""
        zones: dict[tuple[str, str], list[Candidate]] = {}
        refused = []
        for record in candidates(records):
            try:
                if record.problem is not None:
                    raise record.problem
                zone = self._zone(record.name)
                for target in self._targets(zone):
                    zones.setdefault((zone, target), []).append(record)
            except Rejected as error:
                refused.append(_refused(Publication("", record.zone, record.name, None, record.value), error))
        edits = (self._edit(zone, target, items) for (zone, target), items in sorted(zones.items()))
        return Prepared(tuple(edit for edit in edits if edit.publications), tuple(refused))

    def apply(self, prepared: Prepared, on_done: Callable[[Publication], None]) -> Published:
        """Write every planned edit. One that fails stops no other; after SIGINT or SIGTERM no other starts."""
        publications: list[Publication] = []
        changes: list[ZoneChange] = []
        interrupted = False
        for edit in prepared.edits:
            published = Published(edit.publications)
            if edit.planned:
                published = Published(tuple(map(_not_started, edit.publications))) if interrupted else self._write(edit)
            publications += published.publications
            changes += published.changes
            interrupted = interrupted or published.interrupted
            for item in published.publications:
                on_done(item)
        for item in prepared.refused:
            on_done(item)
        return Published((*publications, *prepared.refused), tuple(changes), interrupted)

    def _zone(self, name: str) -> str:
        """The longest zone of the configuration that the name lies in. Raises Rejected."""
        matching = [zone for zone in self._config.zones if f".{name}.".endswith(f".{zone.lower()}")]
        if not matching:
            raise Rejected(f"no zone of the configuration holds {name}: list its zone by name")
        return max(matching, key=len)

    def _targets(self, zone: str) -> list[str]:
        settings = self._config.zones[zone]
        names = settings.get("targets") if isinstance(settings, dict) else None
        if not isinstance(names, list) or not names:
            raise Rejected(f"the zone {zone} has no targets in the configuration")
        if unknown := [name for name in names if name not in self._config.providers]:
            raise Rejected(f"the zone {zone} names the target {unknown[0]}, which is not among the providers")
        return names

    def _edit(self, zone: str, target: str, records: Sequence[Candidate]) -> ZoneEdit:
        where = f"{target}: {_plain(zone)}"
        publications = [Publication(target, _plain(zone), record.name, None, record.value) for record in records]
        try:
            reading = self._read(zone, target)
        except Rejected as error:
            return ZoneEdit(target, zone, {}, tuple(_refused(item, error) for item in publications))
        found: list[Publication] = []
        for item in publications:
            try:
                check_place(item.name, zone, reading.records, where)
            except Rejected as error:
                found.append(_refused(item, error))
                continue
            before = reading.cname(item.name)
            if not reading.has(item):
                found.append(replace(item, before=before.value.removesuffix(".") if before else None))
        if any(item.state is PublishState.REFUSED for item in found):
            return ZoneEdit(target, zone, reading.records, tuple(map(_not_started, found)))
        try:
            if found:
                self._plan(reading, found, where)
        except Rejected as error:
            found = [_refused(item, error) for item in found]
        return ZoneEdit(target, zone, reading.records, tuple(found))

    def _write(self, edit: ZoneEdit) -> Published:
        """Read the zone again, write, and read once more. What that reading shows is the true state of each record."""
        zone = _plain(edit.zone)
        where = f"{edit.target}: {zone}"
        failure: BaseException | None = None
        try:
            reading = self._read(edit.zone, edit.target)
            if changed := differences(edit.target, zone, edit.before, reading.records):
                raise Rejected(f"{where}: the zone changed after it was read: {_listed(changed)}")
            plan = self._plan(reading, edit.publications, where)
        except Rejected as error:
            return Published(tuple(_refused(item, error) for item in edit.publications))
        try:
            with quiet():
                if not reading.provider.apply(plan):
                    failure = Rejected("the provider is configured not to apply", ExitCode.ERROR)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - providers raise whatever their clients raise
            failure = error
        ended, after = self._states(edit, failure)
        ours = frozenset((f"{item.name}.", "CNAME") for item in edit.publications)
        others = differences(edit.target, zone, reading.records, after, ours) if after is not None else ()
        return Published(ended, others, isinstance(failure, KeyboardInterrupt))

    def _states(self, edit: ZoneEdit, failure: BaseException | None) -> tuple[tuple[Publication, ...], Snapshot | None]:
        """Each publication as a re-read shows it, and the zone then; None where it cannot be read."""
        reading, problem = None, ""
        for delay in _REREAD_DELAYS if failure is None else _REREAD_DELAYS[:1]:
            self._sleep(delay)
            try:
                reading = self._read(edit.zone, edit.target)
            except Rejected as error:
                problem = str(error)
                continue
            if all(reading.has(item) for item in edit.publications):
                break
        return tuple(self._state(item, reading, failure, problem) for item in edit.publications), (
            reading.records if reading else None
        )

    def _state(
        self, item: Publication, reading: _Reading | None, failure: BaseException | None, problem: str
    ) -> Publication:
        cause, code = "the provider reported success", ExitCode.ERROR
        match failure:
            case Rejected():
                cause = str(failure)
            case KeyboardInterrupt():
                cause = "interrupted; a re-read shows that the record was not written"
            case Exception():
                cause, code = self._config.describe(failure), exit_code_of(failure, ExitCode.ERROR)
        if reading is None:
            cause = cause.partition(";")[0]
            error = f"{cause}; the zone could not be read again, so the state is unknown: {problem}"
            return replace(item, state=PublishState.UNKNOWN, error=error, exit_code=ExitCode.PARTIAL)
        if reading.has(item):
            return replace(item, state=PublishState.DONE)
        if failure is None:
            error = f"{cause}, but a re-read does not show the record"
            return replace(item, state=PublishState.UNKNOWN, error=error, exit_code=ExitCode.PARTIAL)
        return replace(item, state=PublishState.FAILED, error=cause, exit_code=code)

    def _read(self, zone: str, target: str) -> _Reading:
        """The zone as a new provider reads it. Raises Rejected."""
        where = f"{target}: {_plain(zone)}"
        try:
            with quiet():
                provider = self._config.provider(target)
                if not self._allow_zone_rewrite:
                    check_provider(provider, where)
                existing = Zone(zone, self._config.sub_zones(zone))
                exists = provider.populate(existing, target=True, lenient=True)
        except Rejected:
            raise
        except Exception as error:  # noqa: BLE001 - providers raise whatever their clients raise
            code = exit_code_of(error, ExitCode.UNREACHABLE)
            raise Rejected(f"{where} could not be read: {self._config.describe(error)}", code) from None
        if exists is False:
            raise Rejected(f"{where}: there is no such zone at the provider. Create it first")
        cnames = {record.fqdn: record for record in existing.records if record_type(record) == "CNAME"}
        return _Reading(provider, existing, snapshot(existing.records), cnames)

    def _plan(self, reading: _Reading, publications: Sequence[Publication], where: str) -> Any:
        """octoDNS's plan that publishes exactly these records. Raises Rejected."""
        desired = reading.zone.copy()
        try:
            with quiet():
                if desired.root_ns and not reading.provider.SUPPORTS_ROOT_NS:
                    desired.remove_record(desired.root_ns)
                for item in publications:
                    old = reading.cname(item.name)
                    data = {"type": "CNAME", "ttl": old.ttl if old else self._ttl, "value": f"{item.after}."}
                    name = desired.hostname_from_fqdn(f"{item.name}.")
                    desired.add_record(OctoRecord.new(desired, name, data, lenient=True), replace=True, lenient=True)
                plan = reading.provider.plan(desired, lenient=True)
        except Exception as error:  # noqa: BLE001 - providers raise whatever their clients raise
            code = exit_code_of(error, ExitCode.ERROR)
            raise Rejected(f"{where} could not be planned: {self._config.describe(error)}", code) from None
        changes = plan.changes if plan else ()
        planned = [
            (change.record.fqdn, record_type(change.record), getattr(change.new, "value", None)) for change in changes
        ]
        others = other_changes(planned, [(item.name, item.after) for item in publications])
        if plan and plan.meta:
            others.append("the settings of the zone")
        if others:
            raise Rejected(f"{where}: the provider would also change {', '.join(others)}")
        if len(planned) != len(publications):
            raise Rejected(f"{where}: the provider would not publish every record", ExitCode.ERROR)
        return plan


def _refused(item: Publication, error: Rejected) -> Publication:
    return replace(item, state=PublishState.REFUSED, error=str(error), exit_code=error.exit_code)


def _not_started(item: Publication) -> Publication:
    return replace(item, state=PublishState.NOT_STARTED) if item.state is PublishState.PLANNED else item


def _plain(zone: str) -> str:
    return zone.removesuffix(".")


def _listed(changes: Sequence[ZoneChange]) -> str:
    return "; ".join(map(str, changes))
