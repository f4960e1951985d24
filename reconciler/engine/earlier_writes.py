"""What a run has done before in one environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.domains import Present

if TYPE_CHECKING:
    from reconciler.model.domains import Domain, Known


@dataclass(frozen=True, slots=True)
class EarlierWrites:
    """What this run has done before, which reads may not show yet. `deleted` and `created` are custom domains of the same
    environment; `hostname_freed`: the hostname was deleted in another environment, so a conflict about it may pass.
    `acknowledged`: the API has confirmed the delete. `uncertain`: such a write was sent before, with an unknown outcome, so
    none is sent again without reads that show for a while that it was not done. `replacement`: the hostname that the lane
    creates where the step deletes. `planned`: the custom domain that was live when planning.
    """

    deleted: Domain | None = None
    created: Domain | None = None
    hostname_freed: bool = False
    uncertain: bool = False
    acknowledged: bool = False
    replacement: str | None = None
    planned: Domain | None = None

    def shows_deleted(self, live: Known) -> bool:
        """The read shows the state before a delete of this run, or an even earlier one."""
        if self.deleted is None or not isinstance(live, Present):
            return False
        if self.created is not None and live.domain.id == self.created.id:
            return False
        return self.is_deleted(live) or live.domain.is_older_than(self.deleted)

    def is_deleted(self, live: Known) -> bool:
        """The read shows the very custom domain that this run has deleted."""
        return self.deleted is not None and isinstance(live, Present) and live.domain.id == self.deleted.id

    def is_old(self, live: Known, before: Known | None) -> bool:
        """After every repeated read, of which `before` was the last but one, it still shows what was there before a delete."""
        return self.shows_deleted(live) and not self.only_seems_older(live, before)

    def only_seems_older(self, live: Known, before: Known | None) -> bool:
        """Both reads show it, and it is not what was deleted: the clocks of the API's servers may differ."""
        shown = isinstance(live, Present) and isinstance(before, Present) and live.domain.id == before.domain.id
        return shown and not self.is_deleted(live)

    def shows_earlier(self, live: Known) -> bool:
        """The read shows the state before a write of this run, or before the plan."""
        known = self.created or self.planned
        older = known is not None and isinstance(live, Present) and live.domain.is_older_than(known)
        return older or self.shows_deleted(live)

    def is_newer(self, live: Known) -> bool:
        """It came after what is known to have been there, so the read shows no earlier state."""
        known = self.created or self.planned or self.deleted
        return known is not None and isinstance(live, Present) and known.is_older_than(live.domain)


NO_EARLIER_WRITES = EarlierWrites()
