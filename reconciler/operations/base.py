"""The base revision of a change, with what this run knows of its protected environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.manifest.keys import resolve
from reconciler.manifest.loader import load
from reconciler.model.diagnostics import InvalidInput
from reconciler.model.environments import KeyFile
from reconciler.model.results import Stopped
from reconciler.operations.workspace import INVALID
from reconciler.planning.base_revision import Base

if TYPE_CHECKING:
    from reconciler.operations.workspace import Inputs


def load_base(paths: tuple[str, ...], inputs: Inputs) -> Base:
    """The base revision, with the keys that its protected environments have in variables. Raises Stopped.

    A key from a file proves nothing: the change may have put a link to another key at any part of its path.
    """
    try:
        manifest = load(paths, trust=inputs.trust).manifest
    except InvalidInput as error:
        raise Stopped(INVALID, diagnostics=error.diagnostics) from None
    # Without the others: one that has got the same key would hide the protected one.
    protected = [item for item in Base(manifest).protected if not isinstance(item.key, KeyFile)]
    return Base(manifest, resolve(protected, inputs.environ)[0], inputs.keys_file is not None)
