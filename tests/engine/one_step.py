"""One step against a script of answers, for the tests of `execute`."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from samples import domain, pending

from reconciler.engine.earlier_writes import EarlierWrites
from reconciler.engine.failures import StepFailed
from reconciler.engine.write import execute
from reconciler.model.domains import Absent, Present
from reconciler.model.errors import (
    Conflict,
    NoAnswer,
    NotFound,
    NotSent,
    ServerFault,
    Throttled,
    Unauthorized,
    Unexpected,
)
from reconciler.model.steps import Create, Delete, Identity, Verify

from .scripted import Scripted

if TYPE_CHECKING:
    from reconciler.model.domains import Domain, Known
    from reconciler.model.report import StepError
    from reconciler.model.steps import Step

OLD, NEW, OTHER = domain("web", "old.example.com"), pending("web", "new.example.com"), pending("web", "x.example.com")
AGAIN = domain("web", "old.example.com", id="another")  # the same hostname, made anew by somebody else
READY = domain("web", "new.example.com")
DELETE = Delete("web", OLD.hostname, Identity(OLD.hostname, OLD.id, OLD.environment_id))
CREATE = Create("web", NEW.hostname)
VERIFY = Verify("web", NEW.hostname, Identity(NEW.hostname, environment_id=NEW.environment_id))
R_ABSENT, R_OLD, R_NEW, R_OTHER, R_AGAIN = Absent(), Present(OLD), Present(NEW), Present(OTHER), Present(AGAIN)
R_READY = Present(READY)
LOST = NoAnswer("POST: no answer")
BROKEN = ServerFault("POST: 503", status=503, error_type="BusyError")
GARBLED = Unexpected("POST: 200, but HTML", status=200)
NOT_SENT = NotSent("could not connect")
SLOW_DOWN = Throttled("429", status=429, retry_after=30.0)
TAKEN = Conflict("409 claimed", status=409, error_type="ResourceConflictError")
GONE = NotFound("404", status=404, error_type="ResourceNotFoundError")
BARE = Unexpected("GET: 404 with a body that is not the API's own", status=404)
FORBIDDEN = Unauthorized("GET: 404", status=404, error_type="ResourceNotAuthorizedError")
R_NEWER = Present(replace(NEW, created_at="2036-01-01T00:00:00Z"))
ELSEWHERE = Present(replace(NEW, environment_id="another"))


async def done(step: Step, *script: object, **more: object) -> tuple[object, Scripted, list[Known]]:
    """How it ended: a custom domain, None, or the word and the certainty of a failure."""
    api, seen = Scripted(*script), []

    def on_read(environment: str, live: Known) -> None:
        assert environment == "web"
        seen.append(live)

    try:
        earlier = EarlierWrites(**more)  # type: ignore[arg-type]
        end: object = (await execute(step, api, api.policy, earlier=earlier, on_read=on_read)).domain
    except StepFailed as failure:
        end = failure.error.kind + (" (perhaps done)" if failure.uncertain else "")
    assert api.left == [], "the whole script was played"
    return end, api, seen


async def error_of(step: Step, *script: object, deleted: Domain | None = None) -> StepError:
    api = Scripted(*script)
    with pytest.raises(StepFailed) as failure:
        await execute(step, api, api.policy, earlier=EarlierWrites(deleted), on_read=lambda *_: None)
    assert str(failure.value) == failure.value.error.message
    return failure.value.error
