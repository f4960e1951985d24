"""`reconciler emulator`: serve a local stand-in for the Imgwire API."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.help import option
from reconciler.model.exit_codes import ExitCode

if TYPE_CHECKING:
    from reconciler.emulator.chaos import Methods
    from reconciler.emulator.server import ServerOptions
    from reconciler.emulator.switches import Switches


def _dns_server(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from reconciler.dns.servers import Server, parse_server

    try:
        server = None if value is None else parse_server(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    if server is not None and not isinstance(server, Server):
        raise click.BadParameter(f"'{value}' is not ADDRESS[:PORT]: the emulator does not use DNS over HTTPS")
    return None if server is None else str(server)


@click.command()
@option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on. Others can reach any address but loopback.",
)
@option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, help="Port. 0 picks a free one.")
@option("--state", type=click.Path(dir_okay=False, path_type=Path), help="JSON file for the state. Default: in memory.")
@option("--set", "settings", multiple=True, metavar="SWITCH=VALUE", help="Set a switch (see --switches). Repeatable.")
@option("--switches", "list_switches", is_flag=True, help="List the switches with their defaults, and exit.")
@option("--strict-keys", is_flag=True, help="Refuse unregistered keys. Same as --set strict_keys=true.")
@option("--latency", type=click.FloatRange(0), metavar="SECONDS", help="Delay of every response, such as 0.05.")
@option(
    "--faults", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="JSON file with a list of faults."
)
@option(
    "--chaos", type=click.FloatRange(0, 1), metavar="SHARE", help="Share of requests that fail at random, such as 0.2."
)
@option("--seed", type=int, default=0, show_default=True, help="Seed of --chaos. The same seed fails the same ones.")
@option(
    "--chaos-on",
    type=click.Choice(["reads", "writes", "all"]),
    default="reads",
    show_default=True,
    help="Requests that --chaos may fail. A failed write may have been done.",
)
@option("--log", type=click.Path(dir_okay=False, path_type=Path), help="Append every request to a file, as NDJSON.")
@option(
    "--dns-server",
    metavar="ADDRESS[:PORT]",
    callback=_dns_server,
    help="Resolver for --set check=dns. Default: the system's.",
)
def emulator(
    host: str,
    port: int,
    state: Path | None,
    settings: tuple[str, ...],
    list_switches: bool,
    strict_keys: bool,
    latency: float | None,
    faults: Path | None,
    chaos: float | None,
    seed: int,
    chaos_on: Methods,
    log: Path | None,
    dns_server: str | None,
) -> ExitCode:
    """Serve a local Imgwire API for trials and tests. It is not Imgwire and never connects to it.

    Any key that begins with `sk_` opens its own Environment, created on first use. The emulator's own API is at
    /_emulator/. Press Ctrl-C to stop.

    \b
    reconciler emulator --port 8321 --state emulator.json
    IMGWIRE_API_KEY=sk_anything reconciler plan --api-url http://127.0.0.1:8321
    """
    if list_switches:
        return _list_switches()
    _require("emulator", "starlette", "uvicorn")
    from reconciler.emulator.chaos import ChaosSettings
    from reconciler.emulator.server import ServerOptions

    shorthands = [*(["strict_keys=true"] if strict_keys else []), *([] if latency is None else [f"latency={latency}"])]
    switches = _switches([*settings, *shorthands])
    chaos_settings = None if chaos is None else ChaosSettings(chaos, seed, chaos_on)
    return _serve(ServerOptions(host, port, state, switches, faults, chaos_settings, log, dns_server))


def _list_switches() -> ExitCode:
    from reconciler.emulator.switches import describe

    for switch in describe():
        click.echo(f"{switch.name}={switch.default}\n    {switch.what}\n    one of: {switch.choices} ({switch.basis})")
    return ExitCode.OK


def _switches(settings: list[str]) -> Switches:
    from reconciler.emulator.switches import SwitchError, Switches

    try:
        switches = Switches.of(settings)
    except SwitchError as error:
        raise click.BadParameter(str(error), param_hint="--set") from None
    if switches.check == "dns":
        _require("dns", "dns")
    return switches


def _serve(options: ServerOptions) -> ExitCode:
    from reconciler.emulator.faults import FaultError
    from reconciler.emulator.requests import LogError
    from reconciler.emulator.server import serve
    from reconciler.emulator.state import StateError

    if options.host not in {"127.0.0.1", "::1", "localhost"}:
        click.echo(f"Listening on {options.host}: other machines can reach this emulator.", err=True)
    try:
        serve(options, _ready)
    except (StateError, FaultError, LogError) as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        message = f"cannot serve on {options.host}:{options.port}: {error.strerror or error}"
        raise click.ClickException(message) from None
    return ExitCode.OK


def _require(extra: str, *modules: str) -> None:
    if missing := [name for name in modules if importlib.util.find_spec(name) is None]:
        raise click.ClickException(f"`{missing[0]}` is not installed: pip install 'imgwire-reconciler[{extra}]'")


def _ready(url: str) -> None:
    click.echo("This is an emulator for trials and tests. It is not Imgwire.", err=True)
    click.echo(f"export IMGWIRE_API_BASE_URL={url}", err=True)
    click.echo(url)
