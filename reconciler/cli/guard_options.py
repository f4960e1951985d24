"""The options of `plan` and `apply` that lift guards of the manifest, or add those of its base revision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.gathered import gathered
from reconciler.cli.help import consent_option
from reconciler.cli.values import NAME, PATH

if TYPE_CHECKING:
    from reconciler.operations.workspace import Guards, Inputs


@dataclass(frozen=True, slots=True)
class GuardOptions:
    """`max_interruptions` None means the limit of the manifest; `base` is a manifest or a folder of them."""

    unprotect: tuple[str, ...]
    max_interruptions: int | None
    ignore_window: bool
    base: str | None

    def load(self, inputs: Inputs) -> Guards:
        """The guards of a run. Raises Stopped where the base manifest is invalid."""
        from reconciler.operations.workspace import Guards, load_base

        base = None if self.base is None else load_base(self.base, inputs)
        return Guards(frozenset(self.unprotect), self.max_interruptions, self.ignore_window, base)


guard_options = gathered(
    "guards",
    GuardOptions,
    consent_option(
        "--unprotect", multiple=True, type=NAME, help="Ignore `protect` of this environment once. Repeatable."
    ),
    consent_option(
        "--max-interruptions", type=click.IntRange(0), metavar="N", help="Allow N interruptions in this run."
    ),
    consent_option("--ignore-window", is_flag=True, help="Allow interruptions outside `limits.change_windows`."),
    consent_option("--base", type=PATH, help="Manifest of the base revision: its guards count too."),
)
"""Gives a command these options."""
