"""Reads that lag behind writes: GETs that still show the state before a create or a delete."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.domains import Domain


@dataclass(frozen=True, slots=True)
class StaleRead:
    """The state before a write; `domain` is None where there was none. `reads` more GETs show it."""

    domain: Domain | None
    reads: int


class StaleReads:
    """By Environment, what the next GETs show. Kept in memory only."""

    def __init__(self) -> None:
        self._earlier: dict[str, StaleRead] = {}
        self._lock = threading.Lock()

    def keep(self, environment_id: str, domain: Domain | None, reads: int) -> None:
        """The next `reads` GETs show `domain`; where stale reads are still pending, they keep their state."""
        with self._lock:
            pending = self._earlier.get(environment_id)
            if reads:
                self._earlier[environment_id] = StaleRead(pending.domain if pending else domain, reads)

    def read(self, environment_id: str) -> StaleRead | None:
        """What this GET shows instead of the present, which counts as one of the reads; None for the present."""
        with self._lock:
            earlier = self._earlier.pop(environment_id, None)
            if earlier and earlier.reads > 1:
                self._earlier[environment_id] = StaleRead(earlier.domain, earlier.reads - 1)
            return earlier

    def clear(self) -> None:
        """All GETs show the present."""
        self._earlier.clear()
