"""Whether a create landed in the Environment that the manifest means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import Domain, Present

if TYPE_CHECKING:
    from reconciler.model.plan import Plan


class Identities:
    """The pins of the manifest, and which environment each Environment id was seen in."""

    def __init__(self, plan: Plan) -> None:
        self._pins = {item.name: item.environment.environment_id for item in plan.environments}
        self._owner = {
            item.live.domain.environment_id: item.name for item in plan.environments if isinstance(item.live, Present)
        }

    def mismatch(self, environment: str, domain: Domain) -> str | None:
        """The wrong Environment that the key of `environment` opens, in words; None when it is the right one."""
        pin = self._pins[environment]
        owner = self._owner.get(domain.environment_id)
        if pin is not None and domain.environment_id != pin:
            return f"Environment {domain.environment_id}, but the manifest pins {pin}"
        if owner not in {None, environment}:
            return f"Environment {domain.environment_id}, which is that of `{owner}`"
        return None

    def learn(self, environment: str, domain: Domain) -> None:
        self._owner[domain.environment_id] = environment
