"""The command line that would do the next thing, ready to be copied."""

from __future__ import annotations

import shlex

import click


def command_again(*more: str) -> str:
    """This run's own command line with `more` behind it, quoted for a shell."""
    given = click.get_current_context().find_root().obj or ()
    return shlex.join(["reconciler", *given, *more])
