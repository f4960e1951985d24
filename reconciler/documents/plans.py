"""The plan in a document: its numbers, environments, steps, moves and interruptions; and what apply refuses of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.documents.applied import result_object
from reconciler.documents.environments import environment_object, environment_of
from reconciler.documents.steps import step_object, steps_of
from reconciler.model.plan import Block, Interruption, Move, Plan
from reconciler.model.results import ApplyResult, StatusResult, VerifyResult

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reconciler.documents.format import Object
    from reconciler.model.domains import Live
    from reconciler.model.results import Read


def plan_object(plan: Plan, content: Read | None) -> dict[str, Any]:
    """The plan, each environment and step of it with what `content` knows. Both are iterators, to be written one by one."""
    return {
        "summary": plan.summary(),
        "environments": _environments(plan, content),
        "steps": _steps(plan, content),
        "moves": [_move_object(item) for item in plan.moves],
        "interruptions": [_interruption_object(item) for item in plan.interruptions],
    }


def plan_of(document: Object) -> Plan:
    """The plan of a document. All its steps are one lane. Raises NotAPlan."""
    steps = steps_of(document)
    return Plan(
        document["source"]["api_url"] if document["source"] else "",
        tuple(environment_of(item) for item in document["environments"]),
        (steps,) if steps else (),
        tuple(_move_of(item) for item in document["moves"]),
        tuple(_interruption_of(item) for item in document["interruptions"]),
    )


def _environments(plan: Plan, content: Read | None) -> Iterator[Object]:
    verified = content.verified if isinstance(content, ApplyResult | VerifyResult) else ()
    verdicts = {item.environment: item for item in verified}
    live: Mapping[str, Live] = {item.environment: item.live for item in verified}
    if isinstance(content, ApplyResult):
        live = content.applied.live
    for item in plan.environments:
        data = environment_object(item, live.get(item.name, item.live), verdicts.get(item.name))
        if isinstance(content, StatusResult):
            data["delivery_host"] = content.host(item)
        yield data


def _steps(plan: Plan, content: Read | None) -> Iterator[Object]:
    for step in plan.steps:
        result = content.applied.results[step.id] if isinstance(content, ApplyResult) else None
        yield {**step_object(step), **(result_object(result) if result else {})}


def _move_object(move: Move) -> Object:
    return {"hostname": move.hostname, "from": move.source, "to": move.target}


def _move_of(item: Object) -> Move:
    return Move(item["hostname"], item["from"], item["to"])


def _interruption_object(item: Interruption) -> Object:
    return {
        "hostname": item.hostname,
        "environment": item.environment,
        "from_step": item.from_step,
        "until": item.until,
    }


def _interruption_of(item: Object) -> Interruption:
    return Interruption(item["hostname"], item["environment"], item["from_step"], item["until"])


def block_object(block: Block) -> Object:
    return {
        "code": block.code,
        "environment": block.environment,
        "message": block.message,
        "override": block.override,
    }


def block_of(item: Object) -> Block:
    return Block(item["code"], item["environment"], item["message"], item["override"])
