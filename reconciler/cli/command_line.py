"""The command line of this run, for the commands that it suggests."""

from __future__ import annotations

import shlex

import click

from reconciler.render.given import Given, given_of, with_options

DEFAULT_EMULATOR_STATE = ".imgwire-emulator.json"


def rerun_command(*more: str) -> str:
    """This run's own command line with the options in `more`, quoted for a shell."""
    given = click.get_current_context().find_root().obj or ()
    return shlex.join(["reconciler", *with_options(given, more)])


def given_options() -> Given:
    """What a command after this one needs too."""
    context = click.get_current_context()
    written = {str(option.name): option.opts[0] for option in context.command.params}
    return given_of(context.params, written, DEFAULT_EMULATOR_STATE)
