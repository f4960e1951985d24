"""Distinguishes a manifest from another file, of which nothing is ever shown.

A repository may contain a symbolic link to a file that its author cannot read. What `validate` prints in a pipeline must not
show a line of such a file.
"""

from __future__ import annotations

import re

from reconciler.manifest.fast_schema import ENVIRONMENT_KEYS, ROOT_KEYS
from reconciler.manifest.located import LocatedMapping
from reconciler.manifest.wording import closest

_MAX_KEYS = 50
_ENVIRONMENTS = re.compile(r"""(?:^|\{)[ \t]*["']?environments["']?[ \t]*:""", re.MULTILINE)


def mentions_environments(text: str) -> bool:
    """Whether text that cannot be read as YAML is probably meant as a manifest."""
    return _ENVIRONMENTS.search(text) is not None


def is_manifest(root: object) -> bool:
    """Whether the root of a document is meant as a manifest: its keys are known or misspelt, or it lists environments."""
    if not isinstance(root, LocatedMapping) or len(root) > _MAX_KEYS:
        return isinstance(root, LocatedMapping) and "environments" in root
    known = {key: closest(key, ROOT_KEYS) for key in root}
    return (
        "environments" in known.values()
        or (bool(known) and all(known.values()))
        or any(
            isinstance(value, LocatedMapping) and not value.keys().isdisjoint(ENVIRONMENT_KEYS)
            for value in root.values()
        )
    )
