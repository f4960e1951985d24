"""A saved plan compared with the manifest and with live, before it is applied."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.model.digest import KeyAccess
from reconciler.model.domains import Present, Unreadable, domain_of
from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.plan import CHANGING, Action, Block
from reconciler.model.steps import Delete
from reconciler.planning.diff import changes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from reconciler.documents.saved_plan import SavedPlan
    from reconciler.model.domains import Live
    from reconciler.model.environments import Environment
    from reconciler.model.plan import EnvironmentPlan, Plan
    from reconciler.model.steps import Step

MAX_CLOCK_SKEW = timedelta(minutes=10)


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
        message = f"the saved plan is for {_named(saved.api_url)}, and this run uses {_named(api_url)}"
        yield Block("other_api_url", None, message)
    for name in sorted(saved.concerned):
        environment = environments.get(name)
        if environment is None:
            yield Block("stale_plan", name, f"the manifest no longer lists `{name}`, which the saved plan changes")
        elif environment.hostname != saved.desired.get(name):
            planned, desired = (hostname or "null" for hostname in (saved.desired.get(name), environment.hostname))
            yield _other_manifest(name, f"hostname: {planned} -> {desired}")
        elif (difference := _other_access(saved.access[name], KeyAccess.of(environment))) is not None:
            yield _other_manifest(name, difference)


def _named(api_url: str) -> str:
    return "the emulator (--emulator)" if api_url == EMULATOR_API_URL else api_url


def _other_access(planned: KeyAccess, now: KeyAccess) -> str | None:
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
    found = [change for change in changes(before, after) if change.path in {"id", "environment_id", "hostname"}]
    if [change.path for change in found] == ["id"]:
        return f"`{after['hostname']}` was deleted and created again"
    differences = [f"{change.path}: {change.before or 'none'} -> {change.after or 'none'}" for change in found]
    return "; ".join(differences) or "its steps are not those of the saved plan"


def _other_manifest(name: str, difference: str) -> Block:
    return Block("stale_plan", name, f"the manifest has changed for `{name}` since the plan was saved: {difference}")


def _stale(name: str, difference: str) -> Block:
    return Block("stale_plan", name, f"`{name}` has changed since the plan was saved: {difference}")
