"""Steps of a plan, in documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.model.steps import Create, Delete, Identity, Step, Vacant, Verify

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.documents.format import Object


class NotAPlan(Exception):
    """The document is not a plan that this version can run. `str()` is the reason."""


def step_object(step: Step) -> dict[str, Any]:
    return {
        "id": step.id,
        "op": step.op,
        "environment": step.environment,
        "hostname": step.hostname,
        "after": list(step.after),
        "precondition": step.precondition.as_dict(),
    }


def step_of(item: Object) -> Step:
    """Raises NotAPlan."""
    condition = item["precondition"]
    after = tuple(item["after"])
    if item["op"] == "create":
        return Create(item["environment"], item["hostname"], Vacant(), after)
    if "hostname" not in condition:
        raise NotAPlan(f"step {item['id']} has no custom domain as its precondition")
    identity = Identity(condition["hostname"], condition["id"], condition["environment_id"])
    kind = Delete if item["op"] == "delete" else Verify
    return kind(item["environment"], item["hostname"], identity, after)


def steps_of(document: Object) -> tuple[Step, ...]:
    """The steps of a plan or report. Raises NotAPlan where they do not fit together."""
    steps = tuple(map(step_of, document["steps"]))
    check_steps(document, steps)
    return steps


def check_steps(document: Object, steps: Sequence[Step]) -> None:
    """Raises NotAPlan for ids that are not those of the steps, and for environments that the document does not list."""
    ids = [step["id"] for step in document["steps"]]
    if len(set(ids)) < len(ids) or ids != [step.id for step in steps]:
        raise NotAPlan("the id of a step does not match its content")
    unlisted = sorted({step.environment for step in steps} - {item["name"] for item in document["environments"]})
    if unlisted:
        raise NotAPlan(f"it has a step for `{unlisted[0]}`, which is not among its environments")
