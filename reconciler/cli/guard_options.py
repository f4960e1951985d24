"""The options of `plan` and `apply` that lift guards of the manifest, or add those of its base revision."""

from __future__ import annotations

import click

from reconciler.cli.gathered import gathered
from reconciler.cli.help import consent_option
from reconciler.cli.values import NAME, PATH
from reconciler.operations.workspace import GuardChoice

guard_options = gathered(
    "guards",
    GuardChoice,
    consent_option(
        "--unprotect", multiple=True, type=NAME, help="Ignore `protect` of this environment once. Repeatable."
    ),
    consent_option(
        "--max-interruptions", type=click.IntRange(0), metavar="N", help="Allow N interruptions in this run."
    ),
    consent_option("--ignore-window", is_flag=True, help="Allow interruptions outside `limits.change_windows`."),
    consent_option("--base", type=PATH, help="Manifest of the base revision: its guards count too."),
)
"""Gives a command these options, as `guards`."""
