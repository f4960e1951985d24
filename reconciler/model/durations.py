"""Durations as people write them: `90s`, `10m`, `1h30m`, `2d`. Every parser raises ValueError with the message to show."""

from __future__ import annotations

import re

_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_MAX = 3650 * 86400  # seconds
_MAX_TIMEOUT = 3600.0
_FORM = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s?)?", re.ASCII)


def parse_duration(text: str) -> float:
    """Seconds; a number without a unit counts seconds."""
    match = _FORM.fullmatch(text.strip())
    if not text or match is None:
        raise ValueError(f"'{text}' is not a duration such as 90s, 10m or 1h30m")
    numbers = zip(match.groups(), _UNITS, strict=True)
    seconds = sum(int(number) * size for number, (_, size) in numbers if number)
    if seconds > _MAX:
        raise ValueError(f"'{text}' is longer than {_MAX // 86400} days")
    return float(seconds)


def format_duration(seconds: float) -> str:
    """Whole seconds as `parse_duration` reads them: `15m`, `1h30m`."""
    left, text = int(seconds), ""
    for unit, size in _UNITS:
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def parse_validity(text: str) -> float:
    """The same with a unit, and at least one second."""
    seconds = parse_duration(text)
    if text.strip()[-1:].isdecimal():
        raise ValueError(f"'{text}' has no unit: write {text}s, {text}m or {text}h")
    if seconds < 1:
        raise ValueError(f"'{text}' is less than 1 s")
    return seconds


def parse_timeout(text: str) -> float:
    """Seconds, also with a fraction, or a duration; more than none and at most an hour."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = parse_duration(text)
    if not 0 < seconds <= _MAX_TIMEOUT:
        raise ValueError(f"'{text}' is not between 0 and 1h")
    return seconds
