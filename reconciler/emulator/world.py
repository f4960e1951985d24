"""One emulated organization: its Environments, keys, faults and request log. No HTTP, no waiting."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.emulator.auth import Authenticator
from reconciler.emulator.chaos import Chaos, ChaosSettings
from reconciler.emulator.core import Core
from reconciler.emulator.domains import Domains
from reconciler.emulator.faults import Faults
from reconciler.emulator.rate_limits import RateLimits
from reconciler.emulator.requests import RequestLog
from reconciler.emulator.times import random_ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.emulator.store import Store
    from reconciler.emulator.switches import Switches


class World(Core):
    """The core with everything that works on it.

    `auth` authenticates, `domains` does the four calls; `faults`, `chaos`, `limits` and `log` are kept in memory only.
    `dns_server` (`ADDRESS[:PORT]`, None: the system's resolver) is queried when the switch `check` is `dns`.
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
        super().__init__(switches, store=store, clock=clock, ids=ids)
        self.auth = Authenticator(self)
        self.domains = Domains(self)
        self.faults = Faults()
        self.chaos = Chaos(chaos) if chaos else None
        self.limits = RateLimits()
        self.log = RequestLog()
        self.dns_server = dns_server
        self.resets = 0

    def reset(self) -> None:
        """Start again: no Environments, no keys, no faults, an empty log. Requests that wait are dropped."""
        self.resets += 1
        with self.writing() as state:
            state.clear()
        self.domains.clear()
        self.faults.clear()
        if self.chaos:
            self.chaos.clear()
        self.limits.clear()
        self.log.clear()
