"""The differences between two records, as plain values in a stable order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.plan import Change

if TYPE_CHECKING:
    from collections.abc import Mapping


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[Change, ...]:
    """Every value that differs, by path. Equal records cost one comparison and do not import deepdiff."""
    if before == after:
        return ()
    from deepdiff import DeepDiff

    # The default threshold would report two small records as one change of the whole.
    tree = DeepDiff(before, after, view="tree", threshold_to_diff_deeper=0)
    found = [
        Change(".".join(str(part) for part in level.path(output_format="list")), _text(level.t1), _text(level.t2))
        for kind in tree.values()
        for level in kind
    ]
    return tuple(sorted(found, key=lambda change: change.path))


def _text(value: object) -> str | None:
    """deepdiff's marker for "not there" stays here."""
    return None if value is None or type(value).__name__ == "NotPresent" else str(value)
