"""Plays a round of a scenario against the emulator without real time."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from reconciler.api.backend import AllowedCalls, HttpBackend, HttpSettings
from reconciler.api.retry import RetryPolicy
from reconciler.documents.earlier import Earlier
from reconciler.documents.saved_plan import SavedPlan
from reconciler.engine.apply import Run, RunSettings
from reconciler.engine.policy import WritePolicy
from reconciler.engine.refresh import read_all
from reconciler.model.domains import domain_of
from reconciler.model.environments import Credential, Environment, KeyVariable, Secret
from reconciler.model.ledger import Ledger
from reconciler.model.observer import NullObserver
from reconciler.model.report import RestoreFailure, StepState
from reconciler.model.steps import Create, Verify
from reconciler.planning.guards import Consent, blocks, cut_moves
from reconciler.planning.planner import build_plan
from reconciler.planning.saved import stale, with_done

from .wire import Killed, Wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied, Restore, StepResult
    from reconciler.model.steps import Step

    from .organization import Act, Organization
    from .scenario import Round, Scenario

API_URL = "http://emulator.localhost"


@dataclass(frozen=True)
class Lived:
    """One round as it went. `applied` is what the tool said in the end, or what its last receipt says if it was killed."""

    plan: Plan
    wire: Wire
    applied: Applied
    acts: tuple[Act, ...]
    told: tuple[str, ...]
    patient: tuple[bool, ...]  # whether the run was, before it began and at each step
    killed: bool
    cut_off: bool
    replaced: int  # how many creates that followed a delete have succeeded


def environments(scenario: Scenario, server: Organization, wants: Mapping[str, str | None]) -> list[Environment]:
    return [
        Environment(
            name,
            hostname,
            KeyVariable(f"KEY_{name}"),
            environment_id=server.pins.get(name),
            send_environment_id=scenario.one_key,
        )
        for name, hostname in wants.items()
    ]


def saved(plan: Plan) -> SavedPlan:
    """What a plan file of this plan would hold."""
    before = {item.name: domain.as_dict() if (domain := domain_of(item.live)) else None for item in plan.environments}
    desired = {item.name: item.environment.hostname for item in plan.environments}
    steps = {step.id: step for step in plan.steps}
    return SavedPlan(plan.api_url, datetime.max.replace(tzinfo=UTC), "", (), desired, {}, before, steps)


def refusals(plan: Plan, scenario: Scenario, server: Organization, round_: Round, earlier: Earlier) -> set[str]:
    """The codes of what apply would refuse. Consent to everything is given but to what nobody can consent to."""
    others = {
        name: (hostname, server.hostnames()[name])
        for name, hostname in round_.wants.items()
        if round_.selected and name not in round_.selected
    }
    found = (*cut_moves(plan, others), *blocks(plan, Consent(max_interruptions=99, earlier=earlier)))
    return {block.code for block in found} - ({"wrong_environment"} if scenario.mistaken else set())


async def live_through(
    scenario: Scenario,
    server: Organization,
    round_: Round,
    *,
    earlier: Earlier | None = None,
    again: Plan | None = None,
) -> Lived | set[str]:
    """Read, plan and apply once; or why apply refuses. `again`: what is left to do of this plan, which was saved."""
    wire = Wire(server, scenario, round_)
    selected = round_.selected or frozenset(round_.wants)
    wished = [item for item in environments(scenario, server, round_.wants) if item.name in selected]
    credentials = {
        item.name: Credential(Secret(server.keys[item.name]), item.environment_id if item.send_environment_id else None)
        for item in wished
    }
    clock = server.clock
    backend = HttpBackend(
        credentials,
        HttpSettings(
            API_URL,
            AllowedCalls.WRITE,
            scenario.parallelism,
            retry=RetryPolicy(2, jitter=lambda: 0.5),
            transport=wire,
            sleep=clock.sleep,
            clock=clock,
            wall_clock=clock,
        ),
    )
    live = await read_all([item.name for item in wished], backend, scenario.parallelism)
    plan = build_plan(wished, live, API_URL)
    refused = refusals(plan, scenario, server, round_, earlier or Earlier())
    if again is not None:
        refused |= {block.code for block in stale(saved(again), plan)}
        plan = with_done(saved(again), plan)
    if refused:
        return refused
    wire.plan = plan
    receipts: list[Applied] = []
    told: list[str] = []
    patient = [wire.stop.patient]

    ledger = Ledger(plan)

    class Follower(NullObserver):
        def on_step(self, step: Step, result: StepResult) -> None:
            told.append(f"{step.id} {result.state}")
            patient.append(wire.stop.patient)
            receipts.append(ledger.snapshot(wire.stop.requested))
            nonlocal replaced
            replaced += isinstance(step, Create) and bool(step.after) and result.state is StepState.DONE
            if result.state is StepState.DONE:  # a read has shown that it was done after all
                wire.tripped.discard(step.id)
            local = {"refused", "conflict", "not_found", "changed"}
            if result.state is StepState.FAILED and not isinstance(step, Verify) and result.error:
                wire.tripped |= {step.id} if result.error.kind not in local else set()

        def on_restore(self, restore: Restore) -> None:
            wire.tripped |= {restore.environment} if isinstance(restore, RestoreFailure) else set()

    replaced = 0
    before = len(server.acts)
    policy = WritePolicy(retries=2, sleep=clock.sleep, clock=clock, now=clock)
    settings = RunSettings(scenario.parallelism, round_.restore, policy)
    run = Run(ledger, backend, settings, wire.stop, Follower())
    receipts.append(ledger.snapshot())
    wire.task = asyncio.create_task(run.run())
    killed = cut_off = False
    try:
        applied = await wire.task
    except Killed:
        killed, applied = True, receipts[-1]
    except asyncio.CancelledError:
        cut_off, applied = True, ledger.snapshot(wire.stop.requested)
    assert not wire.broken, wire.broken
    acts = tuple(server.acts[before:])
    await wire.flush()
    return Lived(plan, wire, applied, acts, tuple(told), tuple(patient), killed, cut_off, replaced)
