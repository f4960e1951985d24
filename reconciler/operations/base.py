"""The base revision of a change, with what this run knows of its protected environments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.manifest.keys import resolve
from reconciler.manifest.loader import load
from reconciler.manifest.sources import DEFAULT_PATH, STANDARD_INPUT
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.environments import KeyFile
from reconciler.model.results import Stopped
from reconciler.operations.workspace import INVALID
from reconciler.planning.base_revision import Base

if TYPE_CHECKING:
    from reconciler.operations.workspace import Inputs


def load_base(path: str, inputs: Inputs) -> Base:
    """The base revision, with the keys that its protected environments have in this run. Raises Stopped."""
    try:
        manifest = load((path,), trust=inputs.trust).manifest
    except InvalidInput as error:
        raise Stopped(INVALID, diagnostics=error.diagnostics) from None
    replaceable = frozenset(
        item.key.path
        for item in manifest.environments
        if isinstance(item.key, KeyFile) and _is_replaceable(item.key.path, path, inputs.paths or (DEFAULT_PATH,))
    )
    # Without the others: one that has got the same key by a link would hide the protected one.
    protected = Base(manifest).protected
    trusted = [item for item in protected if not (isinstance(item.key, KeyFile) and item.key.path in replaceable)]
    return Base(manifest, resolve(trusted, inputs.environ, keys_file=inputs.keys_file)[0], replaceable)


def _is_replaceable(file: str, base: str, changed: tuple[str, ...]) -> bool:
    """Whether the change of these manifests can replace the file, such as by a link to another key.

    It can in its own checkout, except in a checkout of the base revision below that.
    """
    own = _checkout(base)
    is_checkout = _is_repository(own)
    return any(
        _is_below(file, root)
        and not (is_checkout and own != root and own.is_relative_to(root) and _is_below(file, own))
        for root in map(_checkout, changed)
    )


def _checkout(path: str) -> Path:
    """The repository of a manifest: the nearest folder with a `.git`, or else the folder of the manifest."""
    place = Path(os.curdir if path == STANDARD_INPUT else path).resolve()
    folder = place if place.is_dir() else place.parent
    return next(filter(_is_repository, (folder, *folder.parents)), folder)


def _is_repository(folder: Path) -> bool:
    return os.path.lexists(folder / ".git")


def _is_below(file: str, folder: Path) -> bool:
    """Where the name itself is, not the target of a link at it."""
    as_named = Path(os.path.normpath(Path.cwd() / file))
    return any(place.is_relative_to(folder) for place in (as_named, as_named.parent.resolve() / as_named.name))
