"""What earlier documents knew: which environments had a custom domain, which of them they delete, what they left unserved."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from reconciler.documents.applied import unserved_of
from reconciler.documents.journal import is_running
from reconciler.model.report import Unserved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.documents.format import Object

# Kinds of errors of writes that were sent, or may have been: another writer's domain says nothing about a lost delete.
_UNSETTLED = frozenset({"interrupted", "unknown", "changed", "wrong_environment"})


@dataclass(frozen=True, slots=True)
class Earlier:
    """`hostnames` were live, by environment. `deletes` are the (environment, hostname) that the same documents delete, or that
    runs before them have left unserved.

    `unserved` are the hostnames that the runs left without an environment. `unrecorded` are those that a run which has not ended
    was to delete, without a record of it: they count where their environment reads as absent, and without the journal of that
    run (`journal_missing`) until a read shows them. `api_url` is that of the last document. `unsettled` are environments with a
    write of unknown outcome, which may still arrive.
    """

    hostnames: Mapping[str, str] = field(default_factory=dict)
    deletes: frozenset[tuple[str, str]] = frozenset()
    unserved: tuple[Unserved, ...] = ()
    unrecorded: tuple[Unserved, ...] = ()
    api_url: str | None = None
    journal_missing: bool = False
    unsettled: frozenset[str] = frozenset()

    def __or__(self, other: Earlier) -> Earlier:
        """Both together. What `other` knows of an environment replaces what this one knows."""
        return Earlier(
            {**self.hostnames, **other.hostnames},
            self.deletes | other.deletes,
            self.unserved + other.unserved,
            self.unrecorded + other.unrecorded,
            other.api_url or self.api_url,
            self.journal_missing or other.journal_missing,
            self.unsettled | other.unsettled,
        )

    @property
    def kept(self) -> dict[str, str]:
        """The hostnames that no document deletes."""
        return {name: hostname for name, hostname in self.hostnames.items() if (name, hostname) not in self.deletes}


def earlier_of(document: Object, *, has_journal: bool = True) -> Earlier:
    """From a report (a receipt is one) or a plan. Raises KeyError, TypeError or AttributeError where it is neither.

    `has_journal`: a receipt of a run that has not ended was read with its journal.
    """
    known = document.get("known", {})
    if not all(isinstance(text, str) for text in (*known, *known.values())):
        raise TypeError("`known` has a value that is no text")
    live = {item["name"]: item["live"]["hostname"] for item in document["environments"] if item["live"] is not None}
    hostnames = (*live.values(), *(step["hostname"] for step in document["steps"]))
    if not all(isinstance(hostname, str) for hostname in hostnames):
        raise TypeError("a hostname is no text")
    journal_missing = is_running(document) and not has_journal

    restored = {(item["environment"], item["hostname"]) for item in document.get("restored", ()) if item["id"]}

    def deletes(step: Object) -> bool:
        """Of a plan every delete counts, of a run those that were sent, or may have been, and whose domain was not seen again."""
        match step.get("state"):
            case None:
                return True
            case "done":
                return (step["environment"], step["hostname"]) not in restored
            case "failed":
                return bool(live.get(step["environment"]) != step["hostname"])
            case state:
                return bool(state == "not_started" and journal_missing)

    run = str(document["created_at"])
    targets = {step["hostname"]: step["environment"] for step in document["steps"] if step["op"] == "create"}
    id_in = {item["name"]: item["live"]["environment_id"] for item in document["environments"] if item["live"]}
    id_in |= {
        step["environment"]: environment_id
        for step in document["steps"]
        if (environment_id := step["precondition"].get("environment_id"))
    }
    if not all(isinstance(environment_id, str) for environment_id in id_in.values()):
        raise TypeError("`environment_id` has a value that is no text")

    deleted = {
        step["id"]: step["precondition"]["id"]
        for step in document["steps"]
        if step["op"] == "delete" and step.get("state") == "done"
    }

    def of_step(item: Unserved) -> Unserved:
        target = targets.get(item.hostname)
        moving = None if target == item.environment else target
        return replace(
            item,
            run=run,
            environment_id=id_in.get(item.environment),
            target=moving,
            target_id=id_in.get(moving) if moving else None,
            domain_id=deleted.get(item.since),
        )

    unserved = (unserved_of(item) for item in document.get("unserved", ()))
    unrecorded = (
        Unserved(step["hostname"], step["environment"], step["id"])
        for step in document["steps"]
        if step["op"] == "delete" and is_running(document) and step["state"] == "not_started"
    )
    return Earlier(
        known | live,
        frozenset(
            (step["environment"], step["hostname"])
            for step in document["steps"]
            if step["op"] == "delete" and deletes(step)
        )
        | frozenset((item["environment"], item["hostname"]) for item in document.get("unserved", ())),
        tuple(item if item.run else of_step(item) for item in unserved),
        tuple(map(of_step, unrecorded)),
        document["source"]["api_url"] if document["source"] else None,
        journal_missing,
        frozenset(
            item["environment"]
            for item in (*filter(_failed_write, document["steps"]), *document.get("restored", ()))
            if (item.get("error") or {}).get("kind") in _UNSETTLED
        )
        | frozenset(step["environment"] for step in document["steps"] if journal_missing and step["op"] != "verify"),
    )


def _failed_write(step: Object) -> bool:
    """A check changes nothing, and a step that was not started has sent nothing."""
    return step["op"] != "verify" and step.get("state") == "failed"
