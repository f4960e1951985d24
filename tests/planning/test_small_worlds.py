"""Every start and every goal of a small world, and many of larger ones: what the plan promises holds while it is done."""

from __future__ import annotations

from itertools import permutations, product
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import API_URL, domain, live, unreadable, wish

from reconciler.model.digest import digest
from reconciler.model.domains import Absent, Domain, Live, Present, Unreadable
from reconciler.model.plan import CHANGING, Action, Interruption, Move, Plan
from reconciler.model.steps import Create, Delete, Identity, Step, Verify
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Iterator, Mapping

    from reconciler.model.environments import Environment

Hostnames = dict[str, str | None]


class Account:
    """One Imgwire organization: an Environment has one custom domain at most, a hostname belongs to one at most."""

    def __init__(self, found: Mapping[str, Live]) -> None:
        self.domains: dict[str, Domain] = {
            name: state.domain for name, state in found.items() if isinstance(state, Present)
        }

    def live(self, names: Iterable[str]) -> dict[str, Live]:
        return {name: Present(self.domains[name]) if name in self.domains else Absent() for name in names}

    def do(self, step: Step) -> None:
        """What the API would do, or refuse: a second domain, a hostname that is held, a domain that is not there."""
        held = self.domains.get(step.environment)
        assert step.precondition.holds(Absent() if held is None else Present(held)), f"{step} is not due"
        match step:
            case Delete():
                del self.domains[step.environment]
            case Create():
                assert step.hostname not in {item.hostname for item in self.domains.values()}, f"{step} claims twice"
                self.domains[step.environment] = domain(
                    step.environment, step.hostname, status="PENDING", certificate_status="PENDING"
                )
            case Verify():
                self.domains[step.environment] = domain(step.environment, step.hostname)


def placements(names: tuple[str, ...], hostnames: tuple[str, ...]) -> Iterator[Hostnames]:
    """Every way in which the environments can hold the hostnames, each at most once."""
    for chosen in product((None, *hostnames), repeat=len(names)):
        held = [hostname for hostname in chosen if hostname]
        if len(held) == len(set(held)):
            yield dict(zip(names, chosen, strict=True))


def planned(goal: Hostnames, found: Mapping[str, Live]) -> Plan:
    return build_plan([wish(name, hostname) for name, hostname in goal.items()], found, API_URL)


def check_promises(plan: Plan) -> None:
    """What every plan promises of its own shape."""
    ids = [step.id for step in plan.steps]
    assert len(ids) == len(set(ids))
    deletes = {step.hostname: step for step in plan.steps if isinstance(step, Delete)}
    emptied = {step.environment for step in deletes.values()}
    for index, step in enumerate(plan.steps):
        assert set(step.after) <= set(ids[:index]), "what a step waits for comes before it"
        if isinstance(step, Create):
            freed_by = deletes.get(step.hostname)
            expected = {f"delete:{step.environment}"} if step.environment in emptied else set()
            expected |= {freed_by.id} if freed_by else set()
            assert set(step.after) == expected
    for lane in plan.lanes:
        inside = {step.id for step in lane}
        assert all(set(step.after) <= inside for step in lane), "lanes do not wait for each other"
    creates = {step.environment for step in plan.steps if isinstance(step, Create)}
    follow_ups = {step.environment for step in plan.steps if isinstance(step, Verify) and step.after}
    assert follow_ups == creates, "a verify follows each create"


def interruptions(found: Mapping[str, Live], goal: Hostnames) -> set[Interruption]:
    """By their definition: a hostname that is CONNECTED now and stops being served by a step."""
    targets = {hostname: name for name, hostname in goal.items() if hostname}
    return {
        Interruption(
            state.domain.hostname,
            name,
            f"delete:{name}",
            f"verify:{targets[state.domain.hostname]}" if state.domain.hostname in targets else None,
        )
        for name, state in found.items()
        if isinstance(state, Present) and state.domain.hostname != goal[name] and state.domain.status == "CONNECTED"
    }


NAMES = ("a", "b", "c")
HOSTS = ("x.example.com", "y.example.com", "z.example.com")


@pytest.mark.parametrize(
    "start", list(placements(NAMES, HOSTS)), ids=lambda held: "-".join(str(h)[0] for h in held.values())
)
def test_every_goal_is_reached_from_every_start_and_then_nothing_is_left_to_do(start: Hostnames) -> None:
    found = {name: live(name, hostname) for name, hostname in start.items()}
    for goal in placements(NAMES, HOSTS):
        plan = planned(goal, found)
        check_promises(plan)
        assert set(plan.interruptions) == interruptions(found, goal)
        account = Account(found)
        for step in plan.steps:
            account.do(step)
        again = planned(goal, account.live(NAMES))
        assert again.steps == ()
        assert {item.action for item in again.environments} == {Action.NONE}


LARGE = tuple("abcdefg")


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Hostnames, dict[str, Live]]:
    """A goal and a start of up to seven environments, some of them not ready, some unreadable."""
    names = LARGE[: draw(st.integers(1, len(LARGE)))]
    hosts = [f"h{number}.example.com" for number in range(len(names) + 1)]

    def held() -> Hostnames:
        shuffled = draw(st.permutations(hosts))
        return {name: draw(st.sampled_from([shuffled[index], None])) for index, name in enumerate(names)}

    goal, start = held(), held()
    found: dict[str, Live] = {}
    for name in names:
        if draw(st.integers(0, 9)) == 0:
            found[name] = unreadable()
            continue
        status = draw(st.sampled_from(["CONNECTED", "PENDING", "FAILED", "NEW_WORD"]))
        found[name] = live(name, start[name], status=status)
    return goal, found


@given(worlds(), st.randoms(use_true_random=False))
def test_any_order_that_respects_after_reaches_the_goal(
    world: tuple[Hostnames, dict[str, Live]], chance: random.Random
) -> None:
    goal, found = world
    plan = planned(goal, found)
    check_promises(plan)
    account = Account(found)
    left, done = list(plan.steps), set[str]()
    while left:
        step = chance.choice([step for step in left if set(step.after) <= done])
        account.do(step)
        left.remove(step)
        done.add(step.id)
    readable = {name for name, state in found.items() if not isinstance(state, Unreadable)}
    reached = {name: item.hostname for name, item in account.domains.items()}
    assert reached == {name: goal[name] for name in readable if goal[name]}
    assert all(item.ready for item in account.domains.values())


@given(worlds())
def test_an_interruption_is_as_short_as_possible(world: tuple[Hostnames, dict[str, Live]]) -> None:
    """In the plan's own order a hostname that moves is created again before two more deletes have gone by."""
    goal, found = world
    plan = planned(goal, found)
    for lane in plan.lanes:
        kinds = "".join(step.op[0] for step in lane)
        assert "ddd" not in kinds
        assert "vd" not in kinds
        assert "vc" not in kinds


@given(worlds())
def test_moves_are_the_hostnames_that_leave_one_environment_and_arrive_in_another(
    world: tuple[Hostnames, dict[str, Live]],
) -> None:
    goal, found = world
    readable = {name: state for name, state in found.items() if not isinstance(state, Unreadable)}
    sources = {state.domain.hostname: name for name, state in readable.items() if isinstance(state, Present)}
    expected = [
        Move(hostname, sources[hostname], name)
        for name, hostname in goal.items()
        if name in readable and hostname in sources and sources[hostname] != name
    ]
    assert list(planned(goal, found).moves) == sorted(expected, key=lambda move: move.hostname)


@given(worlds(), st.randoms(use_true_random=False))
def test_the_order_of_the_input_changes_nothing(
    world: tuple[Hostnames, dict[str, Live]], chance: random.Random
) -> None:
    goal, found = world
    shuffled, read = list(goal.items()), list(found.items())
    chance.shuffle(shuffled)
    chance.shuffle(read)
    assert planned(dict(shuffled), dict(read)) == planned(goal, found)


@given(worlds())
def test_an_unreadable_environment_is_neither_touched_nor_taken_for_absent(
    world: tuple[Hostnames, dict[str, Live]],
) -> None:
    goal, found = world
    plan = planned(goal, found)
    dark = {name for name, state in found.items() if isinstance(state, Unreadable)}
    assert not dark & {step.environment for step in plan.steps}
    assert {item.name for item in plan.environments if item.action is Action.UNREADABLE} == dark
    assert plan.complete is not bool(dark)


@given(worlds())
def test_the_numbers_of_a_plan_add_up(world: tuple[Hostnames, dict[str, Live]]) -> None:
    goal, found = world
    plan = planned(goal, found)
    count = plan.summary()
    kinds = ("create", "delete", "replace", "verify", "unchanged", "unreadable")
    assert sum(count[kind] for kind in kinds) == count["environments"] == len(goal)
    assert count["writes"] == count["create"] + count["delete"] + 2 * count["replace"] == len(plan.writes)
    assert count["steps"] == count["writes"] + count["create"] + count["replace"] + count["verify"] == len(plan.steps)
    assert plan.has_changes == any(item.action in CHANGING for item in plan.environments) == bool(plan.writes)


@given(worlds(), worlds())
def test_digests_are_equal_exactly_when_environments_and_writes_are(
    one: tuple[Hostnames, dict[str, Live]], other: tuple[Hostnames, dict[str, Live]]
) -> None:
    left, right = planned(*one), planned(*other)
    names = [[item.name for item in plan.environments] for plan in (left, right)]
    same = _by_place(left) == _by_place(right) and names[0] == names[1]
    assert (digest(left) == digest(right)) == same


def _by_place(plan: Plan) -> list[object]:
    return sorted(
        (step.environment, step.op, step.hostname, step.after, repr(step.precondition)) for step in plan.writes
    )


def test_a_ring_of_any_length_is_one_lane_with_every_hostname_freed_right_before_it_is_taken() -> None:
    names = tuple("abcd")
    for order in permutations(names[1:]):
        ring = ("a", *order)
        goal = {name: f"{ring[(index + 1) % 4]}.example.com" for index, name in enumerate(ring)}
        plan = planned(goal, {name: live(name, f"{name}.example.com") for name in names})
        assert len(plan.lanes) == 1
        assert "".join(step.op[0] for step in plan.lanes[0]) == "ddc" + "dc" * 2 + "c" + "v" * 4


def test_a_step_is_bound_to_the_very_domain_that_was_read() -> None:
    plan = planned({"a": "new.example.com"}, {"a": live("a", "old.example.com")})
    old = domain("a", "old.example.com")
    assert [step.precondition for step in plan.steps] == [
        Identity("old.example.com", old.id, old.environment_id),
        Create("a", "new.example.com").precondition,
        Identity("new.example.com"),
    ]


def test_the_pin_is_what_a_new_domain_is_held_against() -> None:
    pin = domain("a", "x.example.com").environment_id
    plan = build_plan([wish("a", "x.example.com", environment_id=pin)], {"a": Absent()}, API_URL)
    assert plan.steps[-1] == Verify("a", "x.example.com", Identity("x.example.com", environment_id=pin), ("create:a",))


def _changed(plan: Plan, wishes: list[Environment], found: Mapping[str, Live], url: str = API_URL) -> bool:
    return digest(build_plan(wishes, found, url)) != digest(plan)


def test_the_digest_covers_the_url_the_pins_and_the_ids_and_not_health_or_labels() -> None:
    found = {"a": live("a", "old.example.com"), "b": live("b", "b.example.com")}
    wishes = [wish("a", "new.example.com"), wish("b", "b.example.com")]
    plan = build_plan(wishes, found, API_URL)
    again = {**found, "a": live("a", "old.example.com", id="another")}
    assert _changed(plan, wishes, found, "https://elsewhere.example")
    assert _changed(plan, [wishes[0], wish("b", "b.example.com", environment_id="pin")], found)
    assert _changed(plan, wishes, again)
    healthier = {"a": live("a", "old.example.com", status="FAILED", updated_at="later"), "b": found["b"]}
    assert not _changed(plan, wishes, healthier)
    assert not _changed(plan, wishes, {**found, "b": live("b", "b.example.com", status="PENDING")})
    assert not _changed(plan, [wish("a", "new.example.com", labels={"team": "web"}, protect=True), wishes[1]], found)
