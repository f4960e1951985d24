"""Times and ids. Their sources are parameters, so that a world can be repeated exactly."""

from __future__ import annotations

import math
import random
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def random_ids() -> str:
    """A new UUID v4 at each call."""
    return str(uuid.uuid4())


def seeded_ids(seed: int) -> Callable[[], str]:
    """A source of UUIDs v4, the same ones for the same seed."""
    source = random.Random(seed)  # noqa: S311
    return lambda: str(uuid.UUID(int=source.getrandbits(128), version=4))


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
