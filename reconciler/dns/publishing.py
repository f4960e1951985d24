"""Publishing records with octoDNS as the library: its configuration and its providers, our records, and no other name.

octoDNS makes a zone equal to what its sources say. Here the source is the zone as the provider has it, with our records in
it, so that nothing else can differ; a plan that touches anything else all the same is refused.
"""

from __future__ import annotations

import logging
import os
import re
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from reconciler.files import read_bounded
from reconciler.model.dns import Publication, PublishState, plain_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from reconciler.model.report import Record

_MAX_CONFIG_BYTES = 1024 * 1024
_TTL = 300  # seconds, of records that are new; one that is there keeps its own
_VARIABLE = re.compile(r"\benv/([A-Za-z0-9_]+)")


class ConfigError(Exception):
    """The octoDNS configuration cannot be used. `str()` is fit for people."""


class CannotPublish(Exception):
    """A zone or a provider does not allow it. Nothing was written. `str()` is fit for people."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """One octoDNS plan, and what it does in our words."""

    target: Any
    plan: Any
    publications: tuple[Publication, ...]


class Publisher:
    """Plans and applies. Raises ConfigError where the configuration cannot be used."""

    def __init__(self, config: str) -> None:
        from octodns.manager import Manager  # type: ignore[import-untyped]

        try:
            self._secrets = _secrets(read_bounded(config, _MAX_CONFIG_BYTES).decode("utf-8"))
            with _quietly():
                self._manager = Manager(config)
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{config}: {getattr(error, 'strerror', None) or error}") from None
        except Exception as error:  # noqa: BLE001 - octoDNS imports and builds whatever the file names
            raise ConfigError(f"{config}: {self._said(error)}") from None

    def prepare(self, records: Iterable[Record]) -> tuple[Prepared, ...]:
        """What would be done, zone by zone and target by target; nothing for what is there already. Raises CannotPublish."""
        zones: dict[str, list[Record]] = {}
        for record in records:
            zones.setdefault(self._zone(record), []).append(record)
        with _quietly():
            found = [
                self._prepared(zone, target, items)
                for zone, items in sorted(zones.items())
                for target in self._targets(zone)
            ]
        return tuple(item for item in found if item is not None)

    def apply(
        self, prepared: Sequence[Prepared], on_done: Callable[[Publication], None]
    ) -> tuple[tuple[Publication, ...], bool]:
        """Every publication as it ended, and whether SIGINT or SIGTERM cut the run off. One that fails stops no other."""
        ended: list[Publication] = []
        cut_off = False
        for item in prepared:
            state, error = PublishState.NOT_STARTED, None
            if not cut_off:
                state, error = PublishState.DONE, None
                try:
                    with _quietly():
                        if not item.target.apply(item.plan):
                            state, error = PublishState.FAILED, "the provider is configured not to apply"
                except KeyboardInterrupt:
                    cut_off = True
                    state, error = PublishState.FAILED, "interrupted: whether it happened is not known"
                except Exception as failure:  # noqa: BLE001 - providers raise whatever their clients raise
                    state, error = PublishState.FAILED, self._said(failure)
            for publication in item.publications:
                ended.append(replace(publication, state=state, error=error))
                on_done(ended[-1])
        return tuple(ended), cut_off

    def _zone(self, record: Record) -> str:
        """The longest zone of the configuration that the name lies in."""
        if not record.known:
            raise CannotPublish(
                f"the API has not given the {record.purpose} record of {record.hostname} yet: run dns sync again later"
            )
        if not (plain_name(record.name) and plain_name(record.value)):
            raise CannotPublish(f"{record.name} CNAME {record.value} is not a record that can be published")
        zones: dict[str, Any] = self._manager.config["zones"]
        fitting = [zone for zone in zones if f".{record.name}.".endswith(f".{zone.lower()}")]
        if not fitting:
            raise CannotPublish(f"no zone of the configuration holds {record.name}: list its zone by name")
        return max(fitting, key=len)

    def _targets(self, zone: str) -> list[Any]:
        config = self._manager.config["zones"][zone]
        names = config.get("targets") if isinstance(config, dict) else None
        if not isinstance(names, list) or not names:
            raise CannotPublish(f"the zone {zone} has no targets in the configuration")
        if unknown := [name for name in names if name not in self._manager.providers]:
            raise CannotPublish(f"the zone {zone} names the target {unknown[0]}, which is not among the providers")
        return [self._manager.providers[name] for name in names]

    def _prepared(self, zone_name: str, target: Any, records: Sequence[Record]) -> Prepared | None:
        from octodns.record import Record as OctoRecord  # type: ignore[import-untyped]
        from octodns.zone import Zone  # type: ignore[import-untyped]

        where = f"{target.id}: {zone_name.removesuffix('.')}"
        try:
            existing = Zone(zone_name, self._manager.configured_sub_zones(zone_name))
            exists = target.populate(existing, target=True, lenient=True)
        except Exception as failure:  # noqa: BLE001 - providers raise whatever their clients raise
            raise CannotPublish(f"{where} could not be read: {self._said(failure)}") from None
        if exists is False:
            raise CannotPublish(f"{where}: there is no such zone, and publishing records creates none")
        desired = existing.copy()
        if desired.root_ns and not target.SUPPORTS_ROOT_NS:
            desired.remove_record(desired.root_ns)
        publications = []
        for record in records:
            assert record.name is not None and record.value is not None  # noqa: S101, PT018 - _zone refuses it
            at_name = {_type(item): item for item in existing.records if item.fqdn == f"{record.name}."}
            cname = at_name.pop("CNAME", None)
            if at_name:
                types = ", ".join(sorted(at_name))
                raise CannotPublish(
                    f"{where}: {record.name} has {types}, beside which no CNAME can stand: remove it first"
                )
            if cname is not None and cname.value.lower() == f"{record.value}.":
                continue
            data = {"type": "CNAME", "ttl": cname.ttl if cname else _TTL, "value": f"{record.value}."}
            made = OctoRecord.new(desired, desired.hostname_from_fqdn(f"{record.name}."), data, lenient=True)
            desired.add_record(made, replace=True, lenient=True)
            before = cname.value.removesuffix(".") if cname else None
            publications.append(Publication(target.id, zone_name.removesuffix("."), record.name, before, record.value))
        if not publications:
            return None
        try:
            plan = target.plan(desired, lenient=True)
        except Exception as failure:  # noqa: BLE001 - as above
            raise CannotPublish(f"{where} could not be planned: {self._said(failure)}") from None
        _hold_to(plan, publications, where)
        return Prepared(target, plan, tuple(publications))

    def _said(self, error: Exception) -> str:
        """The error in one line, without the values of variables that the configuration names."""
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text


def _hold_to(plan: Any, publications: Sequence[Publication], where: str) -> None:
    """The plan does exactly what it should. Raises CannotPublish."""
    planned = {
        (change.record.fqdn, _type(change.record), getattr(change.new, "value", None))
        for change in (plan.changes if plan else ())
    }
    wanted = {(f"{item.name}.", "CNAME", f"{item.after}.") for item in publications}
    if planned != wanted or plan.meta:
        others = sorted(f"{name} {kind}" for name, kind, _ in planned - wanted) or ["the zone's own settings"]
        raise CannotPublish(
            f"{where}: the provider would change {', '.join(others)} as well, which is not ours to change"
        )


def _type(record: Any) -> str:
    found: str = record._type  # noqa: SLF001 - octoDNS has no other name for it
    return found


def _secrets(config: str) -> tuple[str, ...]:
    """Values of the environment variables that the configuration names, the longest first."""
    values = {os.environ.get(name, "") for name in _VARIABLE.findall(config)}
    return tuple(sorted((value for value in values if len(value) > 3), key=len, reverse=True))


@contextmanager
def _quietly() -> Iterator[None]:
    """octoDNS and its providers log and warn at length; what matters of it comes back as errors."""
    silent = logging.NullHandler()
    root = logging.getLogger()
    root.addHandler(silent)  # or Python would write warnings to standard error by itself
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        root.removeHandler(silent)
