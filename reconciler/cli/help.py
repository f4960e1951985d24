"""Help pages: options in groups, exit codes and examples, and hints for the words of other tools.

Help texts are passed as `help=`, not as docstrings, so that they survive `PYTHONOPTIMIZE=2`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

MANIFEST = "Manifest and selection"
API = "API"
CONSENT = "Approval and limits"
DNS = "DNS"
OUTPUT = "Output"
OTHER = "Other"
_GROUPS = (CONSENT, MANIFEST, API, DNS, OUTPUT, OTHER)  # in this order, after the command's own options

_OPTIONS: Mapping[str, str] = {
    "target": "--env NAME",
    "json": "--format json",
    "o": "--format FORMAT",
    "output": "--format FORMAT, or --report FORMAT=FILE",
    "yes": "--auto-approve",
    "y": "--auto-approve",
    "force": "--auto-approve, with --unprotect NAME where an environment is protected",
    "auto-approve": "--auto-approve",
    "doit": "`reconciler apply --auto-approve`",
    "dry-run": "`reconciler plan`",
    "refresh-only": "`reconciler drift`",
    "destroy": "`hostname: null` in the manifest, then `reconciler apply`",
    "no-color": "the variable NO_COLOR=1",
    "config-file": "--file PATH",
    "filename": "--file PATH",
    "out": "--out FILE",
    "detailed-exitcode": "--detailed-exitcode",
    "parallelism": "--parallelism N",
    "api-key": "the variable IMGWIRE_API_KEY_<NAME>, or `api_key` in the manifest",
    "watch": "`reconciler verify --wait DURATION`",
}

_COMMANDS: Mapping[str, str] = {
    "destroy": "To remove a custom domain, set `hostname: null` in the manifest, then run `reconciler apply`.",
    "delete": "To remove a custom domain, set `hostname: null` in the manifest, then run `reconciler apply`.",
    "create": "Add the hostname to the manifest, then run `reconciler apply`.",
    "refresh": "There is no state to refresh: every command reads live. Run `reconciler status`.",
    "state": "There is no state file. Run `reconciler status` to see what is live.",
    "fmt": "Manifests are plain YAML. Run `reconciler validate` to check them.",
    "lint": "Run `reconciler validate`.",
    "diff": "Run `reconciler plan`, or `reconciler drift` on a schedule.",
    "preview": "Run `reconciler plan`.",
    "sync": "Run `reconciler apply`, or `reconciler dns sync` for DNS records.",
    "up": "Run `reconciler apply`.",
    "get": "Run `reconciler status`.",
    "output": "Run `reconciler status --format json`.",
    "wait": "Run `reconciler verify --wait 15m`.",
    "login": "Set IMGWIRE_API_KEY_<NAME> to a Server API Key of the Environment.",
    "version": "Run `reconciler --version`.",
}


def command_hint(word: str) -> str | None:
    """What does here what the command `word` does in Terraform, kubectl, octoDNS or Pulumi; None for other words."""
    return _COMMANDS.get(word)


def option_hint(arguments: Sequence[str]) -> tuple[str, str] | None:
    """The first option in `arguments` that belongs to another tool, and what does the same here."""
    for argument in arguments:
        if argument == "--":
            break
        word = argument.partition("=")[0]
        if word.startswith("-") and (hint := _OPTIONS.get(word.lstrip("-"))) and word != hint.partition(" ")[0]:
            return word, hint
    return None


def help_command(group: click.Group, command: click.Command | None, name: str | None) -> click.Command:
    """A command that prints the help page of `command`, or of the whole tool."""

    def show() -> int:
        root = click.get_current_context().find_root()
        context = click.Context(command, info_name=name, parent=root) if command else root
        click.echo((command or group).get_help(context))
        return 0

    return click.Command("help", callback=show)


class Option(click.Option):
    """An option with the heading it is listed under. Without a heading it is one of the command's own."""

    def __init__(self, *args: Any, group: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


def option(*names: str, group: str | None = None, **settings: Any) -> Callable[[Any], Any]:
    """`click.option`, listed under a heading."""
    return click.option(*names, cls=Option, group=group, **settings)


class Command(click.Command):
    """A command whose help page lists options in groups, then exit codes, then examples."""

    def __init__(
        self,
        *args: Any,
        examples: Sequence[tuple[str, str]] = (),
        exit_codes: Sequence[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        """`examples` are (command line, what it does); `exit_codes` are (number, meaning)."""
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)
        self.exit_codes = tuple(exit_codes)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption:
            hint = option_hint(given)
            if hint is None:
                raise
            raise click.UsageError(f"No such option: {hint[0]}. Use {hint[1]}.", ctx) from None

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        groups: dict[str | None, list[tuple[str, str]]] = {None: [], **{name: [] for name in _GROUPS}}
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Option) and (record := parameter.get_help_record(ctx)):
                group = OTHER if "--help" in parameter.opts else getattr(parameter, "group", None)
                groups[group].append(record)
        for name, records in groups.items():
            if records:
                with formatter.section(name or "Options"):
                    formatter.write_dl(records)
        if self.exit_codes:
            with formatter.section("Exit codes"):
                formatter.write_dl(list(self.exit_codes))
        if self.examples:
            with formatter.section("Examples"):
                formatter.write_dl(list(self.examples), col_max=48)
