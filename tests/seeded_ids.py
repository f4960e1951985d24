"""Ids of a world that can be repeated exactly."""

from __future__ import annotations

import random
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def seeded_ids(seed: int) -> Callable[[], str]:
    """A source of UUIDs v4, the same ones for the same seed."""
    source = random.Random(seed)
    return lambda: str(uuid.UUID(int=source.getrandbits(128), version=4))
