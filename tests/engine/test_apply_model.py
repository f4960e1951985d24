"""Apply against random worlds, faults, other people and sudden ends.

`RECONCILER_MODEL_EXAMPLES=20000 pytest tests/engine/test_apply_model.py` runs as many examples as it says; without it, a
bounded share.
"""

from __future__ import annotations

import asyncio
import os
from dataclasses import replace
from typing import TYPE_CHECKING

from conclusions import of_apply
from hypothesis import HealthCheck, Phase, given, note, settings

from reconciler.model.domains import Present
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Create, Delete, Verify
from reconciler.model.report import StepState

from .scenario import Lived, Organization, Round, Scenario, live_through, scenarios

if TYPE_CHECKING:
    from reconciler.model.plan import Step
    from reconciler.model.report import StepError

EXAMPLES = int(os.environ.get("RECONCILER_MODEL_EXAMPLES", "400"))
_OPEN = {"unknown", "interrupted"}  # errors that say themselves that the write may have happened


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=set(Phase) - {Phase.explain},
)
@given(scenarios())
def test_whatever_happens_nothing_is_lost_and_one_more_apply_reaches_the_goal(scenario: Scenario) -> None:
    note(repr(scenario))
    asyncio.run(_whole_life(scenario))


async def _whole_life(scenario: Scenario) -> None:
    server = Organization(scenario)
    for round_ in scenario.rounds:
        lived = await live_through(scenario, server, round_)
        check_receipt(lived)
        check_untouched(lived)
        check_stop(lived)
        if not lived.killed:
            check_exit_code(lived)
        if not lived.killed and not lived.cut_off and undisturbed(lived):
            check_live(lived, server)
            check_unserved(lived, server)
        server.clock.now += 60.0  # deletes that show late are done by now
    last = await live_through(scenario, server, Round(scenario.rounds[-1].wants))
    check_receipt(last)
    check_goal(last, scenario, server)


@settings(
    max_examples=EXAMPLES // 4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=set(Phase) - {Phase.explain},
)
@given(scenarios())
def test_whatever_happens_nothing_is_left_in_an_environment_that_was_not_meant_unless_it_is_told(
    scenario: Scenario,
) -> None:
    """The pin of `a`, which has no custom domain, is not the Environment that its key opens."""
    scenario = replace(scenario, holds={**scenario.holds, "a": None}, one_key=False, mistaken="a")
    note(repr(scenario))
    asyncio.run(_mistaken_life(scenario))


async def _mistaken_life(scenario: Scenario) -> None:
    server = Organization(scenario)
    round_ = scenario.rounds[0]
    lived = await live_through(scenario, server, round_)
    check_receipt(lived)
    check_untouched(lived)
    result = lived.applied.results.get("create:a")
    assert result is None or result.state is not StepState.DONE
    if lived.killed or lived.cut_off or not undisturbed(lived) or result is None:
        return
    told = result.error is not None and "undoing the create failed" in result.error.message
    assert server.held("a") is None or told
    if result.error is not None and result.error.kind == "wrong_environment":
        assert of_apply(lived.plan, lived.applied)[0] is ExitCode.PARTIAL


def undisturbed(lived: Lived) -> bool:
    """Nobody else was at work, nothing arrived late, and every write's outcome was learned."""
    errors = [result.error for result in lived.applied.results.values() if result.error]
    others = any(not act.ours for act in lived.acts)
    return not others and not lived.wire.was_late and not any(error.kind in _OPEN for error in errors)


def check_receipt(lived: Lived) -> None:
    """What the report says of each step is what the server did."""
    for step in lived.plan.steps:
        result = lived.applied.results[step.id]
        match result.state:
            case StepState.DONE:
                assert _was_done(step, lived), f"{step.id} is said to be done"
            case StepState.FAILED:
                assert result.error is not None
                if result.error.kind not in _OPEN:
                    assert not _was_left_done(step, result.error, lived), f"{step.id} is said to have failed"
            case StepState.SKIPPED | StepState.NOT_STARTED:
                # After a kill the receipt may be one step behind: apply reads before it believes anything.
                started = _was_left_sent(step, lived) if lived.cut_off else _was_sent(step, lived)
                assert lived.killed or not started, f"{step.id} is said not to have been started"
    for restored in lived.applied.restored:
        made = [act.hostname for act in lived.acts if act.id == restored.domain.id and act.hostname]
        assert made == [restored.hostname] or not undisturbed(lived)


def _was_done(step: Step, lived: Lived) -> bool:
    match step:
        case Delete():
            return any(act.id == step.precondition.id and act.hostname is None for act in lived.acts)
        case Create():
            return any(act.environment == step.environment and act.hostname == step.hostname for act in lived.acts)
        case Verify():
            return True


def _was_left_done(step: Step, error: StepError, lived: Lived) -> bool:
    if lived.wire.was_late or isinstance(step, Verify):
        return False
    mine = [act for act in lived.acts if act.environment == step.environment]
    if "undoing the create failed" in error.message:
        return False
    if error.kind == "changed" and any(not act.ours for act in lived.acts):
        return False
    if isinstance(step, Delete):
        return any(act.ours and act.id == step.precondition.id for act in mine)
    made = {act.id for act in mine if act.ours and act.hostname == step.hostname}
    gone = {act.id for act in mine if act.hostname is None}
    return bool(made - gone)


def _was_sent(step: Step, lived: Lived) -> bool:
    method = "DELETE" if isinstance(step, Delete) else "POST"
    return not isinstance(step, Verify) and any(
        sent.environment == step.environment
        and sent.method == method
        and sent.hostname == (None if isinstance(step, Delete) else step.hostname)
        for sent in lived.wire.sent
    )


def _was_left_sent(step: Step, lived: Lived) -> bool:
    """Sent and not refused: what was refused was as good as not sent."""
    return _was_sent(step, lived) and any(
        act.ours
        and act.environment == step.environment
        and (act.hostname == step.hostname if isinstance(step, Create) else act.hostname is None)
        for act in lived.acts
    )


def check_untouched(lived: Lived) -> None:
    """Only what the plan names is lost, and only in the environments that it names.

    Between a look and the write that follows it somebody else may act: the API knows no conditions.
    """
    swapped = {
        act.id
        for act in lived.acts
        for sent in lived.wire.sent
        if not act.ours and (sent.looked < act.moment <= sent.moment or lived.wire.was_late)
    }
    named = {step.precondition.id for step in lived.plan.steps if isinstance(step, Delete)}
    made = {act.id for act in lived.acts if act.ours and act.hostname}
    assert {act.id for act in lived.acts if act.ours and act.hostname is None} <= named | made | swapped
    changing = {step.environment for step in lived.plan.writes}
    assert {act.environment for act in lived.acts if act.ours} <= changing


def check_stop(lived: Lived) -> None:
    """After the wish to stop no lane begins that had not begun; one that had may still be waiting for its turn to ask."""
    moment = lived.wire.round.stopped
    slowed = any(trouble.kind.startswith("429") for trouble in lived.wire.round.troubles.values())
    if moment is None or lived.wire.moment < moment or slowed:
        return
    for lane in lived.plan.lanes:
        names = {step.environment for step in lane}
        begun = min((lived.wire.begun[name] for name in names if name in lived.wire.begun), default=None)
        assert begun is None or begun < moment


def check_exit_code(lived: Lived) -> None:
    code, _ = of_apply(lived.plan, lived.applied)
    done = all(result.state is StepState.DONE for result in lived.applied.results.values())
    wrote = any(act.ours for act in lived.acts)
    if done:
        assert code in {ExitCode.OK, ExitCode.STUCK}
    elif wrote and not lived.wire.was_late:
        assert code is ExitCode.PARTIAL
    elif undisturbed(lived) and not lived.wire.sent:
        assert code is not ExitCode.PARTIAL
    assert code is not ExitCode.OK or done


def check_live(lived: Lived, server: Organization) -> None:
    """What was last seen of each environment is what is there."""
    seen = {
        name: live.domain.hostname if isinstance(live, Present) else None for name, live in lived.applied.live.items()
    }
    assert seen == server.hostnames()


def check_unserved(lived: Lived, server: Organization) -> None:
    """Every hostname that was live before and that nobody holds now is reported, unless the plan removed it on purpose."""
    hostnames = server.hostnames()
    held = set(hostnames.values())
    moving = {move.hostname for move in lived.plan.moves}
    expected = set()
    for item in lived.plan.items:
        if item.before is None or item.before in held:
            continue
        reached = hostnames[item.name] == item.environment.hostname
        if item.before in moving or not reached:
            expected.add((item.before, item.name))
    assert {(item.hostname, item.environment) for item in lived.applied.unserved} == expected


def check_goal(last: Lived, scenario: Scenario, server: Organization) -> None:
    """With nobody in the way everything is as desired; a lane that wants what an outsider holds keeps what it had."""
    wants = scenario.rounds[-1].wants
    taken = {name for name, hostname in wants.items() if hostname is not None and hostname == scenario.outsider}
    stuck = {step.environment for lane in last.plan.lanes if taken & {s.environment for s in lane} for step in lane}
    reached = server.hostnames()
    assert {name: reached[name] for name in wants if name not in stuck} == {
        name: hostname for name, hostname in wants.items() if name not in stuck
    }
    if not stuck:
        assert all(result.state is StepState.DONE for result in last.applied.results.values())
    before = {step.hostname for lane in last.plan.lanes for step in lane if isinstance(step, Delete)}
    kept = {hostname for hostname in before if hostname in reached.values()}
    lost = {step.hostname for step in last.plan.steps if isinstance(step, Delete)} - kept
    moving = {move.hostname for move in last.plan.moves}
    assert not lost & moving
    assert last.applied.unserved == ()
