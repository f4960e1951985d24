"""`emulator`: serve a local Imgwire API."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.operations.extras import install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from reconciler.emulator.chaos import Methods
    from reconciler.emulator.switches import Switches


class CannotServe(Exception):
    """The emulator is not installed, has bad input, or cannot use its address."""


@dataclass(frozen=True, slots=True)
class EmulatorSettings:
    """Where and how to serve. `port` 0 picks a free one; without `state` everything ends with the process. `chaos` is the share
    of requests of `chaos_on` that fail at random, by `seed`."""

    host: str
    port: int
    state: Path | None
    faults: Path | None
    chaos: float | None
    seed: int
    chaos_on: Methods
    log: Path | None
    dns_server: str | None


def plain_server(text: str) -> str:
    """A DNS server that the emulator can use: `ADDRESS[:PORT]`. Raises ValueError."""
    from reconciler.dns.servers import HttpsServer, parse_server

    server = parse_server(text)
    if isinstance(server, HttpsServer):
        raise ValueError(f"'{text}' is not ADDRESS[:PORT]: the emulator does not use DNS over HTTPS")  # noqa: TRY004 - it is the text that is wrong
    return str(server)


def serve_emulator(settings: EmulatorSettings, switches: Switches, on_ready: Callable[[str], object]) -> None:
    """Serve until SIGINT or SIGTERM. `on_ready` gets the URL when the server is ready. Raises CannotServe."""
    _require("emulator", "starlette", "uvicorn")
    if switches.check == "dns":
        _require("dns", "dns")
    from reconciler.emulator.chaos import ChaosSettings
    from reconciler.emulator.faults import FaultError
    from reconciler.emulator.requests import LogError
    from reconciler.emulator.server import ServerOptions, serve
    from reconciler.emulator.state import StateError

    chaos = None if settings.chaos is None else ChaosSettings(settings.chaos, settings.seed, settings.chaos_on)
    options = ServerOptions(
        settings.host,
        settings.port,
        settings.state,
        switches,
        settings.faults,
        chaos,
        settings.log,
        settings.dns_server,
    )
    try:
        serve(options, on_ready)
    except (StateError, FaultError, LogError) as error:
        raise CannotServe(str(error)) from None
    except OSError as error:
        raise CannotServe(f"cannot serve on {settings.host}:{settings.port}: {error.strerror or error}") from None


def _require(extra: str, *modules: str) -> None:
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise CannotServe(f"`{missing[0]}` is not installed: {install(extra)}")
