"""How each environment of `status` is: live against the manifest, and what a probe of its hostname showed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.probe import ProbeVerdict
from reconciler.render.health import Health, health_of
from reconciler.render.label import Label
from reconciler.render.readiness import AS_DESIRED, Readiness

if TYPE_CHECKING:
    from reconciler.model.plan import EnvironmentPlan
    from reconciler.model.probe import Probe
    from reconciler.model.results import StatusResult


class Condition(Label):
    """What is worst about an environment, worst first: the words for people, and the colour."""

    MISTAKEN = (Readiness.MISTAKEN.words, "red")
    UNREADABLE = (Health.UNREADABLE.words, "red")
    NOT_SERVING = (Readiness.NOT_SERVING.words, "red")
    CERTIFICATE_WRONG = (Readiness.CERTIFICATE_WRONG.words, "red")
    DIFFERENT = ("different from the manifest", "yellow")
    FAILING = (Health.FAILING.words, "red")
    WAITING = (Health.WAITING.words, "yellow")
    NOT_PROBED = (Readiness.NOT_PROBED.words, "yellow")
    READY = (Health.READY.words, "green")
    ABSENT = (AS_DESIRED, "dim")


_ORDER = {condition: place for place, condition in enumerate(Condition)}
_PROBED = {
    ProbeVerdict.NOT_SERVING: Condition.NOT_SERVING,
    ProbeVerdict.CERTIFICATE_WRONG: Condition.CERTIFICATE_WRONG,
    ProbeVerdict.NOT_PROBED: Condition.NOT_PROBED,
}


def conditions(result: StatusResult) -> list[tuple[EnvironmentPlan, Condition]]:
    """Each environment with its condition, worst first."""
    mistaken = {block.environment for block in result.blocks if block.code in IDENTITY_CODES}
    probes = {probe.environment: probe for probe in result.probes}
    pairs = [
        (item, Condition.MISTAKEN if item.name in mistaken else _condition(item, probes.get(item.name)))
        for item in result.plan.environments
    ]
    return sorted(pairs, key=lambda pair: (_ORDER[pair[1]], pair[0].name))


def _condition(item: EnvironmentPlan, probe: Probe | None) -> Condition:
    known = [Condition.DIFFERENT] if item.changes else []
    known += [_PROBED[probe.verdict]] if probe and probe.verdict in _PROBED else []
    return min([*known, Condition[health_of(item.live).name]], key=_ORDER.__getitem__)


def status_total(pairs: list[tuple[EnvironmentPlan, Condition]]) -> str:
    """How many environments are in which condition. Those without a custom domain as desired are counted apart."""
    number = Counter(condition for _, condition in pairs)
    listed = ", ".join(
        f"{number[item]:,} {item.words}" for item in Condition if number[item] and item is not Condition.ABSENT
    )
    kept = f"{number[Condition.ABSENT]:,} {AS_DESIRED}" if number[Condition.ABSENT] else ""
    return ". ".join(part for part in (listed, kept) if part)
