"""Lines of the log on standard error."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from reconciler.model.escape import escape_control, finish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from reconciler.model.observer import RequestEvent
    from reconciler.model.report import StepResult, Verified
    from reconciler.model.steps import Step

    Fields = Mapping[str, str | float | None]


def text_line(kind: str, text: str) -> str:
    """One line for people."""
    return (escape_control(text) if kind in {"info", "call"} else f"{kind}: {escape_control(text)}") + "\n"


def json_line(time: datetime, kind: str, text: str, fields: Fields) -> str:
    """The same as a JSON object."""
    record = {"time": time.isoformat(timespec="milliseconds"), "kind": kind, "text": text, **fields}
    return finish(json.dumps(record), "json") + "\n"


def step_fields(step: Step, result: StepResult, seconds: float | None) -> Fields:
    """What a JSON line has of a step that ended after `seconds`; None where it never started."""
    return {
        "environment": step.environment,
        "op": step.op,
        "hostname": step.hostname,
        "state": result.state.value,
        "error": result.error.kind if result.error else None,
        "duration": None if seconds is None else round(seconds, 3),
    }


def verdict_fields(verified: Verified) -> Fields:
    """What a JSON line has of a verdict."""
    return {"environment": verified.environment, "verdict": verified.verdict.value, "message": verified.message}


def request_fields(request: RequestEvent) -> Fields:
    """What a JSON line has of a request."""
    return {
        "environment": request.environment,
        "method": request.method,
        "path": request.path,
        "status": request.status,
        "attempt": request.attempt,
        "duration": round(request.duration, 3),
    }
