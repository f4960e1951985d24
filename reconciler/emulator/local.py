"""The emulator inside this process, for `--emulator` and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.emulator.app import ConnectionDropped, Emulator, build
from reconciler.emulator.auth import Account
from reconciler.emulator.store import FileStore
from reconciler.emulator.switches import Switches
from reconciler.emulator.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["Account", "ConnectionDropped", "local_app"]


def local_app(state: Path | None, accounts: Iterable[Account], switches: Switches | None = None) -> Emulator:
    """An ASGI application over a state file, or over memory when None, that knows these accounts and no other keys.

    Accounts that the state does not know are added. A dropped connection leaves it as ConnectionDropped. Raises StateError.
    """
    switches = switches or Switches(strict_keys=True)
    world = World(switches, store=FileStore(state) if state else None)
    world.auth.register(accounts)
    return build(world)
