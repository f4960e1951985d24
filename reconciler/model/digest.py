"""The digest of a plan: equal for two plans exactly when the approval of one is an approval of the other."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.steps import Delete

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.environments import Environment
    from reconciler.model.plan import Plan
    from reconciler.model.steps import Write

FORMAT_MAJOR = 1
_WELL_FORMED = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeyAccess:
    """What decides in which Imgwire Environment a write lands: the pin, where the key comes from, and whether the pin is
    sent as `X-Environment-Id`. `key_source` is the text of `api_key`, or `default`."""

    environment_id: str | None
    key_source: str
    send_environment_id: bool = False

    @classmethod
    def of(cls, environment: Environment) -> KeyAccess:
        return cls(environment.environment_id, environment.key.as_written, environment.send_environment_id)


def digest(plan: Plan) -> str:
    """`sha256:…` over the format's major, the API URL, the access to each environment, and the writes with preconditions.

    Times, texts, health, labels and paths are left out: they change nothing that apply does.
    """
    return digest_of(
        plan.api_url, {item.name: KeyAccess.of(item.environment) for item in plan.environments}, plan.writes
    )


def digest_of(api_url: str, access: Mapping[str, KeyAccess], writes: Iterable[Write]) -> str:
    """The digest from the parts that count, as a saved plan contains them."""
    content = {
        "format": FORMAT_MAJOR,
        "api_url": api_url,
        "environments": {
            name: [item.environment_id, item.key_source, item.send_environment_id] for name, item in access.items()
        },
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


def parse_digest(text: str) -> str:
    """The digest, without spaces around it. Raises ValueError."""
    if not is_digest(text.strip()):
        raise ValueError("a digest is `sha256:` and 64 hexadecimal digits, as `reconciler plan` prints it")
    return text.strip()


def is_digest(text: str) -> bool:
    """Whether the text has the form of a digest."""
    return _WELL_FORMED.fullmatch(text) is not None
