"""What `verify` still does once a stop is requested."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
import pytest
from samples import pending, wish

from reconciler.engine.stop import Stop
from reconciler.model.environments import EMULATOR_API_URL, Credential, Manifest, Secret, Source
from reconciler.model.exit_codes import ExitCode
from reconciler.model.observer import NullObserver
from reconciler.operations import verify as operation
from reconciler.operations.context import Context
from reconciler.operations.workspace import Workspace

if TYPE_CHECKING:
    from reconciler.model.report import Verified


class CtrlC(NullObserver):
    """Stops the run at the first verdict, as the signal handler does."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._run = asyncio.current_task()

    def on_verdict(self, verified: Verified) -> None:
        if self._stop.requested is None and self._run is not None:
            self._stop.request(ExitCode.INTERRUPTED)
            self._run.cancel()


@pytest.mark.anyio
async def test_after_a_stop_no_dns_notes_are_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def notes(*_: object) -> tuple[()]:
        raise AssertionError("a lookup after the stop")

    monkeypatch.setattr(operation, "notes", notes)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=pending("web", "web.example.com").as_dict()))
    environments = (wish("web", "web.example.com"),)
    source, keys = Source((), EMULATOR_API_URL), {"web": Credential(Secret("sk_web"))}
    stop = Stop()
    async with Context(CtrlC(stop), transport=transport, stop=stop) as context:
        result = await operation.verify(
            Workspace(Manifest(environments), source, environments, keys, {}), context, wait=60.0
        )
    assert (result.interrupted, result.dns_notes) == (ExitCode.INTERRUPTED, ())
