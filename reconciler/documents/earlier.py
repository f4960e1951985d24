"""What earlier documents knew: which environments had a custom domain, which of them they delete, what they left unserved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.documents.applied import unserved_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.documents.format import Object
    from reconciler.model.report import Unserved


@dataclass(frozen=True, slots=True)
class Earlier:
    """`hostnames` were live, by environment. `deletes` are the (environment, hostname) that the same documents delete.

    `unserved` are the hostnames that the runs left without an environment; `api_url` is that of the last document.
    """

    hostnames: Mapping[str, str] = field(default_factory=dict)
    deletes: frozenset[tuple[str, str]] = frozenset()
    unserved: tuple[Unserved, ...] = ()
    api_url: str | None = None

    def __or__(self, other: Earlier) -> Earlier:
        """Both together. What `other` knows of an environment replaces what this one knows."""
        return Earlier(
            {**self.hostnames, **other.hostnames},
            self.deletes | other.deletes,
            self.unserved + other.unserved,
            other.api_url or self.api_url,
        )

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
    environment_ids = {step["id"]: step["precondition"].get("environment_id") for step in document["steps"]}
    unserved = (unserved_of(item) for item in document.get("unserved", ()))
    return Earlier(
        hostnames,
        frozenset(deletes),
        tuple(
            item
            if item.run
            else replace(item, run=str(document["created_at"]), environment_id=environment_ids.get(item.since))
            for item in unserved
        ),
        document["source"]["api_url"] if document["source"] else None,
    )
