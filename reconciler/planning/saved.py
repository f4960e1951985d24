"""A saved plan: read back from its document, and compared with the manifest and with live before it is applied."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from reconciler.model.digest import Access, digest_of
from reconciler.model.documents import PLAN, is_readable
from reconciler.model.domains import Present, Unreadable, domain_of
from reconciler.model.plan import CHANGING, Action, Block, Create, Delete, Identity, Step, Vacant, Verify
from reconciler.planning.diff import changes
from reconciler.planning.earlier import Earlier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.domains import Live
    from reconciler.model.environments import Environment
    from reconciler.model.plan import EnvironmentPlan, Plan

MAX_ENVIRONMENTS = 20_000
MAX_STEPS = 3 * MAX_ENVIRONMENTS
MAX_CLOCK_SKEW = timedelta(minutes=10)
MAX_EXPIRES_IN = 3650 * 86400
"""Seconds: the longest that `plan --expires-in` accepts."""

_MAX_CREATED_AT = datetime.max.replace(tzinfo=UTC) - timedelta(seconds=MAX_EXPIRES_IN)


class NotAPlan(Exception):
    """The document is not a plan that this version can run. `str()` is the reason."""


@dataclass(frozen=True, slots=True)
class SavedPlan:
    """What a plan document promises. `desired`, `before` and `access` have an entry for each environment: its hostname, its
    live record as JSON, and how it is accessed. The file does not choose the manifest."""

    api_url: str
    created_at: datetime
    expires_at: datetime
    digest: str
    desired: Mapping[str, str | None]
    access: Mapping[str, Access]
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


def other_format(document: object) -> str | None:
    """The format of a document that is no plan, or is a plan of another major version; else None."""
    if not isinstance(document, dict) or "format" not in document:
        return None
    if document["format"] == PLAN and is_readable(document):
        return None
    return f"{document['format']} {document.get('format_version', '')}".strip()


def check_size(document: object) -> None:
    """Raises NotAPlan for a document larger than any plan, before anything slow is done with it."""
    for key, limit in (("environments", MAX_ENVIRONMENTS), ("steps", MAX_STEPS)):
        entries = document.get(key) if isinstance(document, dict) else None
        if isinstance(entries, list) and len(entries) > limit:
            raise NotAPlan(f"it has {len(entries):,} {key}, and a plan has at most {limit:,}")


def from_document(document: Mapping[str, Any]) -> SavedPlan:
    """The saved plan, from a document that fits `plan.schema.json`. Raises NotAPlan when it was edited or cannot be run."""
    if "offline" in document:
        raise NotAPlan("it is an offline plan, made without reading live: run `reconciler plan` without --offline")
    if not document["digest"] or not document["source"] or document["expires_in"] is None:
        raise NotAPlan("it contains no plan: it was written by a run that failed")
    created_at, expires_at = _moment(document["created_at"]), _moment(document["expires_at"])
    # Times are not in the digest, so an edit cannot be seen; at least no plan outlives what `--expires-in` accepts.
    if not 0 < document["expires_in"] <= MAX_EXPIRES_IN or created_at > _MAX_CREATED_AT:
        raise NotAPlan("its times are impossible, so it was edited after it was written")
    if expires_at > created_at + timedelta(seconds=document["expires_in"]):
        raise NotAPlan("its expiry does not match its content, so it was edited after it was written")
    steps = tuple(map(step_of, document["steps"]))
    environments = document["environments"]
    access = {
        item["name"]: Access(item["environment_id"], item["access"], item["send_environment_id"])
        for item in environments
    }
    writes = [step for step in steps if not isinstance(step, Verify)]
    if digest_of(document["source"]["api_url"], access, writes) != document["digest"]:
        raise NotAPlan("its digest does not match its content, so it was edited or damaged after it was written")
    _check_steps(document, steps)
    return SavedPlan(
        document["source"]["api_url"],
        created_at,
        expires_at,
        document["digest"],
        {item["name"]: item["after"] for item in environments},
        access,
        {item["name"]: item["live"] for item in environments},
        {step.id: step for step in steps},
    )


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise NotAPlan("one of its times has no time zone")
    return moment


def steps_of(document: Mapping[str, Any]) -> tuple[Step, ...]:
    """The steps of a plan or report. Raises NotAPlan where they do not fit together."""
    steps = tuple(map(step_of, document["steps"]))
    _check_steps(document, steps)
    return steps


def _check_steps(document: Mapping[str, Any], steps: Sequence[Step]) -> None:
    ids = [step["id"] for step in document["steps"]]
    if len(set(ids)) < len(ids) or ids != [step.id for step in steps]:
        raise NotAPlan("the id of a step does not match its content")
    unlisted = sorted({step.environment for step in steps} - {item["name"] for item in document["environments"]})
    if unlisted:
        raise NotAPlan(f"it has a step for `{unlisted[0]}`, which is not among its environments")


def step_of(step: Mapping[str, Any]) -> Step:
    """A step, from its object in a document. Raises NotAPlan."""
    condition = step["precondition"]
    after = tuple(step["after"])
    if step["op"] == "create":
        return Create(step["environment"], step["hostname"], Vacant(), after)
    if "hostname" not in condition:
        raise NotAPlan(f"step {step['id']} has no custom domain as its precondition")
    identity = Identity(condition["hostname"], condition["id"], condition["environment_id"])
    kind = Delete if step["op"] == "delete" else Verify
    return kind(step["environment"], step["hostname"], identity, after)


def refusals(
    saved: SavedPlan, api_url: str, now: datetime, environments: Mapping[str, Environment]
) -> tuple[Block, ...]:
    """What refuses the plan before live is read: its times, another API, or a manifest that declares something else now."""
    return tuple(_refusals(saved, api_url, now, environments))


def _refusals(
    saved: SavedPlan, api_url: str, now: datetime, environments: Mapping[str, Environment]
) -> Iterator[Block]:
    if now >= saved.expires_at:
        yield Block("expired_plan", None, f"the saved plan expired at {saved.expires_at:%Y-%m-%dT%H:%M:%SZ}")
    if saved.created_at > now + MAX_CLOCK_SKEW:
        created = f"{saved.created_at:%Y-%m-%dT%H:%M:%SZ}"
        yield Block("created_in_the_future", None, f"the saved plan was created at {created}, which is in the future")
    if saved.api_url != api_url:
        yield Block("other_api_url", None, f"the saved plan is for {saved.api_url}, and this run uses {api_url}")
    for name in sorted(saved.concerned):
        environment = environments.get(name)
        if environment is None:
            yield _stale(name, "the manifest no longer lists it")
        elif environment.hostname != saved.desired.get(name):
            planned, desired = (hostname or "none" for hostname in (saved.desired.get(name), environment.hostname))
            yield _stale(name, f"the saved plan sets its hostname to `{planned}`, and the manifest now to `{desired}`")
        elif (difference := _other_access(saved.access[name], Access.of(environment))) is not None:
            yield _stale(name, difference)


def _other_access(planned: Access, now: Access) -> str | None:
    """How the manifest would reach another Environment, or with another key, than the saved plan; else None."""
    if planned.environment_id != now.environment_id:
        before, after = planned.environment_id or "none", now.environment_id or "none"
        return f"its environment_id in the saved plan is {before}, and in the manifest {after}"
    if planned.key_source != now.key_source:
        return f"its key in the saved plan comes from {planned.key_source}, and in the manifest from {now.key_source}"
    if planned.send_environment_id != now.send_environment_id:
        return "`send_environment_id` in the manifest has changed"
    return None


def stale(saved: SavedPlan, fresh: Plan) -> tuple[Block, ...]:
    """Every environment in which the saved plan no longer matches live.

    `fresh` is the plan made now for the environments concerned. Each of its steps must be in the saved plan with the same
    precondition. A saved step that is not in `fresh` must be done: live shows its result.
    """
    live = {item.name: item.live for item in fresh.environments}
    left = {step.id: step for step in fresh.steps}
    broken = {step.environment for step in fresh.steps if not _promised(saved.steps.get(step.id), step)}
    broken |= {
        step.environment
        for step in saved.steps.values()
        if step.id not in left and step.environment in live and not _is_done(step, live[step.environment])
    }
    return tuple(_stale(name, _difference(saved, live.get(name), name)) for name in sorted(broken))


def _promised(saved: Step | None, step: Step) -> bool:
    return saved is not None and saved.hostname == step.hostname and saved.precondition.covers(step.precondition)


def _is_done(step: Step, live: Live) -> bool:
    domain = domain_of(live)
    if isinstance(step, Delete):
        return not (isinstance(live, Present) and step.precondition.holds(live))
    return domain is not None and domain.hostname == step.hostname


def with_done(saved: SavedPlan, fresh: Plan) -> Plan:
    """`fresh` after the saved steps that live shows to be done, as far as it could be read."""
    left = {step.id for step in fresh.steps}
    live = {item.name: item.live for item in fresh.environments if not isinstance(item.live, Unreadable)}
    done = (
        step
        for step in saved.steps.values()
        if step.id not in left and step.environment in live and _is_done(step, live[step.environment])
    )
    return replace(fresh, done=tuple(done))


def with_rest(plan: Plan, whole: Plan) -> Plan:
    """`plan` with the environments of `whole` that it has no steps for. Nothing is done there, whatever has drifted."""
    planned = {item.name: item for item in plan.environments}
    return replace(plan, environments=tuple(planned.get(item.name) or _left_alone(item) for item in whole.environments))


def _left_alone(item: EnvironmentPlan) -> EnvironmentPlan:
    if item.action in CHANGING or item.action is Action.VERIFY:
        return replace(item, action=Action.NONE, reason="not_in_plan")
    return item


def _difference(saved: SavedPlan, live: Live | None, name: str) -> str:
    domain = domain_of(live)
    before, after = saved.before.get(name) or {}, domain.as_dict() if domain else {}
    differences = [
        f"{change.path}: {change.before or 'none'} -> {change.after or 'none'}"
        for change in changes(before, after)
        if change.path in {"id", "environment_id", "hostname"}
    ]
    return "; ".join(differences) or "its steps are not those of the saved plan"


def _stale(name: str, difference: str) -> Block:
    return Block("stale_plan", name, f"`{name}` has changed since the plan was saved: {difference}")
