"""The choice of guards, before the base revision is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.operations.workspace import Guards, Inputs


@dataclass(frozen=True, slots=True)
class GuardChoice:
    """The same as `Guards`, but `base` has the paths of manifests or folders of them."""

    unprotect: tuple[str, ...]
    max_interruptions: int | None
    ignore_window: bool
    base: tuple[str, ...]

    def load(self, inputs: Inputs) -> Guards:
        """Raises Stopped where the base manifest is invalid."""
        from reconciler.operations.base import load_base
        from reconciler.operations.workspace import Guards

        base = load_base(self.base, inputs) if self.base else None
        return Guards(frozenset(self.unprotect), self.max_interruptions, self.ignore_window, base)
