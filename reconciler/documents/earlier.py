"""What earlier documents knew: which environments had a custom domain, and which of them they delete."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.documents.format import Object


@dataclass(frozen=True, slots=True)
class Earlier:
    """`hostnames` were live, by environment. `deletes` are the (environment, hostname) that the same documents delete."""

    hostnames: Mapping[str, str] = field(default_factory=dict)
    deletes: frozenset[tuple[str, str]] = frozenset()

    def __or__(self, other: Earlier) -> Earlier:
        """Both together. What `other` knows of an environment replaces what this one knows."""
        return Earlier({**self.hostnames, **other.hostnames}, self.deletes | other.deletes)

    @property
    def kept(self) -> dict[str, str]:
        """The hostnames that no document deletes."""
        return {name: hostname for name, hostname in self.hostnames.items() if (name, hostname) not in self.deletes}


def earlier_of(document: Object) -> Earlier:
    """From a report (a receipt is one) or a plan. Raises KeyError, TypeError or AttributeError where it is neither."""
    hostnames = {
        item["name"]: item["live"]["hostname"] for item in document["environments"] if item["live"] is not None
    }
    deletes = ((step["environment"], step["hostname"]) for step in document["steps"] if step["op"] == "delete")
    return Earlier(hostnames, frozenset(deletes))
