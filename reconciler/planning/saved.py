"""A saved plan: read back from its document, and held against what is live when it is to be applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.model.digest import of_parts
from reconciler.model.domains import domain_of
from reconciler.model.plan import CHANGING, Action, Block, Create, Delete, Identity, Step, Vacant, Verify
from reconciler.planning.diff import changes
from reconciler.planning.earlier import Earlier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.model.environments import Environment
    from reconciler.model.plan import Plan, Planned

FORMAT = "imgwire-reconciler/plan"
FORMAT_VERSION = "1.0"


class NotAPlan(Exception):
    """The document is not a plan that this version can run. `str()` says why."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a plan document promises. `wishes` and `before` map each environment to its hostname and its live record."""

    api_url: str
    expires_at: datetime
    digest: str
    files: tuple[str, ...]
    wishes: Mapping[str, str | None]
    pins: Mapping[str, str]
    before: Mapping[str, Mapping[str, Any] | None]
    steps: Mapping[str, Step]

    @property
    def earlier(self) -> Earlier:
        """What was live when the plan was made, and what it deletes."""
        return Earlier(
            {name: record["hostname"] for name, record in self.before.items() if record is not None},
            frozenset((step.environment, step.hostname) for step in self.steps.values() if isinstance(step, Delete)),
        )

    @property
    def concerned(self) -> frozenset[str]:
        """The environments that have a step. No other is touched."""
        return frozenset(step.environment for step in self.steps.values())


def of_other_format(document: object) -> str | None:
    """What else the document says to be, if it is one of another format or version."""
    if not isinstance(document, dict) or "format" not in document:
        return None
    if document["format"] == FORMAT and document.get("format_version") == FORMAT_VERSION:
        return None
    return f"{document['format']} {document.get('format_version', '')}".strip()


def from_document(document: Mapping[str, Any]) -> SavedPlan:
    """The saved plan, from a document that fits `plan.schema.json`. Raises NotAPlan when it was edited or cannot be run."""
    if not document["digest"] or not document["source"]:
        raise NotAPlan("it holds no plan: it was written by a run that failed")
    steps = {step["id"]: _step(step) for step in document["steps"]}
    environments = document["environments"]
    pins = {item["name"]: item["environment_id"] for item in environments if item["environment_id"]}
    writes = [step for step in steps.values() if not isinstance(step, Verify)]
    if of_parts(document["source"]["api_url"], pins, writes) != document["digest"]:
        raise NotAPlan("its digest does not fit its content, so it was edited or damaged after it was written")
    if any(step_id != step.id for step_id, step in steps.items()):
        raise NotAPlan("a step's id does not fit its content")
    return SavedPlan(
        document["source"]["api_url"],
        _moment(document["expires_at"]),
        document["digest"],
        tuple(item["path"] for item in document["source"]["files"]),
        {item["name"]: item["after"] for item in environments},
        pins,
        {item["name"]: item["live"] for item in environments},
        steps,
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise NotAPlan("its expiry names no time zone")
    return moment


def _step(step: Mapping[str, Any]) -> Step:
    condition = step["precondition"]
    after = tuple(step["after"])
    if step["op"] == "create":
        return Create(step["environment"], step["hostname"], Vacant(), after)
    if "hostname" not in condition:
        raise NotAPlan(f"step {step['id']} has no custom domain as its precondition")
    identity = Identity(condition["hostname"], condition["id"], condition["environment_id"])
    kind = Delete if step["op"] == "delete" else Verify
    return kind(step["environment"], step["hostname"], identity, after)


def unusable(
    saved: SavedPlan, api_url: str, now: datetime, environments: Mapping[str, Environment]
) -> tuple[Block, ...]:
    """Why the plan must not even be held against live: expired, of another API, or no longer what the manifest says."""
    return tuple(_unusable(saved, api_url, now, environments))


def _unusable(
    saved: SavedPlan, api_url: str, now: datetime, environments: Mapping[str, Environment]
) -> Iterator[Block]:
    if now >= saved.expires_at:
        yield Block("expired_plan", None, f"the plan expired at {saved.expires_at:%Y-%m-%dT%H:%M:%SZ}")
    if saved.api_url != api_url:
        yield Block("other_api_url", None, f"the plan was made for {saved.api_url}, and this run would ask {api_url}")
    for name in sorted(saved.concerned):
        environment = environments.get(name)
        if environment is None:
            yield Block("stale_plan", name, f"the plan has steps for `{name}`, which the manifest no longer lists")
        elif environment.hostname != saved.wishes.get(name):
            wanted = environment.hostname or "none"
            yield Block(
                "stale_plan",
                name,
                f"the plan leads `{name}` to `{saved.wishes.get(name) or 'none'}`, and the manifest now wants `{wanted}`",
            )
        elif environment.environment_id != saved.pins.get(name):
            yield Block("stale_plan", name, f"the pin of `{name}` in the manifest is not the one in the plan")


def stale(saved: SavedPlan, fresh: Plan) -> tuple[Block, ...]:
    """Every environment in which a step's precondition no longer holds.

    `fresh` is the plan made now for the environments concerned. What it still has to do must be part of the saved plan,
    on the same preconditions; what it has not to do any more was done already.
    """
    found: dict[str, Block] = {}
    for step in fresh.steps:
        promised = saved.steps.get(step.id)
        held = (
            promised is not None
            and promised.hostname == step.hostname
            and promised.precondition.covers(step.precondition)
        )
        if not held and step.environment not in found:
            found[step.environment] = _stale(saved, fresh, step.environment)
    return tuple(found.values())


def with_done(saved: SavedPlan, fresh: Plan) -> Plan:
    """`fresh`, which is complete and not stale, with the saved steps that it has not to do any more in front of it."""
    left = {step.id for step in fresh.steps}
    return replace(fresh, done=tuple(step for step in saved.steps.values() if step.id not in left))


def with_rest(plan: Plan, whole: Plan) -> Plan:
    """`plan` with the environments of `whole` that it has no steps for. Nothing is done there, whatever has drifted."""
    planned = {item.name: item for item in plan.items}
    return replace(plan, items=tuple(planned.get(item.name) or _left_alone(item) for item in whole.items))


def _left_alone(item: Planned) -> Planned:
    if item.action in CHANGING or item.action is Action.VERIFY:
        return replace(item, action=Action.NONE, reason="not_in_plan")
    return item


def _stale(saved: SavedPlan, fresh: Plan, name: str) -> Block:
    live = domain_of(next(item.live for item in fresh.items if item.name == name))
    before, after = saved.before.get(name) or {}, live.as_dict() if live else {}
    differences = [
        f"{change.path}: {change.before or 'none'} -> {change.after or 'none'}"
        for change in changes(before, after)
        if change.path in {"id", "environment_id", "hostname"}
    ]
    told = "; ".join(differences) or "its steps are not those of the plan"
    return Block("stale_plan", name, f"`{name}` is not what it was when the plan was made: {told}")
