"""What one look and one check make of an environment, word for word."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from samples import domain, pending

from reconciler.engine.verify import Waiting, verify_all
from reconciler.model.domains import Absent, Present, Unreadable
from reconciler.model.errors import NoAnswer, NotFound
from reconciler.model.observer import NullObserver
from reconciler.model.report import Verdict, Verified

from .scripted import Scripted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from reconciler.model.domains import Domain

WEB = "web.example.com"
READY, PENDING, OTHER = domain("web", WEB), pending("web", WEB), domain("web", "x.example.com")
FAILED = domain("web", WEB, status="FAILED", certificate_status="PENDING")
FAILING = domain("web", WEB, certificate_status="FAILING")
GONE = NotFound("404", status=404, error_type="ResourceNotFoundError")
SILENT = NoAnswer("POST: no answer")


class Answering(Scripted):
    """A backend whose one connection is itself."""

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Scripted]:
        yield self


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("script", "expected"),
    [
        pytest.param(
            [Absent()],
            Verified("web", Verdict.ABSENT, Absent(), "has no custom domain: run apply first"),
            id="absent",
        ),
        pytest.param(
            [Present(OTHER)],
            Verified(
                "web", Verdict.DIFFERENT, Present(OTHER), f"has `x.example.com` instead of `{WEB}`: run apply first"
            ),
            id="another hostname",
        ),
        pytest.param(
            [Present(READY)],
            Verified("web", Verdict.READY, Present(READY), "CONNECTED, certificate ACTIVE"),
            id="ready",
        ),
        pytest.param(
            [Present(PENDING), READY],
            Verified("web", Verdict.READY, Present(READY), "CONNECTED, certificate ACTIVE"),
            id="ready after the check",
        ),
        pytest.param(
            [Present(PENDING), PENDING],
            Verified(
                "web",
                Verdict.WAITING,
                Present(PENDING),
                "status PENDING, certificate PENDING: publish the two DNS records and wait",
            ),
            id="waiting",
        ),
        pytest.param(
            [Present(PENDING), FAILED],
            Verified(
                "web",
                Verdict.STUCK,
                Present(FAILED),
                "status FAILED, certificate PENDING: check the two DNS records",
            ),
            id="failed",
        ),
        pytest.param(
            [Present(FAILED), FAILING],
            Verified(
                "web",
                Verdict.STUCK,
                Present(FAILING),
                "status CONNECTED, certificate FAILING: check the two DNS records",
            ),
            id="failing",
        ),
        pytest.param(
            [Present(PENDING), GONE],
            Verified("web", Verdict.ABSENT, Absent(), "has no custom domain any more: run apply first"),
            id="gone meanwhile",
        ),
        pytest.param(
            [Present(PENDING), OTHER],
            Verified(
                "web", Verdict.DIFFERENT, Present(OTHER), f"has `x.example.com` instead of `{WEB}`: run apply first"
            ),
            id="replaced meanwhile",
        ),
        pytest.param(
            [SILENT], Verified("web", Verdict.UNKNOWN, Unreadable(SILENT), "POST: no answer"), id="not readable"
        ),
        pytest.param(
            [Present(PENDING), SILENT],
            Verified("web", Verdict.UNKNOWN, Unreadable(SILENT), "POST: no answer"),
            id="no answer to the check",
        ),
    ],
)
async def test_the_verdict_on_an_environment(script: list[object], expected: Verified) -> None:
    api, heard, looked = Answering(*script), [], []

    async def look(environment: str, found: Domain) -> tuple[()]:
        looked.append((environment, found))
        return ()

    class Verdicts(NullObserver):
        def on_verdict(self, verified: Verified) -> None:
            heard.append(verified)

    assert await verify_all([("web", WEB)], api, 1, Waiting(look), Verdicts()) == (expected,)
    assert heard == [expected]
    assert api.left == []
    assert api.calls == ["read web", "test web"][: len(script)]
    first = script[0]
    asked = isinstance(first, Present) and first.domain.hostname == WEB
    assert looked == ([("web", first.domain)] if asked else [])


@pytest.mark.anyio
async def test_an_answer_about_another_environment_is_no_verdict() -> None:
    elsewhere = domain("shop", WEB)

    async def look(_environment: str, _found: Domain) -> tuple[()]:
        return ()

    (verified,) = await verify_all([("web", WEB)], Answering(Present(PENDING), elsewhere), 1, Waiting(look))
    assert isinstance(verified.live, Unreadable)
    assert (verified.verdict, verified.live.error.kind) == (Verdict.UNKNOWN, "unexpected")
    assert elsewhere.environment_id in verified.message


@pytest.mark.anyio
async def test_a_read_of_another_environment_than_the_pinned_one_is_no_verdict() -> None:
    async def look(_environment: str, _found: Domain) -> tuple[()]:
        return ()

    pins = {"web": domain("shop", WEB).environment_id}
    (verified,) = await verify_all([("web", WEB)], Answering(Present(READY)), 1, Waiting(look, pins=pins))
    assert (verified.verdict, READY.environment_id in verified.message) == (Verdict.UNKNOWN, True)
