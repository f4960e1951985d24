"""Shell completion: click's scripts for bash, zsh and fish, and candidates from the manifests of the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem, get_completion_class

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Completer = Callable[[click.Context, str], list[CompletionItem]]

SHELLS = ("bash", "zsh", "fish")
_PROGRAM = "reconciler"


def script(shell: str) -> str:
    """The completion script for `shell`, one of SHELLS."""
    found = get_completion_class(shell)
    if found is None:
        raise ValueError(shell)
    return found(click.Command(_PROGRAM), {}, _PROGRAM, "_RECONCILER_COMPLETE").source().strip() + "\n"


def environments(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Names of environments in the manifests of the command line."""
    from reconciler.manifest.candidates import environment_names

    return _candidates(ctx, environment_names, incomplete)


def labels(ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """`key=value` for every label in the manifests of the command line."""
    from reconciler.manifest.candidates import label_pairs

    return _candidates(ctx, label_pairs, incomplete)


def codes(_ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Codes and reasons that have a section in the documentation."""
    from reconciler.manifest.explanations import listed

    words = (word for entries in listed().values() for word, _ in entries)
    return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def paths(_ctx: click.Context, incomplete: str) -> list[CompletionItem]:
    """Leaves files to the shell."""
    return [CompletionItem(incomplete, type="file")]


def _candidates(ctx: click.Context, find: Callable[[str], Iterable[str]], incomplete: str) -> list[CompletionItem]:
    from reconciler.manifest.candidates import beginning_with

    return [CompletionItem(name) for name in beginning_with(incomplete, find, ctx.params.get("files") or ())]
