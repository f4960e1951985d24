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

from reconciler.documents.earlier import Earlier
from reconciler.model.domains import Present, Unreadable, domain_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.report import RestoreFailure, StepState
from reconciler.model.steps import Create, Delete, Verify, move_targets

from .life import Lived, live_through, saved
from .organization import Organization
from .scenario import Round, Scenario, scenarios

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.report import StepError
    from reconciler.model.steps import Step

    from .organization import Act

EXAMPLES = int(os.environ.get("RECONCILER_MODEL_EXAMPLES", "300"))
_OPEN = {"unknown", "interrupted"}  # errors that say themselves that the write may have happened


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=set(Phase) - {Phase.explain},
)
@given(scenarios())
def test_nothing_is_lost_and_one_more_apply_reaches_the_goal(scenario: Scenario) -> None:
    note(repr(scenario))
    asyncio.run(_whole_life(scenario))


async def _whole_life(scenario: Scenario) -> None:
    server = Organization(scenario)
    earlier = Earlier()
    for round_ in scenario.rounds:
        lived = await live_through(scenario, server, round_, earlier=earlier)
        if not isinstance(lived, Lived):
            assert lived == {"selection_cuts_move"}
            continue
        check(lived, server)
        server.clock.now += 60.0  # deletes that show late are done by now
        meddled = any(not act.ours for act in lived.acts)
        earlier = Earlier() if meddled else knew(lived)
        if round_.again:
            calm = Round(round_.wants, selected=round_.selected)
            known = Earlier() if meddled else saved(lived.plan).earlier | earlier
            again = await live_through(scenario, server, calm, earlier=known, again=lived.plan)
            check_again(lived, again, scenario, server)
            server.clock.now += 60.0
            earlier = Earlier() if meddled or not isinstance(again, Lived) else knew(again)
    wants = scenario.rounds[-1].wants
    last = await live_through(scenario, server, Round(wants), earlier=earlier)
    assert isinstance(last, Lived)
    check_receipt(last)
    check_goal(last, wants, scenario, server)


def check(lived: Lived, server: Organization) -> None:
    """Everything that must be true of one round."""
    check_receipt(lived)
    check_untouched(lived)
    check_stop(lived)
    if not lived.killed:
        check_exit_code(lived)
    if not lived.killed and not lived.cut_off and undisturbed(lived):
        check_live(lived, server)
        assert reported(lived) == lost(lived, server)
    if not lived.wire.was_late and all(act.ours for act in lived.acts):
        if not lived.killed:
            assert lost(lived, server) <= reported(lived), "what serves no traffic is reported, whatever is not known"
        if lived.wire.round.restore or not lived.replaced:
            assert lanes_of(lost(lived, server), lived) <= 1 + lived.replaced, (
                "no more lanes lose a hostname than have created one before, and one"
            )


def knew(lived: Lived) -> Earlier:
    """What the receipt of this round knows."""
    hostnames = {name: domain.hostname for name, live in lived.applied.live.items() if (domain := domain_of(live))}
    deletes = ((step.environment, step.hostname) for step in lived.plan.steps if isinstance(step, Delete))
    return Earlier(hostnames, frozenset(deletes))


def check_again(lived: Lived, again: Lived | set[str], scenario: Scenario, server: Organization) -> None:
    """The saved plan of the round, applied once more: refused only where live is no longer what it knows, else it is done."""
    if not isinstance(again, Lived):
        assert again <= {"stale_plan"} or any(not act.ours for act in lived.acts)
        wanted = {step.environment: step.hostname for step in lived.plan.steps if isinstance(step, Create)}
        restored = any(act.ours and act.hostname not in {None, wanted.get(act.environment)} for act in lived.acts)
        assert restored or lived.wire.was_late or any(not act.ours for act in lived.acts)
        return
    check_receipt(again)
    check_untouched(again)
    assert lost(again, server) <= reported(again)
    if all(act.ours for act in lived.acts):  # or another writer has it in an environment that this run does not read
        assert reported(again) == lost(again, server)
    if not lived.wire.was_late:
        desired = {item.name: item.environment.hostname for item in again.plan.environments}
        check_goal(again, desired, scenario, server)


@settings(
    max_examples=EXAMPLES // 4,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=set(Phase) - {Phase.explain},
)
@given(scenarios())
def test_no_domain_stays_in_a_wrong_environment_unless_it_is_reported(
    scenario: Scenario,
) -> None:
    """The pin of `a`, which has no custom domain, is not the Environment that its key opens."""
    scenario = replace(scenario, holds={**scenario.holds, "a": None}, one_key=False, mistaken="a")
    note(repr(scenario))
    asyncio.run(_mistaken_life(scenario))


async def _mistaken_life(scenario: Scenario) -> None:
    server = Organization(scenario)
    lived = await live_through(scenario, server, scenario.rounds[0])
    if not isinstance(lived, Lived):
        assert lived == {"selection_cuts_move"}
        return
    check_receipt(lived)
    check_untouched(lived)
    result = lived.applied.results.get("create:a")
    assert result is None or result.state is not StepState.DONE
    if lived.killed or lived.cut_off or not undisturbed(lived) or result is None:
        return
    told = result.error is not None and "the create was undone" not in result.error.message
    assert server.held("a") is None or told
    if result.error is not None and result.error.kind == "wrong_environment":
        assert of_apply(lived.plan, lived.applied)[0] is ExitCode.PARTIAL


def undisturbed(lived: Lived) -> bool:
    """Nobody else was at work, nothing arrived late, and every write's outcome was learned."""
    errors = [result.error for result in lived.applied.results.values() if result.error]
    errors += [item.error for item in lived.applied.restores if isinstance(item, RestoreFailure)]
    others = any(not act.ours for act in lived.acts)
    return not others and not lived.wire.was_late and not any(error.kind in _OPEN for error in errors)


def check_receipt(lived: Lived) -> None:
    """What the report says of each step is what the server did."""
    done = {step.id for step in lived.plan.done}
    for step in lived.plan.steps:
        if step.id in done:
            continue
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
    if error.kind == "wrong_environment" and "the create was undone" not in error.message:
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
        and sent.moment not in lived.wire.turned_away  # a lane that then waits for others may not be begun in the end
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
    round_ = lived.wire.round
    troubles = (*round_.troubles.values(), *(outage.trouble for outage in round_.outages))
    slowed = any(trouble.kind.startswith("429") for trouble in troubles)
    if moment is None or lived.wire.moment < moment or slowed:
        return
    for lane in lived.plan.lanes:
        names = {step.environment for step in lane}
        begun = min((lived.wire.begun[name] for name in names if name in lived.wire.begun), default=None)
        assert begun is None or begun < moment


def check_exit_code(lived: Lived) -> None:
    code, _ = of_apply(lived.plan, lived.applied)
    done = all(result.state is StepState.DONE for result in lived.applied.results.values())
    wrote = any(act.ours and not _create_undone(act, lived) for act in lived.acts)
    if done:
        assert code in {ExitCode.OK, ExitCode.STUCK}
    elif wrote and not lived.wire.was_late:
        assert code is ExitCode.PARTIAL
    elif undisturbed(lived) and not lived.wire.sent:
        assert code is not ExitCode.PARTIAL
    assert code is not ExitCode.OK or done


def _create_undone(create: Act, lived: Lived) -> bool:
    """Another writer has removed what was created. If the answer was lost too, nothing shows that it was ever there."""
    return create.hostname is not None and any(
        not act.ours and act.environment == create.environment and act.hostname is None and act.moment >= create.moment
        for act in lived.acts
    )


def check_live(lived: Lived, server: Organization) -> None:
    """What was last seen of each environment is what is there."""
    hostnames = server.hostnames()
    for name, live in lived.applied.live.items():
        if not isinstance(live, Unreadable):
            assert (live.domain.hostname if isinstance(live, Present) else None) == hostnames[name]


def lost(lived: Lived, server: Organization) -> set[tuple[str, str]]:
    """The hostnames that were live before the plan and that no environment has now, each with the environment that had it,
    but for those that the plan removes on purpose."""
    hostnames = server.hostnames()
    moving = set(move_targets(lived.plan.steps))
    before = [(item.name, item.before) for item in lived.plan.environments]
    before += [(step.environment, step.hostname) for step in lived.plan.done if isinstance(step, Delete)]
    desired = {item.name: item.environment.hostname for item in lived.plan.environments}
    return {
        (hostname, name)
        for name, hostname in before
        if hostname is not None
        and hostname not in hostnames.values()
        and (hostname in moving or hostnames[name] != desired[name])
    }


def reported(lived: Lived) -> set[tuple[str, str]]:
    return {(item.hostname, item.environment) for item in lived.applied.unserved}


def lanes_of(lost: set[tuple[str, str]], lived: Lived) -> int:
    """How many lanes have lost a hostname."""
    names = {name for _, name in lost}
    return sum(bool(names & {step.environment for step in lane}) for lane in lived.plan.lanes)


def check_goal(last: Lived, wants: Mapping[str, str | None], scenario: Scenario, server: Organization) -> None:
    """With nothing in the way everything is as desired; a lane that wants what an outsider has keeps what it had."""
    taken = {name for name, hostname in wants.items() if hostname is not None and hostname == scenario.outsider}
    stuck = {step.environment for lane in last.plan.lanes if taken & {s.environment for s in lane} for step in lane}
    reached = server.hostnames()
    assert {name: reached[name] for name in wants if name not in stuck} == {
        name: hostname for name, hostname in wants.items() if name not in stuck
    }
    if not stuck:
        assert all(result.state is StepState.DONE for result in last.applied.results.values())
    elif last.plan.done:
        return  # an earlier round may have lost what this one cannot restore
    before = {step.hostname for lane in last.plan.lanes for step in lane if isinstance(step, Delete)}
    kept = {hostname for hostname in before if hostname in reached.values()}
    lost = {step.hostname for step in last.plan.steps if isinstance(step, Delete)} - kept
    moving = {move.hostname for move in last.plan.moves}
    assert not lost & moving
    assert last.applied.unserved == ()
