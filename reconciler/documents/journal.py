"""A receipt while its run goes on: the report as it was at the start, and a journal with one line for each event since."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from reconciler.documents.applied import unserved_object, unserved_of
from reconciler.documents.domains import live_of
from reconciler.documents.steps import steps_of
from reconciler.model.ledger import arriving, not_live, unserved, with_earlier
from reconciler.model.report import StepResult, StepState

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.documents.format import Object

RUNNING = "running"
"""The `outcome` of a report whose run has not ended. Its `exit_code` is null."""

HEADER = '{"format": "imgwire-reconciler/receipt-journal", "format_version": "1.0"}\n'
"""The first line of a journal."""


def is_journal(content: bytes) -> bool:
    """A journal, or what a run that was killed at its very start left of one."""
    header = HEADER.encode()
    return content.startswith(header) or header.startswith(content)


def is_running(document: object) -> bool:
    """A report whose journal counts."""
    return isinstance(document, dict) and document.get("outcome") == RUNNING


def merge(document: dict[str, Any], journal: bytes) -> dict[str, Any]:
    """The report with every event of its journal. Merging the same journal again changes nothing.

    A last line that was not written to its end is ignored. Raises KeyError, TypeError or ValueError for a damaged document.
    """
    steps = {step["id"]: step for step in document["steps"]}
    environments = {item["name"]: item for item in document["environments"]}
    restored = {item["environment"]: item for item in document["restored"]}
    for event in _events(journal):
        if "step" in event:
            steps[event["step"]].update(state=event["state"], error=event["error"])
        else:
            restored[event["restored"]["environment"]] = event["restored"]
        environments[event["environment"]].update(live=event["live"], error=event["live_error"])
    merged = {**document, "steps": list(steps.values()), "environments": list(environments.values())}
    live = {name: item["live"]["hostname"] for name, item in environments.items() if item["live"]}
    ended = [item for item in restored.values() if not _is_moot(item, live)]
    return {**merged, "restored": ended, "unserved": _unserved(merged)}


def _is_moot(restore: Object, live: Mapping[str, str]) -> bool:
    """It was in flight, and since then its environment has a custom domain, or its hostname was seen elsewhere."""
    in_flight = (restore["error"] or {}).get("kind") == "interrupted"
    return in_flight and (restore["environment"] in live or restore["hostname"] in live.values())


def _events(journal: bytes) -> Iterator[Object]:
    for line in journal.split(b"\n")[1:-1]:
        try:
            event = json.loads(line)
        except ValueError:
            return  # what follows a damaged line may depend on it
        if not isinstance(event, dict):
            return
        yield event


def _unserved(document: Object) -> list[Object]:
    """What this run lost, and what earlier runs left, except what is seen live: the rest is for a run with the manifest."""
    results = {step["id"]: StepResult(StepState(step["state"])) for step in document["steps"]}
    live = {item["name"]: live_of(item) for item in document["environments"]}
    earlier = not_live((item for item in map(unserved_of, document["unserved"]) if item.run), live)
    steps = steps_of(document)
    left = with_earlier(unserved(steps, results, live), earlier, arriving(steps, results, live))
    return [unserved_object(item) for item in left]
