"""The lists below `limits`, checked item by item: `allowed_domains` and `change_windows`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from reconciler.manifest.codes import Code
from reconciler.manifest.fast_schema import MAX_ZONE, START, WINDOW_KEYS, window_fits
from reconciler.manifest.hostnames import HostnameError, domain_name
from reconciler.manifest.located import LocatedList, LocatedMapping
from reconciler.manifest.source_text import Location, error
from reconciler.manifest.wording import closest, shorten
from reconciler.model.limits import DAYS, ChangeWindow

if TYPE_CHECKING:
    from reconciler.manifest.located import Document
    from reconciler.model.diagnostics import Diagnostic


_OFFSET = re.compile(r"[+-][0-9]")


class ManifestLimits:
    """The limits of one file. Values that do not match the schema are left out: they are reported elsewhere."""

    def __init__(self, document: Document, limits: LocatedMapping) -> None:
        self.problems: list[Diagnostic] = []
        self._document = document
        domains = (self._domain(text, at) for text, at in self._items(limits, "allowed_domains", str))
        self.allowed_domains = tuple(sorted({domain for domain in domains if domain is not None}))
        windows = (self._window(window, at) for window, at in self._items(limits, "change_windows", LocatedMapping))
        self.change_windows = tuple(window for window in windows if window is not None)

    def _items(self, limits: LocatedMapping, key: str, kind: type) -> list[tuple[Any, Location]]:
        items = limits.get(key)
        if not isinstance(items, LocatedList):
            return []
        return [
            (item, self._document.value_at(items, index)) for index, item in enumerate(items) if isinstance(item, kind)
        ]

    def _domain(self, text: str, at: Location) -> str | None:
        try:
            return domain_name(text)
        except HostnameError as failure:
            hint = "write `example.com`: it allows every name below it"
            self.problems.append(error(failure.code, failure.message, at, hint=hint))
            return None

    def _window(self, window: LocatedMapping, at: Location) -> ChangeWindow | None:
        # A misspelt key is a problem of its own, and its value is checked all the same.
        zone_key = "time_zone" if "time_zone" in window else next(filter(_is_zone_key, window), "time_zone")
        start, end, zone = window.get("from"), window.get("to"), window.get(zone_key)
        days = window.get("days", DAYS)
        if isinstance(start, str) and START.fullmatch(start) and start == end:
            hint = 'for the whole day write `from: "00:00"` and `to: "24:00"`'
            self.problems.append(
                error(Code.WRONG_TYPE, "the change window starts and ends at the same time", at, hint=hint)
            )
        if isinstance(zone, str) and zone not in _time_zones():
            self._refuse_zone(zone, self._document.value_at(window, zone_key))
        if not window_fits(window) or start == end or zone not in _time_zones():
            return None
        numbers = tuple(number for number, day in enumerate(DAYS) if day in days)
        return ChangeWindow(numbers, _minutes(window["from"]), _minutes(window["to"]), zone)

    def _refuse_zone(self, zone: str, at: Location) -> None:
        if len(zone) > MAX_ZONE:  # reported with the schema
            return
        is_offset = _OFFSET.search(zone)  # such as `UTC+1`, of which `UTC` is no correction
        suggestion = None if is_offset else closest(zone, tuple(sorted(_time_zones())))
        hint = f"did you mean `{suggestion}`?" if suggestion else "write a name such as `Europe/Berlin` or `UTC`"
        message = f"there is no time zone `{shorten(zone)}`"
        self.problems.append(error(Code.WRONG_TYPE, message, at, hint=hint))


def _is_zone_key(key: object) -> bool:
    return isinstance(key, str) and key not in WINDOW_KEYS and closest(key, WINDOW_KEYS) == "time_zone"


@cache
def _time_zones() -> frozenset[str]:
    """The names of the IANA database. `zoneinfo` also accepts whatever the machine has, such as its own zone as `localtime`."""
    from importlib.resources import files

    names = files("tzdata").joinpath("zones").read_text("utf-8").split()
    return frozenset(names) - {"Factory"}  # the IANA's word for a clock that is not set


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)
