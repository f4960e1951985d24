"""Limits that a manifest sets on changes: allowed domains, and times at which hostnames may be interrupted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""As a manifest writes them, in the order of `datetime.weekday`."""


@dataclass(frozen=True, slots=True)
class ChangeWindow:
    """A daily span of local time in which a plan may interrupt hostnames.

    `start` and `end` are minutes from midnight; an `end` that is not after `start` is on the next day. `days` are the weekdays
    of the start, Monday is 0. `time_zone` is a name of the IANA database.
    """

    days: tuple[int, ...]
    start: int
    end: int
    time_zone: str

    def contains(self, moment: datetime) -> bool:
        """Whether the moment, which has a time zone, is inside. The start belongs to the window, the end does not."""
        from zoneinfo import ZoneInfo

        local = moment.astimezone(ZoneInfo(self.time_zone))
        minute, today = local.hour * 60 + local.minute, local.weekday()
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        return (today in self.days and minute >= self.start) or ((today - 1) % 7 in self.days and minute < self.end)

    def openings(self, moment: datetime) -> Iterator[datetime]:
        """The times in the eight days after the moment at which the window opens, in its time zone."""
        from datetime import UTC, timedelta
        from zoneinfo import ZoneInfo

        zone = ZoneInfo(self.time_zone)
        midnight = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        for count in range(9):
            local = midnight + timedelta(days=count, minutes=self.start)
            opening = local.astimezone(UTC).astimezone(zone)  # a time that the clock skips becomes one that exists
            if opening > moment and local.weekday() in self.days:
                yield opening

    def __str__(self) -> str:
        days = "every day" if len(self.days) == len(DAYS) else ", ".join(DAYS[day] for day in self.days)
        return f"{days} {_clock(self.start)}-{_clock(self.end)} {self.time_zone}"


ChangeWindows = tuple[tuple[ChangeWindow, ...], ...]
"""The windows of each manifest that has some. One of each must be open."""


def closed_windows(windows: ChangeWindows, moment: datetime) -> tuple[ChangeWindow, ...]:
    """The windows of every manifest of which none is open. `moment` has a time zone."""
    return tuple(window for listed in windows if not any(item.contains(moment) for item in listed) for window in listed)


def next_opening(windows: ChangeWindows, moment: datetime) -> datetime | None:
    """The first time after `moment`, within eight days, at which one window of each manifest is open, in the time zone of the
    window that opens then; None where there is none. `moment` has a time zone."""
    openings = (opening for listed in windows for item in listed for opening in item.openings(moment))
    return min((opening for opening in openings if not closed_windows(windows, opening)), default=None)


def is_within(hostname: str, domains: Collection[str]) -> bool:
    """Whether the hostname is one of the domains or below one. All are lower-case ASCII."""
    labels = hostname.split(".")
    return any(".".join(labels[start:]) in domains for start in range(len(labels)))


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
