"""A plan from what a baseline saw, without a key and without network: for pull requests of forks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.model.domains import Live, Unreadable, domain_of
from reconciler.model.errors import NotInBaseline
from reconciler.model.proposal import Offline, Proposal
from reconciler.model.results import PlanResult
from reconciler.operations.drift import read_baseline
from reconciler.operations.propose import consent_of, outside_windows
from reconciler.planning.guards import blocks, cut_moves
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from reconciler.documents.baseline import Baseline
    from reconciler.model.environments import Environment
    from reconciler.operations.workspace import Guards, Workspace
    from reconciler.planning.guards import Consent


def propose_offline(
    workspace: Workspace, baseline: Baseline, offline: Offline, consent: Consent, now: datetime
) -> Proposal:
    """Plan from the baseline, which `offline` names. Live of an environment that the baseline does not know is unknown.

    All guards count. The proposal has no digest, so it cannot be approved or applied. `now` is for the change windows.
    """
    live = {item.name: _live(item, baseline) for item in workspace.selected}
    plan = build_plan(workspace.selected, live, workspace.api_url)
    consent = outside_windows(workspace.manifest, now, consent)
    if consent.base is not None:
        consent = replace(consent, base=replace(consent.base, live=baseline.live))
    others = {
        item.name: (item.hostname, domain.hostname if (domain := domain_of(baseline.live.get(item.name))) else None)
        for item in workspace.manifest.environments
        if item.name not in live
    }
    all_blocks = (*cut_moves(plan, others), *blocks(plan, consent))
    return Proposal(plan, "", all_blocks, consent.max_interruptions, offline)


def plan_offline(workspace: Workspace, path: str, guards: Guards, *, detailed: bool = False) -> PlanResult:
    """The plan from the baseline in a file. Raises Stopped."""
    baseline = read_baseline(path)
    offline = Offline(path, baseline.created_at)
    consent = consent_of(workspace, guards)
    return PlanResult(propose_offline(workspace, baseline, offline, consent, datetime.now(UTC)), detailed=detailed)


def _live(environment: Environment, baseline: Baseline) -> Live:
    known = baseline.live.get(environment.name)
    if known is not None:
        return known
    wish = f"`{environment.hostname}`" if environment.hostname else "no hostname"
    return Unreadable(NotInBaseline(f"it is not in the baseline; the manifest declares {wish}"))
