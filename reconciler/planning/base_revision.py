"""The guards of the base revision: one change must not both lift a guard and use that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.domains import Absent, Present
from reconciler.model.environments import DefaultKey, KeyVariable
from reconciler.model.limits import is_within
from reconciler.model.plan import Action, Block

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from reconciler.model.domains import Live
    from reconciler.model.environments import Credential, Environment, Manifest
    from reconciler.model.plan import EnvironmentPlan, Plan


@dataclass(frozen=True, slots=True)
class Base:
    """The manifest of the base revision, the keys that its protected environments have in variables, and `live`: what was read
    with those, by name. With `keys_in_file`, the keys of this run may come from a file instead, which proves nothing.
    """

    manifest: Manifest
    credentials: Mapping[str, Credential] = field(default_factory=dict, repr=False)
    keys_in_file: bool = False
    live: Mapping[str, Live] = field(default_factory=dict)

    @property
    def protected(self) -> tuple[Environment, ...]:
        return tuple(environment for environment in self.manifest.environments if environment.protect)


def guarded_by_base(plan: Plan, base: Base, unprotect: Collection[str]) -> Iterator[Block]:
    """What the plan does to environments that the base protects, under whatever name, and to its allowed domains."""
    protected = _Protected(base, {(move.target, move.hostname) for move in plan.moves})
    listed = {environment.name: environment for environment in base.manifest.environments}
    allowed = base.manifest.allowed_domains
    for item in plan.environments:
        if item.action in {Action.DELETE, Action.REPLACE}:
            certain = [old for old in protected.found(item) if _counts(item, old, unprotect)]
            before = listed.get(item.name)
            unsure = protected.unknown if before is None or not _same_place(item.environment, before, base) else None
            if certain:
                yield _lifted(item, certain[0])
            elif unsure is not None and _counts(item, unsure, unprotect):
                yield _not_known(item, unsure)
        hostname = item.environment.hostname
        arrives = item.action in {Action.CREATE, Action.REPLACE} and hostname is not None
        if arrives and allowed and not is_within(str(hostname), allowed):
            yield Block(
                "domain_not_allowed_in_base",
                item.name,
                f"`{hostname}` is not below an allowed domain of the base revision",
                alternative="merge the change of `limits.allowed_domains` first",
            )


class _Protected:
    """The protected environments of the base by what shows them under another name: name, hostname and Environment id.

    A hostname that the plan moves to the environment that the base names for it is not protected where it was. `unknown` is
    one that has no pin and could not be read, so that an environment with another name or key may be it.
    """

    def __init__(self, base: Base, arriving: Collection[tuple[str, str]]) -> None:
        self.unknown: Environment | None = None
        self._found: dict[tuple[str, str], Environment] = {}
        for old in base.protected:
            live = base.live.get(old.name)
            self._found["name", old.name] = old
            if old.hostname is not None and (old.name, old.hostname) not in arriving:
                self._found["hostname", old.hostname] = old
            for environment_id in (old.environment_id, _id_of(live)):
                if environment_id is not None:
                    self._found["id", environment_id] = old
            if old.environment_id is None and not isinstance(live, Present | Absent):
                self.unknown = self.unknown or old

    def found(self, item: EnvironmentPlan) -> list[Environment]:
        """Those that the environment of the plan is."""
        marks = (
            ("name", item.name),
            ("hostname", item.before),
            ("id", _id_of(item.live)),
            ("id", item.environment.environment_id),
        )
        return [self._found[kind, value] for kind, value in marks if value is not None and (kind, value) in self._found]


def _id_of(live: Live | None) -> str | None:
    return live.domain.environment_id if isinstance(live, Present) else None


def _counts(item: EnvironmentPlan, old: Environment, unprotect: Collection[str]) -> bool:
    """What is protected in the manifest too has a guard of its own, which `unprotect` lifts under its own name only."""
    return not item.environment.protect or (item.name != old.name and item.name in unprotect)


def _same_place(environment: Environment, other: Environment, base: Base) -> bool:
    """Both certainly open the same Environment: the same variable has the key. What a file has, the change may have replaced."""
    if environment.environment_id != other.environment_id:
        return False
    match environment.key, other.key:
        case KeyVariable(name=variable), KeyVariable(name=other_variable):
            return variable == other_variable
        case DefaultKey() as key, DefaultKey() as other_key:
            return key == other_key and not base.keys_in_file
        case _:
            return False


def _lifted(item: EnvironmentPlan, old: Environment) -> Block:
    alias = "" if old.name == item.name else f" as `{old.name}`"
    return Block(
        "protection_lifted_in_same_change",
        item.name,
        f"`{item.name}` is protected in the base revision{alias}, and the plan would {item.action} `{item.before}`",
        alternative="merge the change that lifts the protection first",
    )


def _not_known(item: EnvironmentPlan, old: Environment) -> Block:
    return Block(
        "protection_lifted_in_same_change",
        item.name,
        f"`{item.name}` may be `{old.name}`, which is protected in the base revision and could not be read with a key in a"
        f" variable, and the plan would {item.action} `{item.before}`",
        alternative=f"pin `{old.name}` by `environment_id` first, or give this run its key in a variable",
    )
