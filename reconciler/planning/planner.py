"""The diff of one environment, and the plan for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from reconciler.model.domains import Absent, Live, Present, Unreadable
from reconciler.model.plan import CHANGING, Action, EnvironmentPlan, Interruption, Move, Plan
from reconciler.model.steps import Create, Delete, Identity, Verify
from reconciler.planning.diff import changes
from reconciler.planning.lanes import arrange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.domains import Domain
    from reconciler.model.environments import Environment
    from reconciler.model.plan import Change
    from reconciler.model.steps import Lane, Step


def build_plan(environments: Iterable[Environment], live: Mapping[str, Live], api_url: str) -> Plan:
    """The plan from `live` (by environment name, one entry for each environment) to desired.

    Each hostname is desired at most once (the manifest's rule), so hostnames move along paths and rings only.
    """
    items = tuple(_decide(item, live[item.name]) for item in sorted(environments, key=lambda item: item.name))
    moves = _moves(items)
    chains = arrange([item.name for item in items if item.action in CHANGING], moves)
    by_name = {item.name: item for item in items}
    giver = {move.target: move.source for move in moves}
    lanes: list[Lane] = [_lane([by_name[name] for name in chain], giver) for chain in chains]
    lanes += [(_verify(item),) for item in items if item.action is Action.VERIFY]
    lanes.sort(key=lambda lane: lane[0].environment)
    return Plan(api_url, items, tuple(lanes), moves, _interruptions(items, moves))


def _decide(environment: Environment, live: Live) -> EnvironmentPlan:
    desired = environment.hostname
    match live:
        case Unreadable(error):
            return EnvironmentPlan(environment, live, Action.UNREADABLE, error.kind)
        case Absent():
            if desired is None:
                return EnvironmentPlan(environment, live, Action.NONE, "in_sync")
            return EnvironmentPlan(environment, live, Action.CREATE, "missing", _hostname_change(None, desired))
        case Present(domain):
            if desired is None:
                return EnvironmentPlan(
                    environment, live, Action.DELETE, "unexpected", _hostname_change(domain.hostname, None)
                )
            if domain.hostname != desired:
                differs = _hostname_change(domain.hostname, desired)
                return EnvironmentPlan(environment, live, Action.REPLACE, "hostname_differs", differs)
            if not domain.ready:
                return EnvironmentPlan(environment, live, Action.VERIFY, "not_ready")
            return EnvironmentPlan(environment, live, Action.NONE, "in_sync")
        case _:
            assert_never(live)


def _hostname_change(before: str | None, after: str | None) -> tuple[Change, ...]:
    return changes({"hostname": before}, {"hostname": after})


def _moves(items: Iterable[EnvironmentPlan]) -> tuple[Move, ...]:
    """Hostnames that leave one environment and arrive in another, in order of hostname."""
    leaves = {
        item.before: item.name for item in items if item.before and item.action in {Action.DELETE, Action.REPLACE}
    }
    arrives = {item.environment.hostname: item.name for item in items if item.action in {Action.CREATE, Action.REPLACE}}
    found = (Move(name, leaves[name], arrives[name]) for name in leaves if name in arrives)
    return tuple(sorted(found, key=lambda move: move.hostname))


def _lane(chain: list[EnvironmentPlan], giver: Mapping[str, str]) -> Lane:
    """The steps of environments that hand hostnames to each other, each taking from the next one in the chain.

    A name is freed just before it is taken: the first environment is emptied, then each following one is emptied right
    before its name is created in the one ahead. Verify steps come last, so that they widen no gap.
    """
    writes: list[Step] = []
    checks: list[Step] = []
    emptied: set[str] = set()

    def empty(item: EnvironmentPlan) -> None:
        if isinstance(item.live, Present) and item.name not in emptied:
            emptied.add(item.name)
            writes.append(Delete(item.name, item.live.domain.hostname, _identity(item.live.domain)))

    for index, item in enumerate(chain):
        empty(item)
        if index + 1 < len(chain):
            empty(chain[index + 1])
        if item.environment.hostname is not None:
            step = _create(item, giver, emptied)
            writes.append(step)
            # The id of what the create will make cannot be known yet.
            expected = Identity(step.hostname, environment_id=item.environment.environment_id)
            checks.append(Verify(item.name, step.hostname, expected, (step.id,)))
    return (*writes, *checks)


def _create(item: EnvironmentPlan, giver: Mapping[str, str], emptied: set[str]) -> Create:
    sources = [item.name] if item.name in emptied else []
    sources += [giver[item.name]] if item.name in giver else []
    return Create(item.name, str(item.environment.hostname), after=tuple(f"delete:{name}" for name in sorted(sources)))


def _verify(item: EnvironmentPlan) -> Verify:
    assert isinstance(item.live, Present)  # noqa: S101 - the action says so
    return Verify(item.name, item.live.domain.hostname, _identity(item.live.domain))


def _identity(domain: Domain) -> Identity:
    return Identity(domain.hostname, domain.id, domain.environment_id)


def _interruptions(items: Iterable[EnvironmentPlan], moves: Iterable[Move]) -> tuple[Interruption, ...]:
    target = {move.hostname: move.target for move in moves}
    return tuple(
        Interruption(
            domain.hostname,
            item.name,
            f"delete:{item.name}",
            f"verify:{target[domain.hostname]}" if domain.hostname in target else None,
        )
        for item in items
        if item.action in {Action.DELETE, Action.REPLACE}
        and isinstance(item.live, Present)
        and (domain := item.live.domain).may_serve
    )
