"""Times and ids. Their sources are parameters, so that a world can be repeated exactly."""

from __future__ import annotations

import math
import uuid
from datetime import UTC, datetime


def random_ids() -> str:
    """A new UUID v4 at each call."""
    return str(uuid.uuid4())


def timestamp(seconds: float, form: str = "seconds") -> str:
    """RFC 3339 in UTC: `seconds` as in the documented example, `fractions`, or `offset` instead of `Z`."""
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds" if form == "fractions" else "seconds")
    return text if form == "offset" else text.removesuffix("+00:00") + "Z"


def seconds_of(text: str) -> float:
    """Seconds since 1970 of a timestamp; infinity for a text that is none, as the admin API may set."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return math.inf
