"""The emulator for tests: over a real socket or in process, with chaos where the environment asks for it.

`RECONCILER_TEST_CHAOS=0.2 RECONCILER_TEST_SEED=7 pytest` runs everything that uses these fixtures while every fifth read fails.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.app import Emulator, build
from reconciler.emulator.behaviour import Behaviour
from reconciler.emulator.chaos import ChaosSettings
from reconciler.emulator.server import Server
from reconciler.emulator.times import seeded_ids
from reconciler.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class Running:
    """An emulator that answers at `url`; `world` is what it shows, for tests to arrange and to look into."""

    url: str
    world: World


def chaos_settings() -> ChaosSettings | None:
    """What the environment asks for: chaos on reads, or none."""
    rate = float(os.environ.get("RECONCILER_TEST_CHAOS", "0"))
    return ChaosSettings(rate, int(os.environ.get("RECONCILER_TEST_SEED", "0"))) if rate else None


@contextmanager
def running(behaviour: Behaviour | None = None, *, chaos: ChaosSettings | None = None) -> Iterator[Running]:
    """An emulator on a free loopback port, for as long as the block lasts."""
    world = World(behaviour, chaos=chaos)
    ready = threading.Event()
    server = Server(world, lambda _: ready.set())
    thread = threading.Thread(target=server.run, name="emulator", daemon=True)
    thread.start()
    assert ready.wait(10), "the emulator did not start"
    try:
        yield Running(server.url, world)
    finally:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="session")
def _chaotic() -> Iterator[Running]:
    with running(chaos=chaos_settings()) as found:
        yield found


@pytest.fixture(scope="session")
def _calm() -> Iterator[Running]:
    with running() as found:
        yield found


@pytest.fixture
def emulator(_chaotic: Running) -> Running:
    """A new world over HTTP with the default behaviour."""
    return _renewed(_chaotic)


@pytest.fixture
def calm_emulator(_calm: Running) -> Running:
    """The same without chaos, for tests of the emulator itself."""
    return _renewed(_calm)


def _renewed(found: Running) -> Running:
    found.world.reset()
    found.world.behaviour = Behaviour()
    return found


@pytest.fixture
def world() -> World:
    """A world that is the same at each run: a fixed clock and seeded ids."""
    return World(clock=lambda: 1_790_000_000.0, ids=seeded_ids(1), chaos=chaos_settings())


@pytest.fixture
def emulator_app(world: World) -> Emulator:
    """That world as an ASGI application in this process."""
    return build(world)


@pytest.fixture
def calm_world(world: World) -> World:
    """The same without chaos, for tests of the emulator itself."""
    world.chaos = None
    return world
