"""How documents write a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def later(moment: str, seconds: int) -> str:
    """`moment`, as `timestamp` writes it, and so many seconds more."""
    return timestamp(datetime.fromisoformat(moment) + timedelta(seconds=seconds))


def timestamp(moment: datetime) -> str:
    """RFC 3339, UTC, whole seconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp_of(seconds: int) -> str:
    """The same of seconds since the epoch."""
    return timestamp(datetime.fromtimestamp(seconds, UTC))


def seconds_of(moment: str) -> int:
    """Seconds since the epoch of a moment, as `timestamp_of` writes it. Raises ValueError."""
    return int(datetime.fromisoformat(moment).timestamp())
