"""An emulator inside the process, for `--emulator` on any command."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from reconciler.cli.failure import Failure
from reconciler.model.environments import Credential, Secret
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from reconciler.model.diagnostics import Diagnostic
    from reconciler.model.environments import Environment


def stand_ins(
    environments: Sequence[Environment], found: Mapping[str, Credential], problems: Sequence[Diagnostic]
) -> tuple[dict[str, Credential], tuple[Diagnostic, ...]]:
    """The credentials with a made-up one for each key that is not set, and the problems that are left."""
    missing = {problem.environment for problem in problems if problem.code == "key-missing"}
    made = {
        item.name: Credential(
            Secret(f"sk_emulator_{item.name}"), item.environment_id if item.send_environment_id else None
        )
        for item in environments
        if item.name in missing
    }
    return {**found, **made}, tuple(problem for problem in problems if problem.code != "key-missing")


def transport_for(
    state: str, environments: Sequence[Environment], credentials: Mapping[str, Credential]
) -> httpx.AsyncBaseTransport:
    """A transport that answers from the state file. Raises Failure where the emulator is missing or the file is not its own."""
    try:
        from reconciler.emulator.local import Account, local_app
        from reconciler.emulator.state import StateError
    except ImportError as error:
        raise Failure(
            ExitCode.ERROR,
            "emulator_missing",
            f"--emulator needs {error.name}, which is not installed",
            "pip install 'imgwire-reconciler[emulator]'",
        ) from None
    accounts = [
        Account(item.name, credentials[item.name].key, item.environment_id)
        for item in environments
        if item.name in credentials
    ]
    try:
        return _Inside(httpx.ASGITransport(local_app(Path(state), accounts)))
    except StateError as error:
        raise Failure(
            ExitCode.ERROR,
            "emulator_state",
            str(error),
            "`--emulator` takes the word behind it for its state file: name another, as in --emulator=STATE.json",
        ) from None


class _Inside(httpx.AsyncBaseTransport):
    """Hands requests to the emulator and makes what it drops look like what a network drops."""

    def __init__(self, emulator: httpx.ASGITransport) -> None:
        self._emulator = emulator

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        from reconciler.emulator.app import ConnectionDropped

        # Nothing here waits for a network, so nobody else would come to run, the ear for signals included.
        await asyncio.sleep(0)
        try:
            return await self._emulator.handle_async_request(request)
        except ConnectionDropped:
            raise httpx.ReadError("the emulator dropped the connection", request=request) from None
