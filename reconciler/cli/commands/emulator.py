"""`reconciler emulator`: serve a local stand-in for the Imgwire API."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.gathered import gathered
from reconciler.cli.help import command, option
from reconciler.cli.values import Value
from reconciler.model.exit_codes import ExitCode
from reconciler.operations.serve import CannotServe, EmulatorSettings, plain_server, serve_emulator

_FILE = click.Path(dir_okay=False, path_type=Path)
_INPUT = click.Path(exists=True, dir_okay=False, path_type=Path)


@command(
    help="Serve a local Imgwire API for trials and tests. It is not Imgwire and never connects to it.\n\n"
    "Any key that begins with `sk_` opens its own Environment, created on first use. The emulator's own API is at "
    "/_emulator/. Press Ctrl-C to stop.",
    examples=[
        ("reconciler emulator --state emulator.json", "Serve, and keep the state"),
        ("IMGWIRE_API_KEY=sk_x reconciler plan --api-url http://127.0.0.1:8321", "Use it"),
    ],
)
@option(
    "--host", default="127.0.0.1", show_default=True, help="Address to listen on. 0.0.0.0: from other machines too."
)
@option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, help="Port. 0 picks a free one.")
@option("--state", type=_FILE, help="JSON file for the state. Default: in memory.")
@option("--set", "settings", multiple=True, metavar="SWITCH=VALUE", help="Set a switch (see --switches). Repeatable.")
@option("--switches", "list_switches", is_flag=True, help="List the switches with their defaults, and exit.")
@option("--strict-keys", is_flag=True, help="Refuse unregistered keys. Same as --set strict_keys=true.")
@option("--latency", type=click.FloatRange(0), metavar="SECONDS", help="Delay of every response, such as 0.05.")
@option("--faults", type=_INPUT, help="JSON file with a list of faults.")
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
@option("--log", type=_FILE, help="Append every request to a file, as NDJSON.")
@option(
    "--dns-server",
    type=Value("ADDRESS[:PORT]", plain_server),
    help="Resolver for --set check=dns. Default: the system's.",
)
@gathered("server", EmulatorSettings)
def emulator(
    server: EmulatorSettings, settings: tuple[str, ...], list_switches: bool, strict_keys: bool, latency: float | None
) -> ExitCode:
    """Run the command."""
    from reconciler.emulator.switches import SwitchError, Switches, listed

    if list_switches:
        click.echo(listed())
        return ExitCode.OK
    shorthands = [*strict_keys * ["strict_keys=true"], *([] if latency is None else [f"latency={latency}"])]
    try:
        switches = Switches.of([*settings, *shorthands])
    except SwitchError as error:
        raise click.BadParameter(str(error), param_hint="--set") from None
    if server.host not in {"127.0.0.1", "::1", "localhost"}:
        click.echo(f"Listening on {server.host}: other machines can reach this emulator.", err=True)
    try:
        serve_emulator(server, switches, _ready)
    except CannotServe as error:
        raise click.ClickException(str(error)) from None
    return ExitCode.OK


def _ready(url: str) -> None:
    click.echo("This is an emulator for trials and tests. It is not Imgwire.", err=True)
    click.echo(f"export IMGWIRE_API_BASE_URL={url}", err=True)
    click.echo(url)
