"""The emulator for tests: over a real socket or in process, with chaos where the environment asks for it.

`RECONCILER_TEST_CHAOS=0.2 RECONCILER_TEST_SEED=7 pytest` runs every test of the tool against the emulator while every fifth read
fails, the same ones for the same seed. A test that is marked `calm("why")` meets no chaos.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from seeded_ids import seeded_ids

from reconciler.emulator.chaos import ChaosSettings
from reconciler.emulator.server import Server
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.emulator.store import Store


@dataclass(frozen=True, slots=True)
class Running:
    """An emulator that answers at `url`; `world` is what it shows, for tests to arrange and to look into."""

    url: str
    world: World


_RATE = float(os.environ.get("RECONCILER_TEST_CHAOS", "0"))
CHAOS = ChaosSettings(_RATE, int(os.environ.get("RECONCILER_TEST_SEED", "0"))) if _RATE else None
_ASKING = frozenset({"plan", "apply", "verify", "drift", "status", "dns", "import"})


def patient(arguments: Sequence[str]) -> list[str]:
    """The command line, under chaos with so many retries that no bad luck outlasts them: 0.2 to the power of 11."""
    asking = bool(arguments) and arguments[0] in _ASKING and "--retries" not in arguments
    return [*arguments, "--retries", "10"] if CHAOS and asking else list(arguments)


@contextmanager
def running(
    switches: Switches | None = None,
    *,
    chaos: ChaosSettings | None = None,
    store: Store | None = None,
    host: str = "127.0.0.1",
) -> Iterator[Running]:
    """An emulator on a free port, for as long as the block lasts."""
    world = World(switches, chaos=chaos, store=store)
    ready = threading.Event()
    server = Server(world, lambda _: ready.set(), host=host)
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
    with running(chaos=CHAOS) as found:
        yield found


@pytest.fixture(scope="session")
def _calm() -> Iterator[Running]:
    with running() as found:
        yield found


@pytest.fixture
def emulator(request: pytest.FixtureRequest) -> Running:
    """A new world over HTTP with the default switches; without chaos where the test is marked `calm`."""
    marker = request.node.get_closest_marker("calm")
    assert marker is None or marker.args, "`calm` says why"
    found: Running = request.getfixturevalue("_chaotic" if marker is None else "_calm")
    found.world.reset()
    found.world.switches = Switches()
    return found


@pytest.fixture
def world() -> World:
    """A world that is the same at each run, for tests of the emulator itself: a fixed clock, seeded ids and no chaos."""
    return World(clock=lambda: 1_790_000_000.0, ids=seeded_ids(1))
