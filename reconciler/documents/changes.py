"""Differences between two values, in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.plan import Change

if TYPE_CHECKING:
    from reconciler.documents.format import Object


def change_object(change: Change) -> Object:
    return {"path": change.path, "before": change.before, "after": change.after}


def change_of(item: Object) -> Change:
    return Change(item["path"], item["before"], item["after"])
