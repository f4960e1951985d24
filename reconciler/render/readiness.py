"""How ready each environment is after `verify`: the verdict, or what a probe of its hostname showed."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reconciler.model.domains import Present
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.probe import ProbeVerdict
from reconciler.model.report import Verdict
from reconciler.render.label import Label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Plan
    from reconciler.model.report import Verified
    from reconciler.model.results import VerifyResult

AS_DESIRED = "without a custom domain, as desired"


class Readiness(Label):
    """Worst first: the words for people, and the colour."""

    MISTAKEN = ("of another Environment", "red")
    STUCK = (Verdict.STUCK.value, "red")
    NOT_SERVING = ("not serving", "red")
    CERTIFICATE_WRONG = ("certificate wrong", "red")
    UNKNOWN = (Verdict.UNKNOWN.value, "red")
    DIFFERENT = (Verdict.DIFFERENT.value, "red")
    ABSENT = (Verdict.ABSENT.value, "red")
    WAITING = (Verdict.WAITING.value, "yellow")
    NOT_PROBED = ("not probed", "yellow")
    READY = (Verdict.READY.value, "green")
    AS_DESIRED = (Verdict.ABSENT.value, "dim")


_ORDER = {readiness: place for place, readiness in enumerate(Readiness)}
# As a table of a wait counts them, from good to bad.
_COUNTED = (
    Readiness.READY,
    Readiness.WAITING,
    Readiness.NOT_PROBED,
    Readiness.STUCK,
    Readiness.NOT_SERVING,
    Readiness.CERTIFICATE_WRONG,
    Readiness.ABSENT,
    Readiness.DIFFERENT,
    Readiness.UNKNOWN,
    Readiness.MISTAKEN,
)
_PROBED = {
    ProbeVerdict.NOT_SERVING: Readiness.NOT_SERVING,
    ProbeVerdict.CERTIFICATE_WRONG: Readiness.CERTIFICATE_WRONG,
    ProbeVerdict.NOT_PROBED: Readiness.NOT_PROBED,
}

Assessed = list[tuple["Verified", Readiness]]
"""Each verdict with the readiness of its environment, worst first."""


def assess_all(result: VerifyResult) -> Assessed:
    """The readiness of each environment of `verify`."""
    mistaken = {block.environment for block in result.blocks if block.code in IDENTITY_CODES}
    probed = {probe.environment: _PROBED[probe.verdict] for probe in result.probes if probe.verdict in _PROBED}

    def readiness(item: Verified) -> Readiness:
        if item.environment in mistaken:
            return Readiness.MISTAKEN
        if item.verdict is Verdict.ABSENT and item.environment in result.unwanted:
            return Readiness.AS_DESIRED
        known = Readiness[item.verdict.name]
        return probed.get(item.environment, known) if known is Readiness.READY else known

    return _worst_first((item, readiness(item)) for item in result.verified)


def assess(verified: Iterable[Verified]) -> Assessed:
    """The readiness of each environment after waiting for desired hostnames."""
    return _worst_first((item, Readiness[item.verdict.name]) for item in verified)


def _worst_first(pairs: Iterable[tuple[Verified, Readiness]]) -> Assessed:
    return sorted(pairs, key=lambda pair: (_ORDER[pair[1]], pair[0].environment))


def counted(assessed: Assessed) -> str:
    """How many environments are how ready, in words. Those without a custom domain as desired are counted apart."""
    number = Counter(readiness for _, readiness in assessed)
    listed = ", ".join(f"{number[item]:,} {item.words}" for item in _COUNTED if number[item])
    kept = f"{number[Readiness.AS_DESIRED]:,} {AS_DESIRED}" if number[Readiness.AS_DESIRED] else ""
    return ". ".join(part for part in (listed, kept) if part)


def hostnames_of(verified: Iterable[Verified], plan: Plan) -> dict[str, str | None]:
    """The live hostname of each environment; where none is known, the desired one, or None."""
    desired = {item.name: item.environment.hostname for item in plan.environments}
    return {
        item.environment: item.live.domain.hostname if isinstance(item.live, Present) else desired.get(item.environment)
        for item in verified
    }
