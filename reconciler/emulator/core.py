"""The stored state with its clock, its source of ids and the switches: what authentication and the domain calls share."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.emulator.store import MemoryStore, Store
from reconciler.emulator.switches import Switches
from reconciler.emulator.times import random_ids, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.emulator.state import State


class Core:
    """Safe to use from several threads; with a FileStore also from several processes.

    `clock` returns seconds since 1970 and `ids` a new UUID at each call: with fixed ones equal calls give equal responses.
    """

    def __init__(
        self,
        switches: Switches | None = None,
        *,
        store: Store | None = None,
        clock: Callable[[], float] = time.time,
        ids: Callable[[], str] = random_ids,
    ) -> None:
        self.switches = switches or Switches()
        self.new_id = ids
        self._store = store or MemoryStore()
        self._clock = clock
        self._lock = threading.RLock()

    @contextmanager
    def reading(self) -> Iterator[State]:
        """The state as it is now."""
        with self._lock:
            yield self._store.read()

    @contextmanager
    def writing(self) -> Iterator[State]:
        """The state for one change, with no other reader or writer."""
        with self._lock, self._store.write() as state:
            yield state

    def now(self, state: State) -> float:
        """Seconds since 1970 by the emulator's clock, which `advance_clock` moves forward."""
        return self._clock() + state.clock_offset

    def stamp(self, state: State) -> str:
        """`now` in the form that responses use."""
        return timestamp(self.now(state), self.switches.timestamps)

    def advance_clock(self, seconds: float) -> None:
        """Move the clock forward."""
        with self.writing() as state:
            state.put(state.clock_offset + seconds)
