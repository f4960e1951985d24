"""The emulator inside this process, for `--emulator` and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.emulator.app import ConnectionDropped, Emulator, build
from reconciler.emulator.auth import Account
from reconciler.emulator.behaviour import Behaviour
from reconciler.emulator.store import FileStore
from reconciler.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Account", "ConnectionDropped", "local_app"]


def local_app(state: Path | None, accounts: Iterable[Account], behaviour: Behaviour | None = None) -> Emulator:
    """An ASGI application over a state file, or over memory when None, that knows these accounts and no other keys.

    Accounts that the state does not know are added. A dropped connection leaves it as ConnectionDropped. Raises StateError.
    """
    behaviour = behaviour or Behaviour(strict_keys=True)
    world = World(behaviour, store=FileStore(state) if state else None)
    world.auth.register(accounts)
    return build(world)
