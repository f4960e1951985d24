"""The command line that would do the next thing, ready to be copied."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.cli.options import Options


def rerun_command(*more: str) -> str:
    """This run's own command line with `more` behind it, quoted for a shell."""
    given = click.get_current_context().find_root().obj or ()
    return shlex.join(["reconciler", *given, *more])


def apply_command(path: str, options: Options, guards: Sequence[str]) -> str:
    """The command line that applies the plan saved at `path`, with the options of this run that a plan does not contain."""
    words = ["reconciler", "apply", path]
    words += [word for file in options.files for word in ("-f", file)]
    words += [f"--emulator={options.emulator}"] if options.emulator is not None else []
    words += ["--api-url", options.api_url] if options.api_url is not None else []
    words += ["--keys", options.keys_file] if options.keys_file is not None else []
    words += [word for name in options.key_variables for word in ("--allow-key-variable", name)]
    words += ["--allow-http"] if options.allow_http else []
    words += guards
    return shlex.join(words)
