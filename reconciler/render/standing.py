"""The state of each environment, with the same words in `status`, `verify` and `drift`, in every format for people."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable
from reconciler.model.hostnames import display_hostname
from reconciler.model.plan import IDENTITY_CODES
from reconciler.model.probe import ProbeVerdict
from reconciler.model.report import DriftKind, Verdict
from reconciler.render.label import Label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.plan import Block, EnvironmentPlan, Plan
    from reconciler.model.probe import Probe
    from reconciler.model.report import Finding, Verified
    from reconciler.model.results import DriftResult, StatusResult, VerifyResult


class Standing(Label):
    """Worst first, in the order of the exit codes: the words for people, and the colour.

    JSON documents have verdicts and kinds of drift instead (`unknown`, `missing`, `hostname_differs`).
    """

    MISTAKEN = ("wrong Environment", "red")
    UNREADABLE = ("could not be read", "red")
    STUCK = ("stuck", "red")
    NOT_SERVING = ("not serving", "red")
    CERTIFICATE_WRONG = ("certificate wrong", "red")
    ABSENT = ("absent", "red")
    DIFFERENT = ("different", "red")
    UNEXPECTED = ("unexpected", "yellow")
    HEALTH_REGRESSED = ("health regressed", "red")
    DNS_TARGETS_CHANGED = ("DNS targets changed", "yellow")
    RECREATED = ("recreated", "yellow")
    DNS_DIFFERS = ("DNS differs", "yellow")
    WAITING = ("waiting", "yellow")
    NOT_PROBED = ("not probed", "yellow")
    READY = ("ready", "green")
    AS_DESIRED = ("as desired", "dim")

    @property
    def counted_words(self) -> str:
        """As a count names it, where no row beside it shows that there is no hostname."""
        return f"{self.words} without a custom domain" if self is Standing.AS_DESIRED else self.words


HOSTNAME_DIFFERS = frozenset({Standing.ABSENT, Standing.DIFFERENT, Standing.UNEXPECTED})
"""Live is not what the manifest desires: shown as the live and the desired hostname."""

QUIET = frozenset({Standing.READY, Standing.AS_DESIRED})
"""Nothing to do."""

_ORDER = {standing: place for place, standing in enumerate(Standing)}
_VERDICTS = {
    Verdict.READY: Standing.READY,
    Verdict.WAITING: Standing.WAITING,
    Verdict.STUCK: Standing.STUCK,
    Verdict.ABSENT: Standing.ABSENT,
    Verdict.DIFFERENT: Standing.DIFFERENT,
    Verdict.UNKNOWN: Standing.UNREADABLE,
}
_UNWANTED = {Verdict.ABSENT: Standing.AS_DESIRED, Verdict.DIFFERENT: Standing.UNEXPECTED}
_PROBED = {
    ProbeVerdict.NOT_SERVING: Standing.NOT_SERVING,
    ProbeVerdict.CERTIFICATE_WRONG: Standing.CERTIFICATE_WRONG,
    ProbeVerdict.NOT_PROBED: Standing.NOT_PROBED,
}
_KINDS = {
    DriftKind.MISSING: Standing.ABSENT,
    DriftKind.HOSTNAME_DIFFERS: Standing.DIFFERENT,
    DriftKind.UNEXPECTED: Standing.UNEXPECTED,
    DriftKind.HEALTH_REGRESSED: Standing.HEALTH_REGRESSED,
    DriftKind.DNS_TARGETS_CHANGED: Standing.DNS_TARGETS_CHANGED,
    DriftKind.RECREATED: Standing.RECREATED,
}

Assessed = list[tuple["Verified", Standing]]
"""Each verdict with the standing of its environment, worst first."""


def place(standing: Standing) -> int:
    """To sort by: the worst has the lowest."""
    return _ORDER[standing]


def counted_standings(standings: Iterable[Standing]) -> str:
    """How many environments are in which standing, worst first, in words; empty where there is none."""
    number = Counter(standings)
    return ", ".join(f"{number[item]:,} {item.counted_words}" for item in Standing if number[item])


def of_verdict(item: Verified) -> Standing:
    """The standing that a verdict shows, without probes."""
    return _VERDICTS[item.verdict] if item.wanted else _UNWANTED.get(item.verdict, _VERDICTS[item.verdict])


def of_finding(item: Finding, plan: EnvironmentPlan | None) -> Standing:
    """The standing that a finding of `drift` shows. `plan` is None where a document was edited."""
    if plan is None:
        return _KINDS[item.kind]
    standing = of_live(plan)
    is_stuck = item.kind is DriftKind.HEALTH_REGRESSED and standing is Standing.STUCK
    return _KINDS[item.kind] if item.is_drift and not is_stuck else standing


def kind_words(kind: str) -> str:
    """The words for a kind of drift, also of an earlier document."""
    words = {known.value: standing.words for known, standing in _KINDS.items()}
    return words.get(kind) or kind.replace("_", " ")


def of_live(item: EnvironmentPlan) -> Standing:
    """Live beside the desired hostname."""
    match item.live:
        case Unreadable():
            return Standing.UNREADABLE
        case Present() if item.environment.hostname is None:
            return Standing.UNEXPECTED
        case Present() if item.changes:
            return Standing.DIFFERENT
        case Present(domain):
            return Standing.READY if domain.ready else Standing.STUCK if domain.failing else Standing.WAITING
        case _:
            return Standing.ABSENT if item.environment.hostname is not None else Standing.AS_DESIRED


def of_status(result: StatusResult) -> list[tuple[EnvironmentPlan, Standing]]:
    """Each environment of `status`, worst first."""
    mistaken, probed = mistaken_environments(result.blocks, result.plan), _probed(result.probes)
    pairs = [
        (item, Standing.MISTAKEN if item.name in mistaken else _worst([of_live(item), *probed[item.name]]))
        for item in result.plan.environments
    ]
    return sorted(pairs, key=lambda pair: (_ORDER[pair[1]], pair[0].name))


def of_verify(result: VerifyResult) -> Assessed:
    """Each verdict of `verify`, worst first. Only a ready domain is probed."""
    mistaken, probed = mistaken_environments(result.blocks, result.plan), _probed(result.probes)

    def standing(item: Verified) -> Standing:
        if item.environment in mistaken:
            return Standing.MISTAKEN
        if item.environment in result.unwanted and item.verdict in _UNWANTED:
            return _UNWANTED[item.verdict]
        known = _VERDICTS[item.verdict]
        return _worst([known, *probed[item.environment]]) if known is Standing.READY else known

    return _sorted((item, standing(item)) for item in result.verified)


def after_waiting(verified: Iterable[Verified]) -> Assessed:
    """Each verdict on desired hostnames that `apply` has waited for, worst first."""
    return _sorted((item, of_verdict(item)) for item in verified)


def of_drift(result: DriftResult) -> list[tuple[EnvironmentPlan, Standing]]:
    """The worst of everything that `drift` knows about each environment, worst first."""
    checked = checks_of_drift(result)
    pairs = [(item, _worst([standing, *checked[item.name]])) for item, standing in by_the_api(result)]
    return sorted(pairs, key=lambda pair: (_ORDER[pair[1]], pair[0].name))


def by_the_api(result: DriftResult) -> list[tuple[EnvironmentPlan, Standing]]:
    """The worst of what the API shows of each environment: all that counts as drift."""
    known: defaultdict[str, list[Standing]] = defaultdict(list)
    for item in result.findings:
        known[item.environment] += [_KINDS[item.kind]] if item.is_drift else []
    for name in mistaken_environments(result.blocks, result.plan):
        known[name].append(Standing.MISTAKEN)
    return [(item, _worst([of_live(item), *known[item.name]])) for item in result.plan.environments]


def checks_of_drift(result: DriftResult) -> defaultdict[str, set[Standing]]:
    """What DNS lookups and probes found to be wrong, by environment."""
    found = defaultdict(set, {name: set(standings) for name, standings in _probed(result.probes).items()})
    for record in result.records:
        if record.lookup is not None and record.lookup.bad:
            found[record.environment].add(Standing.DNS_DIFFERS)
    return found


def reason(item: Verified, standing: Standing, desired: str | None) -> str:
    """Why an environment has its standing, in words without what the standing and the live hostname show."""
    match standing:
        case Standing.DIFFERENT if desired:
            return f"instead of `{display_hostname(desired)}`"
        case Standing.UNEXPECTED:
            return "should have none"
        case Standing.ABSENT | Standing.AS_DESIRED:
            return "no custom domain is live"
        case _:
            return item.message


def sentence(item: Verified, standing: Standing, desired: str | None) -> str:
    """The standing of an environment and why, with the live hostname."""
    why = reason(item, standing, desired)
    if isinstance(item.live, Present) and standing in {Standing.DIFFERENT, Standing.UNEXPECTED}:
        hostname = display_hostname(item.live.domain.hostname)
        why = f"has `{hostname}`{' and' if standing is Standing.UNEXPECTED else ''} {why}"
    return f"`{item.environment}` is {standing.words}: {why}"


def mistaken_environments(blocks: Iterable[Block], plan: Plan) -> dict[str, str]:
    """The environments whose key opens another Environment than the manifest names, or that of another environment too: the
    sentence for each."""
    ids = {item.name: item.live.domain.environment_id for item in plan.environments if isinstance(item.live, Present)}
    names = {item.name for item in plan.environments}
    sharing: defaultdict[str, list[str]] = defaultdict(list)
    for name, environment_id in ids.items():
        sharing[environment_id].append(name)
    found: dict[str, str] = {}
    for block in blocks:
        own = block.environment
        if own is not None and own in names and block.code in IDENTITY_CODES:
            same = sharing[ids[own]] if block.code == "environment_shared" and own in ids else []
            found |= dict.fromkeys([own, *same], block.message)
    return found


def hostnames_of(verified: Iterable[Verified], plan: Plan) -> dict[str, str | None]:
    """The live hostname of each environment; where none is known, the desired one, or None."""
    desired = {item.name: item.environment.hostname for item in plan.environments}
    return {
        item.environment: item.live.domain.hostname if isinstance(item.live, Present) else desired.get(item.environment)
        for item in verified
    }


def _probed(probes: Iterable[Probe]) -> defaultdict[str, list[Standing]]:
    found: defaultdict[str, list[Standing]] = defaultdict(list)
    for probe in probes:
        found[probe.environment] += [_PROBED[probe.verdict]] if probe.verdict in _PROBED else []
    return found


def _worst(known: Iterable[Standing]) -> Standing:
    return min(known, key=_ORDER.__getitem__)


def _sorted(pairs: Iterable[tuple[Verified, Standing]]) -> Assessed:
    return sorted(pairs, key=lambda pair: (_ORDER[pair[1]], pair[0].environment))
