"""The fingerprint of what a plan would do: equal exactly when a reviewer's yes to one is a yes to the other."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from reconciler.model.plan import Delete

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.plan import Plan, Write

FORMAT_MAJOR = 1


def digest(plan: Plan) -> str:
    """`sha256:…` over the format's major, the API URL, the pins, and the writes with their preconditions.

    Times, texts, health, labels and paths are left out: they change nothing that apply does.
    """
    pins = {item.name: item.environment.environment_id for item in plan.items if item.environment.environment_id}
    return of_parts(plan.api_url, pins, plan.writes)


def of_parts(api_url: str, pins: Mapping[str, str], writes: Iterable[Write]) -> str:
    """The digest from the parts that count, as a saved plan holds them."""
    content = {
        "format": FORMAT_MAJOR,
        "api_url": api_url,
        "pins": dict(pins),
        "writes": [
            {
                "op": step.op,
                "environment": step.environment,
                "hostname": step.hostname,
                "after": list(step.after),
                "precondition": step.precondition.as_dict(),
            }
            for step in sorted(writes, key=lambda step: (step.environment, not isinstance(step, Delete)))
        ],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode("ascii")).hexdigest()
