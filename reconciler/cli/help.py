"""Help pages: options in groups, exit codes and examples.

Help texts are passed as `help=`, not as docstrings, so that they survive `PYTHONOPTIMIZE=2`.
"""

from __future__ import annotations

import itertools
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.render.examples import example_lines
from reconciler.render.suggestions import better_message

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MANIFEST = "Manifest and selection"
API = "API"
CONSENT = "Approval and limits"
DNS = "DNS"
OUTPUT = "Output"
OTHER = "Other"
PARTIAL = ("6", "partial: something was written, not all of it")
NOT_SERVING = ("4", "with --probe: a ready hostname does not serve")
MISTAKEN = ("5", "a key opens another Environment than its pin, or one key opens two")
UNREAD = ("7, 8", "keys or network: an environment could not be read")

_GROUPS = (CONSENT, MANIFEST, API, DNS, OUTPUT, OTHER)  # in this order, after the command's own options


class Option(click.Option):
    """An option with the heading it is listed under. Without a heading it is one of the command's own."""

    def __init__(self, *args: Any, group: str | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.group = group


def option(*names: str, group: str | None = None, **settings: Any) -> Callable[[Any], Any]:
    """`click.option`, listed under a heading."""
    return click.option(*names, cls=Option, group=group, **settings)


consent_option = partial(option, group=CONSENT)
manifest_option = partial(option, group=MANIFEST)
api_option = partial(option, group=API)
dns_option = partial(option, group=DNS)
output_option = partial(option, group=OUTPUT)
auto_approve_option = consent_option("--auto-approve", is_flag=True, help="Skip the confirmation prompt.")


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
        self.short_help = (self.help or "").partition("\n")[0]  # click would cut it at the width of the page

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        for place, (word, following) in enumerate(itertools.pairwise(args)):
            if word == "--emulator" and not (following.endswith(".json") or Path(following).exists()):
                args[place] = "--emulator="  # what follows is an argument of the command
        given = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            options = {name for parameter in self.get_params(ctx) for name in parameter.opts}
            message = better_message(error.message, given, options, self.name or "")
            if message is None:
                raise
            raise click.UsageError(message, ctx) from None

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
                formatter.write(example_lines(self.examples, formatter.width))


def command(name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], Command]:
    """`click.command`, with this help page."""
    return click.command(name, cls=Command, **settings)
