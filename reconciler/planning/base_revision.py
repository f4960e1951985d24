"""The guards of the base revision: one change must not both lift a guard and use that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.domains import Absent, Present
from reconciler.model.environments import DefaultKey, KeyFile, KeyVariable
from reconciler.model.limits import is_within
from reconciler.model.plan import Action, Block

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from reconciler.model.domains import Live
    from reconciler.model.environments import Credential, Environment, Manifest
    from reconciler.model.plan import EnvironmentPlan, Plan


@dataclass(frozen=True, slots=True)
class Base:
    """The manifest of the base revision, the keys that its protected environments have in this run, and `live`: what was read
    with those, by name."""

    manifest: Manifest
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)
    live: Mapping[str, Live] = field(default_factory=dict)

    @property
    def protected(self) -> tuple[Environment, ...]:
        return tuple(environment for environment in self.manifest.environments if environment.protect)


def guarded_by_base(plan: Plan, base: Base, unprotect: Collection[str]) -> Iterator[Block]:
    """What the plan does to environments that the base protects, under whatever name, and to its allowed domains."""
    moving = {move.hostname for move in plan.moves}
    listed = {environment.name: environment for environment in base.manifest.environments}
    for item in plan.environments:
        if item.action in {Action.DELETE, Action.REPLACE}:
            certain = next((old for old in base.protected if _is(item, old, base, moving)), None)
            unsure = next((old for old in base.protected if _may_be(item, old, base, listed.get(item.name))), None)
            if certain is not None and _counts(item, certain, unprotect):
                yield _lifted(item, certain)
            elif certain is None and unsure is not None and _counts(item, unsure, unprotect):
                yield _not_known(item, unsure)
        hostname, allowed = item.environment.hostname, base.manifest.allowed_domains
        arrives = item.action in {Action.CREATE, Action.REPLACE} and hostname is not None
        if arrives and allowed and not is_within(str(hostname), allowed):
            yield Block(
                "domain_not_allowed_in_base",
                item.name,
                f"`{hostname}` is not below an allowed domain of the base revision:"
                " merge the change of `limits.allowed_domains` first",
            )


def _counts(item: EnvironmentPlan, old: Environment, unprotect: Collection[str]) -> bool:
    """What is protected in the manifest too has a guard of its own, which `unprotect` lifts under its own name only."""
    return not item.environment.protect or (item.name != old.name and item.name in unprotect)


def _is(item: EnvironmentPlan, old: Environment, base: Base, moving: Collection[str]) -> bool:
    """By its name, the Environment that its key opens, or its hostname, unless the plan moves that to where it is desired."""
    if item.name == old.name or (item.before == old.hostname and item.before not in moving):
        return True
    live_id = item.live.domain.environment_id if isinstance(item.live, Present) else None
    there = base.live.get(old.name)
    ids = {old.environment_id, there.domain.environment_id if isinstance(there, Present) else None} - {None}
    return live_id in ids or item.environment.environment_id in ids


def _may_be(item: EnvironmentPlan, old: Environment, base: Base, before: Environment | None) -> bool:
    """Nothing shows that they differ: the protected one has no pin and could not be read, and this one is not what the base has
    under its name."""
    if old.environment_id is not None or isinstance(base.live.get(old.name), Present | Absent):
        return False
    return before is None or not _same_place(item.environment, before)


def _same_place(environment: Environment, other: Environment) -> bool:
    """Both certainly open the same Environment: the same key is asked for it, from outside what a change can replace."""
    if environment.environment_id != other.environment_id:
        return False
    match environment.key, other.key:
        case KeyFile(path=path), KeyFile(path=other_path):
            # A relative path is below the manifest, where the change itself may have put a link to another key.
            return path == other_path
        case KeyVariable(name=variable), KeyVariable(name=other_variable):
            return variable == other_variable
        case DefaultKey() as key, DefaultKey() as other_key:
            return key == other_key
        case _:
            return False


def _lifted(item: EnvironmentPlan, old: Environment) -> Block:
    alias = "" if old.name == item.name else f" as `{old.name}`"
    return Block(
        "protection_lifted_in_same_change",
        item.name,
        f"`{item.name}` is protected in the base revision{alias}, and the plan would {item.action}"
        f" `{item.before}`: merge the change that lifts the protection first",
    )


def _not_known(item: EnvironmentPlan, old: Environment) -> Block:
    return Block(
        "protection_lifted_in_same_change",
        item.name,
        f"`{item.name}` may be `{old.name}`, which is protected in the base revision and could not be read there, and the plan"
        f" would {item.action} `{item.before}`: give this run the key of `{old.name}`, or pin it by `environment_id` first",
    )
