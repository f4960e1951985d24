"""An emulator inside the process, for `--emulator` on any command."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from reconciler.model.exit_codes import ExitCode
from reconciler.model.results import Failed, Stopped
from reconciler.operations.extras import install

if TYPE_CHECKING:
    from reconciler.model.observer import Observer
    from reconciler.operations.workspace import Workspace


def emulator_transport(state: str | None, workspace: Workspace, observer: Observer) -> httpx.AsyncBaseTransport | None:
    """A transport that answers from the state file; None where there is none.

    A new state file is announced: its name may be meant for something else, such as a saved plan.
    Raises Stopped where the emulator is missing or the file is not its own."""
    if state is None:
        return None
    try:
        from reconciler.emulator.local import Account, local_app
        from reconciler.emulator.state import StateError
    except ImportError as error:
        message = f"--emulator needs {error.name}, which is not installed"
        raise Stopped(Failed(ExitCode.ERROR, "emulator_missing", message, install("emulator"))) from None
    # `import` selects environments that the manifest does not list.
    environments = {item.name: item for item in (*workspace.manifest.environments, *workspace.selected)}
    accounts = [
        Account(name, workspace.credentials[name].key, item.environment_id)
        for name, item in environments.items()
        if name in workspace.credentials
    ]
    if not Path(state).exists():
        observer.on_notice("info", f"The emulator starts with a new state file: {state}")
    try:
        return _Inside(httpx.ASGITransport(local_app(Path(state), accounts)))
    except StateError as error:
        hint = (
            "`--emulator` takes the word after it as its state file. A saved plan comes first, as in "
            "`reconciler apply PLAN --emulator`. Or name another state file, as in --emulator=STATE.json"
        )
        raise Stopped(Failed(ExitCode.ERROR, "emulator_state", str(error), hint)) from None


class _Inside(httpx.AsyncBaseTransport):
    """Hands requests to the emulator and makes what it drops look like what a network drops."""

    def __init__(self, emulator: httpx.ASGITransport) -> None:
        self._emulator = emulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from reconciler.emulator.app import ConnectionDropped

        # Nothing here waits for a network, so without a pause no signal would be noticed.
        await asyncio.sleep(0)
        try:
            return await self._emulator.handle_async_request(request)
        except ConnectionDropped:
            raise httpx.ReadError("the emulator dropped the connection", request=request) from None
