"""The clock, as documents write it."""

from __future__ import annotations

from datetime import UTC, datetime

from reconciler.model.times import timestamp


def now() -> str:
    """The time of this moment: RFC 3339, UTC, whole seconds."""
    return timestamp(datetime.now(UTC))
