"""Whether a create landed in the Environment that the manifest means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.failures import claimed
from reconciler.model.domains import Domain, Present
from reconciler.model.errors import Conflict
from reconciler.model.steps import Delete

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.model.report import StepError
    from reconciler.model.steps import Write


class Identities:
    """The pins of the manifest, and which Environment id was seen in each environment."""

    def __init__(self, plan: Plan) -> None:
        self._pins = {item.name: item.environment.environment_id for item in plan.environments}
        self._before = {
            step.environment: step.precondition.environment_id for step in plan.done if isinstance(step, Delete)
        } | {item.name: item.live.domain.environment_id for item in plan.environments if isinstance(item.live, Present)}
        self._owner = {environment_id: name for name, environment_id in self._before.items()}

    def mismatch(self, environment: str, domain: Domain) -> str | None:
        """The wrong Environment that the key of `environment` opens, in words; None when it is the right one."""
        pin = self._pins[environment]
        before = self._before.get(environment, domain.environment_id)
        owner = self._owner.get(domain.environment_id)
        if pin is not None and domain.environment_id != pin:
            return f"Environment {domain.environment_id}, but the manifest pins {pin}"
        if owner not in {None, environment}:
            return f"Environment {domain.environment_id}, which is that of `{owner}`"
        if domain.environment_id != before:
            return f"Environment {domain.environment_id}, but before this run it opened {before}"
        return None

    def explained(self, step: Write, error: StepError) -> StepError:
        """The error of a create that met a conflict, where no custom domain has shown which Environment the key opens: the
        hostname may be live in the very Environment that the key should open."""
        known = step.environment in self._before or error.kind != Conflict.kind or isinstance(step, Delete)
        return error if known else claimed(step.environment, self._pins[step.environment], error)

    def learn(self, environment: str, domain: Domain) -> None:
        self._owner[domain.environment_id] = environment
