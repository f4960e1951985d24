"""Publishing CNAME records with octoDNS as the library.

octoDNS makes a zone equal to a desired zone. Here the desired zone is the zone as the provider has it plus the records to
publish, so nothing else differs; a plan that changes anything else is refused. The zone is read again just before the
write, which must find it unchanged, and again after it, which decides what was written.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.dns.octodns_config import Configuration
from reconciler.dns.provider_errors import exit_code_of
from reconciler.dns.quiet import quiet
from reconciler.dns.record_checks import Candidate, Intent, Rejected, candidates, check_place
from reconciler.dns.zone_access import DEFAULT_TTL, Reading, ZoneAccess
from reconciler.dns.zone_snapshot import Key, Snapshot, differences
from reconciler.model.dns import Publication, PublishState, ZoneChange
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from reconciler.model.report import Record

Refuse = Callable[[Publication], str | None]
"""Why a planned record is not to be published; None where it is."""

_REREAD_DELAYS = (0.0, 1.0, 2.0)  # seconds before each re-read, until the provider shows what it accepted
AGAIN = (0.2, 0.5, 1.0, 2.0)
"""Seconds before each new attempt, where another writer has changed the zone, or the provider had a problem."""


@dataclass(frozen=True, slots=True)
class Options:
    """`ttl` is in seconds, of new records. `zones` limits the run to these zones, without trailing dots; empty means all.
    `replace` has the names whose other records may be replaced by the CNAME."""

    allow_zone_rewrite: bool = False
    ttl: int = DEFAULT_TTL
    zones: Collection[str] = ()
    replace: Collection[str] = ()
    sleep: Callable[[float], None] = time.sleep


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

    def checked(self, refuse: Refuse) -> Prepared:
        """The same, with what `refuse` has a reason for refused."""
        edits = (
            replace(edit, publications=tuple(_checked(item, refuse) for item in edit.publications))
            for edit in self.edits
        )
        return replace(self, edits=tuple(edits))


@dataclass(frozen=True, slots=True)
class Published:
    """How each publication ended, and every other record of the zones that changed meanwhile."""

    publications: tuple[Publication, ...]
    changes: tuple[ZoneChange, ...] = ()
    interrupted: bool = False


class Publisher:
    """Plans and applies. Raises ConfigError where the configuration cannot be used."""

    def __init__(self, config: str, options: Options | None = None) -> None:
        self._config = Configuration(config)
        self._options = options or Options()
        self._access = ZoneAccess(self._config, self._options.allow_zone_rewrite, self._options.ttl)

    @property
    def ignored(self) -> tuple[str, ...]:
        """The settings of the configuration that octoDNS would use and this does not."""
        return self._config.ignored

    @property
    def zones(self) -> frozenset[str]:
        """The zones of the configuration, without trailing dots."""
        return frozenset(_plain(zone).lower() for zone in self._config.zones)

    def prepare(
        self, records: Sequence[Record], *, ahead: Sequence[Record] = (), stale: Sequence[Record] = ()
    ) -> Prepared:
        """Read every zone and plan its edit; nothing for records that exist already. What cannot be published stops its own
        zone only. Records of `ahead` are only added, never replaced. Those of `stale` are deleted where they still have
        their value."""
        zones: dict[tuple[str, str], list[Candidate]] = {}
        refused = []
        for record in candidates(records, ahead, stale):
            try:
                if record.problem is not None:
                    raise record.problem
                zone = self._zone(record.name)
                if self._options.zones and _plain(zone).lower() not in self._options.zones:
                    continue
                for target in self._targets(zone):
                    zones.setdefault((zone, target), []).append(record)
            except Rejected as error:
                refused.append(_refused(Publication("", record.zone, record.name, None, record.value), error))
        edits = (self._edit(zone, target, items) for (zone, target), items in sorted(zones.items()))
        return Prepared(tuple(edit for edit in edits if edit.publications), tuple(refused))

    def prepare_settled(self, records: Sequence[Record]) -> Prepared:
        """Prepare, again where that failed for a reason that may pass."""
        for delay in AGAIN:
            prepared = self.prepare(records)
            if not any(item.passing for item in prepared.publications):
                return prepared
            self._options.sleep(delay)
        return self.prepare(records)

    def prepare_each(self, records: Sequence[Record], refuse: Refuse, *, settled: bool = False) -> Prepared:
        """Prepare. What may not be published, or `refuse` has a reason for, stops the records of its own environment only.
        A zone that cannot be read stops nothing in other zones, nor at other targets.
        """
        prepare = self.prepare_settled if settled else self.prepare
        refused: list[Publication] = []
        while True:
            prepared = prepare(records).checked(refuse)
            found = prepared.publications
            names = {item.name for item in found if item.exit_code is ExitCode.REFUSED and not item.passing}
            stopped = {record.environment for record in records if record.name in names or not record.known}
            if not stopped:
                return replace(prepared, refused=(*prepared.refused, *refused))
            theirs = {record.name for record in records if record.environment in stopped}
            refused += (_not_started(item) for item in found if item.name in theirs)
            records = [record for record in records if record.environment not in stopped]

    def publish(self, records: Sequence[Record], refuse: Refuse) -> Published:
        """Prepare each and apply, again where that failed for a reason that may pass: until then a hostname has no records.

        Records that exist already by then are not among the publications.
        """
        ended: dict[tuple[str, str, str], Publication] = {}
        changes: list[ZoneChange] = []
        for delay in (*AGAIN, None):
            published = self.apply(self.prepare_each(records, refuse))
            changes += published.changes
            ended = {place: item for place, item in ended.items() if not item.passing}
            ended |= {(item.target, item.zone, item.name): item for item in published.publications}
            if delay is None or published.interrupted or not any(item.passing for item in published.publications):
                break
            self._options.sleep(delay)
        return Published(tuple(ended.values()), tuple(changes), published.interrupted)

    def apply(self, prepared: Prepared) -> Published:
        """Write every planned edit. One that fails stops no other; after SIGINT or SIGTERM no other starts.

        Raises KeyboardInterrupt where nothing was written before it.
        """
        publications: list[Publication] = []
        changes: list[ZoneChange] = []
        interrupted = False
        for edit in prepared.edits:
            published = Published(edit.publications)
            if edit.planned and interrupted:
                published = Published(tuple(map(_not_started, edit.publications)))
            elif edit.planned:
                try:
                    published = self._write(edit)
                except KeyboardInterrupt:
                    if not any(map(_was_sent, publications)):
                        raise
                    published = Published(tuple(map(_not_started, edit.publications)), interrupted=True)
            publications += published.publications
            changes += published.changes
            interrupted = interrupted or published.interrupted
        return Published((*publications, *prepared.refused), tuple(changes), interrupted)

    def _zone(self, name: str) -> str:
        """The longest zone of the configuration that the name lies in. Raises Rejected."""
        matching = [zone for zone in self._config.zones if f".{name}.".endswith(f".{zone.lower()}")]
        if not matching:
            raise Rejected(f"no zone of the configuration contains {name}: add its zone to `zones`")
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
        try:
            reading = self._access.read(zone, target)
        except Rejected as error:
            unread = (Publication(target, _plain(zone), record.name, None, record.value) for record in records)
            return ZoneEdit(target, zone, {}, tuple(_refused(item, error) for item in unread))
        taken = {
            record.hostname
            for record in records
            if record.intent is Intent.DELETE and reading.cname(record.name) not in {None, record.value}
        }
        found = tuple(
            item
            for record in records
            # A record with another value belongs to another domain: its hostname has moved there.
            if not (record.intent is Intent.DELETE and record.hostname in taken)
            if (item := self._publication(zone, target, record, reading))
        )
        if any(item.state is PublishState.REFUSED for item in found):
            return ZoneEdit(target, zone, reading.records, tuple(map(_not_started, found)))
        try:
            if found:
                self._access.plan(reading, found, where)
        except Rejected as error:
            found = tuple(_refused(item, error) for item in found)
        return ZoneEdit(target, zone, reading.records, found)

    def _publication(self, zone: str, target: str, record: Candidate, reading: Reading) -> Publication | None:
        """What to do for the record; None where there is nothing to do."""
        where = f"{target}: {_plain(zone)}"
        before = reading.cname(record.name)
        item = Publication(target, _plain(zone), record.name, before, record.value)
        if record.intent is Intent.DELETE:
            return replace(item, after=None) if before == record.value else None
        removes: tuple[str, ...] = ()
        try:
            only_add = record.intent is Intent.ADD
            replaceable = () if only_add else self._options.replace
            removes = check_place(record.name, zone, reading.records, where, replaceable)
            if only_add and before not in {None, record.value}:
                raise Rejected(f"{where}: {record.name} points to {before}: a record ahead of its domain is only added")
        except Rejected as error:
            return _refused(item, error)
        return None if before == record.value else replace(item, removes=removes)

    def _write(self, edit: ZoneEdit) -> Published:
        """Read the zone again, write, and read once more. What that reading shows is the true state of each record.

        Raises KeyboardInterrupt before the write, and no more from its beginning on.
        """
        zone = _plain(edit.zone)
        where = f"{edit.target}: {zone}"
        failure: BaseException | None = None
        try:
            reading = self._access.read(edit.zone, edit.target)
            if changed := differences(edit.target, zone, edit.before, reading.records):
                listed = "; ".join(map(str, changed))
                raise Rejected(f"{where}: the zone changed after it was read: {listed}", passing=True)
            plan = self._access.plan(reading, edit.publications, where)
        except Rejected as error:
            return Published(tuple(_refused(item, error) for item in edit.publications))
        try:
            with quiet():
                if not reading.provider.apply(plan):
                    failure = Rejected("the provider is configured not to apply", ExitCode.ERROR)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - providers raise whatever their clients raise
            failure = error
        after, problem, interrupted = self._reread(edit, failure)
        results = tuple(self._result(item, after, failure, problem) for item in edit.publications)
        changes = differences(edit.target, zone, reading.records, after.records, _edited(edit)) if after else ()
        return Published(results, changes, interrupted or isinstance(failure, KeyboardInterrupt))

    def _reread(self, edit: ZoneEdit, failure: BaseException | None) -> tuple[Reading | None, str, bool]:
        """The zone after the write, or None and why it cannot be read; and whether a signal came meanwhile. A provider that
        reported success gets some time to show it; after a signal there is one more look."""
        reading, problem, interrupted = None, "", False
        delays = list(_REREAD_DELAYS if failure is None else _REREAD_DELAYS[:1])
        while delays:
            try:
                self._options.sleep(delays.pop(0))
                reading = self._access.read(edit.zone, edit.target)
            except Rejected as error:
                problem = str(error)
                continue
            except KeyboardInterrupt:
                problem, delays, interrupted = "interrupted", [] if interrupted else [0.0], True
                continue
            if all(reading.has(item) for item in edit.publications):
                break
        return reading, problem, interrupted

    def _result(
        self, item: Publication, after: Reading | None, failure: BaseException | None, problem: str
    ) -> Publication:
        cause, code = "the provider reported success", ExitCode.ERROR
        match failure:
            case Rejected():
                cause = str(failure)
            case KeyboardInterrupt():
                cause = "interrupted"
            case Exception():
                cause, code = self._config.describe(failure), exit_code_of(failure, ExitCode.ERROR)
        if after is None:
            error = f"{cause}; the zone could not be read again, so the state is unknown: {problem}"
            return replace(item, state=PublishState.UNKNOWN, error=error, exit_code=ExitCode.PARTIAL)
        if after.has(item):
            return replace(item, state=PublishState.DONE)
        if failure is None:
            error = f"{cause}, but a re-read does not show it"
            return replace(item, state=PublishState.UNKNOWN, error=error, exit_code=ExitCode.PARTIAL)
        if isinstance(failure, KeyboardInterrupt):
            cause = "interrupted; a re-read shows that the record was not written"
        passing = not isinstance(failure, KeyboardInterrupt)
        return replace(item, state=PublishState.FAILED, error=cause, exit_code=code, passing=passing)


def _edited(edit: ZoneEdit) -> frozenset[Key]:
    """The records that the edit is meant to change."""
    names = {f"{item.name}." for item in edit.publications}
    removed = {f"{item.name}." for item in edit.publications if item.removes}
    return frozenset(
        {(name, "CNAME") for name in names} | {(name, kind) for name, kind in edit.before if name in removed}
    )


def _refused(item: Publication, error: Rejected) -> Publication:
    return replace(item, state=PublishState.REFUSED, error=str(error), exit_code=error.exit_code, passing=error.passing)


def _checked(item: Publication, refuse: Refuse) -> Publication:
    reason = refuse(item) if item.state is PublishState.PLANNED else None
    return item if reason is None else _refused(item, Rejected(reason))


def _not_started(item: Publication) -> Publication:
    return replace(item, state=PublishState.NOT_STARTED) if item.state is PublishState.PLANNED else item


def _was_sent(item: Publication) -> bool:
    """The record was written, or may have been."""
    return item.state in {PublishState.DONE, PublishState.FAILED, PublishState.UNKNOWN}


def _plain(zone: str) -> str:
    return zone.removesuffix(".")
