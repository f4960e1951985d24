"""The server of a scenario: the emulator without real time, and its own record of what was sent and what was done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
from seeded_ids import seeded_ids

from reconciler.api.backend import DOMAIN_PATH
from reconciler.emulator.app import build
from reconciler.emulator.auth import Account
from reconciler.emulator.problems import Problem
from reconciler.emulator.world import World
from reconciler.model.environments import Secret

from .scenario import MISTAKEN_PIN, OUTSIDER

MAY_LAG = 7.0  # seconds

if TYPE_CHECKING:
    from reconciler.model.domains import Domain

    from .scenario import Meddling, Scenario


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = self._start = 1_790_000_000.0

    @property
    def elapsed(self) -> float:
        """Seconds since it was made."""
        return self.now - self._start

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@dataclass(frozen=True)
class Act:
    """Something that really changed on the server. `hostname` None says that the domain `id` was deleted."""

    moment: int
    environment: str
    hostname: str | None
    id: str
    ours: bool


@dataclass(frozen=True)
class Sent:
    """A write that left the tool, and the moment of the look before it."""

    moment: int
    looked: int
    environment: str
    method: str
    hostname: str | None


class Organization:
    """The server, and its own record of what was sent and what was done."""

    def __init__(self, scenario: Scenario) -> None:
        self.clock = Clock()
        self.world = World(scenario.switches, clock=self.clock, ids=seeded_ids(1))
        self.names = tuple(scenario.holds)
        self.ids = {name: self.world.new_id() for name in (*self.names, OUTSIDER)}
        self.pins = {name: self.ids[name] for name in scenario.pinned}
        if scenario.mistaken is not None:
            self.pins[scenario.mistaken] = MISTAKEN_PIN
        shared = "sk_all" if scenario.one_key else None
        self.keys = {name: shared or f"sk_{name}" for name in self.names}
        self.world.auth.register(
            Account(name, Secret(self.keys.get(name, "sk_outsider")), found) for name, found in self.ids.items()
        )
        self.app = httpx.ASGITransport(build(self.world, sleep=self.clock.sleep))
        self.acts: list[Act] = []
        self.earlier: dict[str, Domain | None] = {}  # what each Environment held before the scenario begins
        for name, hostname in scenario.held_before.items():
            self.earlier[name] = None if hostname is None else self.world.domains.create(self.ids[name], hostname)
        for name, domain in self.earlier.items():
            if domain is not None:
                self.world.domains.delete(self.ids[name])
        self.clock.now += 60.0 if self.earlier else 0.0  # deletes that show late are done by now
        self.begun = self.clock.now
        self.clock.now += scenario.ahead
        for name, hostname in (*scenario.holds.items(), (OUTSIDER, scenario.outsider)):
            if hostname is not None:
                self.world.domains.create(self.ids[name], hostname)
                if scenario.ready:
                    self.world.domains.test_connection(self.ids[name])
        self.clock.now -= scenario.ahead

    def held(self, name: str) -> tuple[str, str] | None:
        """The hostname and the id of what the Environment holds now."""
        with self.world.reading() as state:
            claim = state.environments[self.ids[name]].claim
        if claim is None or claim.gone_at is not None:
            return None
        return claim.domain.hostname.lower().removesuffix("."), claim.domain.id

    def stale(self, name: str) -> httpx.Response | None:
        """What a read shows that lags behind the scenario's own beginning; None where that is too long ago for it."""
        if name not in self.earlier or self.clock.now - self.begun >= MAY_LAG:
            return None
        if (domain := self.earlier[name]) is not None:
            return httpx.Response(200, json=domain.as_dict())
        return httpx.Response(404, json={"detail": "none", "error_type": "ResourceNotFoundError"})

    def hostnames(self) -> dict[str, str | None]:
        return {name: held[0] if (held := self.held(name)) else None for name in self.names}

    def meddle(self, moment: int, meddling: Meddling) -> None:
        """What the API refuses somebody else is refused, too."""
        before = self.held(meddling.environment)
        if meddling.checks:
            self.world.domains.test_connection(self.ids[meddling.environment])
            return
        try:
            if before is not None:
                self.world.domains.delete(self.ids[meddling.environment])
            if meddling.hostname is not None:
                self.world.domains.create(self.ids[meddling.environment], meddling.hostname)
        except Problem:
            pass
        self._note(moment, meddling.environment, before, ours=False)

    async def act(self, moment: int, name: str, request: httpx.Request) -> httpx.Response:
        before = self.held(name)
        answer = await self.app.handle_async_request(request)
        self._note(moment, name, before, ours=True)
        return httpx.Response(answer.status_code, content=await answer.aread())

    async def peek(self, request: httpx.Request) -> httpx.Response:
        """What a read by the sender of this request would be answered now."""
        url = request.url.copy_with(path=DOMAIN_PATH)
        headers = {name: value for name, value in request.headers.items() if not name.startswith("content-")}
        answer = await self.app.handle_async_request(httpx.Request("GET", url, headers=headers))
        return httpx.Response(answer.status_code, content=await answer.aread())

    def _note(self, moment: int, name: str, before: tuple[str, str] | None, *, ours: bool) -> None:
        after = self.held(name)
        if before and (after is None or after[1] != before[1]):
            self.acts.append(Act(moment, name, None, before[1], ours))
        if after and (before is None or after[1] != before[1]):
            self.acts.append(Act(moment, name, after[0], after[1], ours))


View = tuple[str, str] | None  # hostname and id, or that there is none
