"""The options of `plan` and `apply` that lift guards of the manifest, or add those of its base revision."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.completion import environments, paths
from reconciler.cli.help import CONSENT, option

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.exit_codes import ExitCode
    from reconciler.operations.workspace import Guards, Inputs

_OPTIONS = (
    option(
        "--unprotect",
        shell_complete=environments,
        group=CONSENT,
        multiple=True,
        metavar="NAME",
        help="Ignore `protect` of this environment once. Repeatable.",
    ),
    option(
        "--max-interruptions",
        group=CONSENT,
        type=click.IntRange(0),
        metavar="N",
        help="Allow N interruptions in this run.",
    ),
    option("--ignore-window", group=CONSENT, is_flag=True, help="Allow interruptions outside `limits.change_windows`."),
    option(
        "--base",
        shell_complete=paths,
        group=CONSENT,
        metavar="PATH",
        help="Manifest of the base revision: its guards count too.",
    ),
)


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

    def words(self) -> list[str]:
        """The same options, for a command line."""
        words = [word for name in self.unprotect for word in ("--unprotect", name)]
        words += [] if self.max_interruptions is None else ["--max-interruptions", str(self.max_interruptions)]
        words += ["--ignore-window"] if self.ignore_window else []
        return words + ([] if self.base is None else ["--base", self.base])


def guard_options(function: Callable[..., ExitCode]) -> Any:
    """Give the command these options, as `guards`."""

    @functools.wraps(function)
    def call(*arguments: Any, **given: Any) -> ExitCode:
        guards = GuardOptions(**{name: given.pop(name) for name in GuardOptions.__slots__})
        return function(*arguments, guards=guards, **given)

    for decorate in reversed(_OPTIONS):
        call = decorate(call)
    return call
