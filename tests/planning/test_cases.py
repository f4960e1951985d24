"""One planning case a file: why, what is desired, what is live, what must come of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from samples import API_URL, live, unreadable, wish

from reconciler.documents.earlier import Earlier
from reconciler.model.plan import Action, Block, Plan
from reconciler.planning.guards import Consent, blocks
from reconciler.planning.planner import build_plan

if TYPE_CHECKING:
    from reconciler.model.domains import Live
    from reconciler.model.environments import Environment
    from reconciler.model.steps import Step

CASES = sorted((Path(__file__).parent.parent / "cases" / "plan").glob("*.yaml"))


def _wish(name: str, given: Any) -> Environment:
    values = given if isinstance(given, dict) else {"hostname": given}
    hostname = values.pop("hostname")
    return wish(name, None if hostname == "none" else hostname, **values)


def _live(name: str, given: Any) -> Live:
    if given == "unreadable":
        return unreadable()
    values = given if isinstance(given, dict) else {"hostname": given}
    hostname = values.pop("hostname")
    return live(name, None if hostname == "none" else hostname, **values)


def _consent(given: dict[str, Any]) -> Consent:
    allow = given.pop("allow", None)
    earlier = Earlier(given.pop("earlier", {}))
    sets: dict[str, Any] = {
        name: frozenset(value) if isinstance(value, list) else value for name, value in given.items()
    }
    return Consent(allow=None if allow is None else frozenset(map(Action, allow)), earlier=earlier, **sets)


def _step(step: Step) -> str:
    return f"{step.id} <- {' '.join(step.after)}" if step.after else step.id


def _block(block: Block) -> str:
    return f"{block.code} {block.environment or '-'}: {block.override or '-'}"


def _told(plan: Plan, blocked: tuple[Block, ...]) -> dict[str, Any]:
    """The plan in the words of the case files; what is empty is left out."""
    told: dict[str, Any] = {
        "actions": {item.name: f"{item.action} {item.reason}" for item in plan.environments},
        "lanes": [[_step(step) for step in lane] for lane in plan.lanes],
        "moves": [f"{move.hostname}: {move.source} -> {move.target}" for move in plan.moves],
        "interruptions": [
            f"{item.hostname}: {item.from_step}, " + (f"until {item.until}" if item.until else "for good")
            for item in plan.interruptions
        ],
        "blocks": [_block(block) for block in blocked],
    }
    return {name: value for name, value in told.items() if value}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_the_plan_matches_the_case(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert set(case) <= {"why", "desired", "live", "consent", "expect"}
    plan = build_plan(
        [_wish(name, given) for name, given in case["desired"].items()],
        {name: _live(name, given) for name, given in case["live"].items()},
        API_URL,
    )
    assert _told(plan, blocks(plan, _consent(case.get("consent", {})))) == case["expect"]


def test_every_block_code_has_a_case() -> None:
    shown = {line.split()[0] for path in CASES for line in yaml.safe_load(path.read_text())["expect"].get("blocks", [])}
    assert shown == {
        "wrong_environment",
        "environment_shared",
        "hostname_live_twice",
        "move_target_unreadable",
        "all_absent",
        "protected",
        "not_allowed",
        "too_many_interruptions",
    }
