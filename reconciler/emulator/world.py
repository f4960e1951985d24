"""The emulator's world: one organization with its Environments, its clock, its faults and its log. No HTTP, no waiting."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.emulator.auth import Authenticator
from reconciler.emulator.chaos import Chaos, ChaosSettings
from reconciler.emulator.domains import Domains
from reconciler.emulator.faults import Faults
from reconciler.emulator.limits import Limits
from reconciler.emulator.requests import RequestLog
from reconciler.emulator.store import MemoryStore, Store
from reconciler.emulator.switches import Switches
from reconciler.emulator.times import random_ids, timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.emulator.state import State


class World:
    """One emulated organization. Safe to use from several threads; with a FileStore also from several processes.

    `clock` gives seconds since 1970 and `ids` a new UUID at each call: with fixed ones equal calls give equal answers.
    `dns_server` (`ADDRESS[:PORT]`, None: the system's) is asked when the switch `check` is `dns`.
    `auth` says who may ask, `domains` does the four calls; `faults`, `chaos`, `limits` and `log` are kept in memory only.
    """

    def __init__(
        self,
        switches: Switches | None = None,
        *,
        store: Store | None = None,
        clock: Callable[[], float] = time.time,
        ids: Callable[[], str] = random_ids,
        dns_server: str | None = None,
        chaos: ChaosSettings | None = None,
    ) -> None:
        self.switches = switches or Switches()
        self.faults = Faults()
        self.chaos = Chaos(chaos) if chaos else None
        self.limits = Limits()
        self.log = RequestLog()
        self.auth = Authenticator(self)
        self.domains = Domains(self)
        self.new_id = ids
        self.dns_server = dns_server
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
        """The state, alone, for one change."""
        with self._lock, self._store.write() as state:
            yield state

    def now(self, state: State) -> float:
        """Seconds since 1970 by the world's clock, which can be wound forward."""
        return self._clock() + state.clock_offset

    def stamp(self, state: State) -> str:
        """`now` in the form that answers carry."""
        return timestamp(self.now(state), self.switches.timestamps)

    def advance_clock(self, seconds: float) -> None:
        """Wind the clock forward."""
        with self.writing() as state:
            state.put(state.clock_offset + seconds)

    def reset(self) -> None:
        """Begin again: no Environments, no keys, no faults, an empty log."""
        with self.writing() as state:
            state.clear()
        self.faults.clear()
        if self.chaos:
            self.chaos.clear()
        self.limits.clear()
        self.log.clear()
