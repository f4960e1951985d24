"""Verifying in rounds: what is asked when, and when it ends. Time passes only when the waiting says so."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest
from samples import domain, pending

from reconciler.engine.verify import Waiting, absence_verdict, verify_all
from reconciler.model.dns import DnsVerdict, LookupResult
from reconciler.model.domains import Absent, Domain, Known, Live, Present, Unreadable
from reconciler.model.errors import BackendError, KeyUnusable, NoAnswer, PaymentRequired, Unauthorized
from reconciler.model.observer import NullObserver, Observer
from reconciler.model.report import Record, Verdict, Verified

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

pytestmark = pytest.mark.anyio


@dataclass
class Imgwire:
    """One environment, and what each check makes of it, the last word repeated. Remembers every call."""

    live: Known
    checks: list[Domain] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    broken: int = 0
    error: BackendError = field(default_factory=lambda: NoAnswer("GET /api/v1/custom_domain/: no answer: timed out"))

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Imgwire]:
        yield self

    async def read(self, environment: str) -> Known:
        self.calls.append("read")
        if self.broken:
            self.broken -= 1
            raise self.error
        return self.live

    async def test_connection(self, environment: str) -> Domain:
        self.calls.append("test")
        found = self.checks.pop(0) if len(self.checks) > 1 else self.checks[0]
        self.live = Present(found)
        return found


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


NEW = pending("web", "images.example.com")
READY = domain("web", "images.example.com")
FAILED = replace(NEW, status="FAILED", certificate_status="FAILING")


def record(verdict: DnsVerdict, purpose: str = "routing") -> Record:
    return Record(
        "web",
        "images.example.com",
        purpose,
        "images.example.com",
        "cdn-proxy.imgwire.dev",
        lookup=LookupResult(verdict),
    )


def dns(*verdicts: DnsVerdict) -> Waiting:
    """DNS as it is seen in one round after the other, the last word repeated."""
    left = list(verdicts)

    async def look(environment: str, _domain: Domain) -> tuple[Record, ...]:
        return (record(left.pop(0) if len(left) > 1 else left[0]),)

    return Waiting(look)


async def no_records(_environment: str, _domain: Domain) -> tuple[Record, ...]:
    return ()


@dataclass
class Verdicts(NullObserver):
    """Keeps every verdict."""

    verdicts: list[Verified] = field(default_factory=list)

    def on_verdict(self, verified: Verified) -> None:
        self.verdicts.append(verified)


async def verify(
    api: Imgwire, max_wait: float, waiting: Waiting | None = None, observer: Observer | None = None
) -> tuple[Verified, list[float]]:
    time = Time()
    found = await verify_all(
        [("web", "images.example.com")],
        api,
        4,
        replace(
            waiting or Waiting(no_records),
            max_wait=max_wait,
            sleep=time.sleep,
            clock=lambda: time.now,
            jitter=lambda: 1.0,
        ),
        observer or NullObserver(),
    )
    return found[0], time.slept


async def test_verify_without_wait_checks_once() -> None:
    api = Imgwire(Present(NEW), [NEW])
    found, slept = await verify(api, 0)
    assert (found.verdict, found.message) == (
        Verdict.WAITING,
        "status PENDING, certificate PENDING: publish the two DNS records and wait",
    )
    assert (api.calls, slept) == (["read", "test"], [])


async def test_what_is_ready_is_not_checked_again() -> None:
    api = Imgwire(Present(READY))
    found, slept = await verify(api, 600)
    assert (found.verdict, api.calls, slept) == (Verdict.READY, ["read"], [])


async def test_pauses_grow_and_end_with_the_time() -> None:
    api = Imgwire(Present(NEW), [NEW])
    found, slept = await verify(api, 120)
    assert found.verdict is Verdict.WAITING
    assert slept == [2, 3, 4.5, 6.75, 10.125, 15.1875, 22.78125, 30, 25.65625]
    assert sum(slept) == 120


async def test_waiting_ends_when_ready() -> None:
    api = Imgwire(Present(NEW), [NEW, NEW, READY])
    found, slept = await verify(api, 600)
    assert (found.verdict, slept) == (Verdict.READY, [2, 3])


@pytest.mark.parametrize("error", [Unauthorized("401"), PaymentRequired("402"), KeyUnusable("no key")])
async def test_a_key_that_is_not_accepted_is_not_worth_waiting_for(error: BackendError) -> None:
    found, slept = await verify(Imgwire(Present(NEW), [NEW], broken=99, error=error), 600)
    assert (found.verdict, slept) == (Verdict.UNKNOWN, [])


async def test_stuck_ends_the_waiting() -> None:
    found, slept = await verify(Imgwire(Present(NEW), [FAILED]), 600)
    assert (found.verdict, found.message, slept) == (
        Verdict.STUCK,
        "status FAILED, certificate FAILING: check the two DNS records",
        [],
    )


async def test_stuck_is_waited_for_while_dns_explains_it() -> None:
    api = Imgwire(Present(NEW), [FAILED, READY])
    found, slept = await verify(api, 600, dns(DnsVerdict.WRONG, DnsVerdict.WRONG, DnsVerdict.OK))
    assert (found.verdict, slept) == (Verdict.READY, [2, 3])
    assert api.calls == ["read", "test", "read", "read", "test"]


async def test_what_dns_explains_is_stuck_in_the_end() -> None:
    found, slept = await verify(Imgwire(Present(NEW), [FAILED]), 4, dns(DnsVerdict.MISSING))
    assert (found.verdict, sum(slept)) == (Verdict.STUCK, 4)
    assert found.message == "status FAILED, certificate FAILING: in DNS the routing record is missing"


async def test_a_failed_domain_has_one_verdict_until_it_recovers() -> None:
    seen = Verdicts()
    await verify(Imgwire(Present(NEW), [FAILED]), 25, dns(DnsVerdict.MISSING), seen)
    assert {item.verdict for item in seen.verdicts} == {Verdict.STUCK}
    recovering, seen = Imgwire(Present(NEW), [FAILED, READY]), Verdicts()
    await verify(recovering, 25, dns(*[DnsVerdict.MISSING] * 3, DnsVerdict.OK), seen)
    assert [item.verdict for item in seen.verdicts] == [Verdict.STUCK] * 3 + [Verdict.READY]


async def test_while_dns_is_amiss_imgwire_checks_in_every_fourth_round_and_the_last() -> None:
    api = Imgwire(Present(NEW), [NEW])
    found, slept = await verify(api, 25, dns(DnsVerdict.MISSING))
    assert (found.verdict, found.message) == (
        Verdict.WAITING,
        "status PENDING, certificate PENDING: in DNS the routing record is missing",
    )
    assert len(slept) == 5
    rounds = " ".join(api.calls).split("read ")[1:]
    assert rounds == ["test ", "", "", "", "test ", "test"]


async def test_after_a_create_the_first_check_by_imgwire_is_in_the_second_round_while_dns_is_amiss() -> None:
    api = Imgwire(Present(NEW), [NEW])
    await verify(api, 26, replace(dns(DnsVerdict.MISSING), after_create=True))
    rounds = " ".join(api.calls).split("read ")[1:]
    assert rounds == ["", "test ", "", "", "", "test"]


@pytest.mark.parametrize("verdict", [DnsVerdict.OK, DnsVerdict.FLATTENED, DnsVerdict.NOT_CHECKED])
async def test_what_dns_does_not_deny_is_checked_in_every_round(verdict: DnsVerdict) -> None:
    api = Imgwire(Present(NEW), [NEW])
    await verify(api, 12, dns(verdict))
    assert api.calls == ["read", "test"] * 5


async def test_unknown_environments_are_polled_and_absent_ones_alone_are_not() -> None:
    api = Imgwire(Absent(), broken=1)
    found, slept = await verify(api, 600)
    assert (found.verdict, found.message) == (Verdict.ABSENT, "has no custom domain: run apply first")
    assert (api.calls, slept) == (["read", "read"], [2])


@pytest.mark.parametrize(
    ("live", "verdict", "words"),
    [
        (Absent(), Verdict.ABSENT, "has no custom domain, as desired"),
        (Present(READY), Verdict.DIFFERENT, "has `images.example.com` and should have none: run apply"),
        (Unreadable(NoAnswer("silence")), Verdict.UNKNOWN, "silence"),
    ],
    ids=["absent", "present", "unreadable"],
)
async def test_where_no_custom_domain_is_desired_what_was_read_is_the_verdict(
    live: Live, verdict: Verdict, words: str
) -> None:
    assert absence_verdict("web", live) == Verified("web", verdict, live, words, wanted=False)


async def test_verdicts_contain_the_dns_records() -> None:
    ready, _ = await verify(Imgwire(Present(READY)), 0, dns(DnsVerdict.MISSING))
    waiting, _ = await verify(Imgwire(Present(NEW), [NEW]), 0, dns(DnsVerdict.OK))
    assert (ready.verdict, ready.records) == (Verdict.READY, (record(DnsVerdict.MISSING),))
    assert (waiting.message, waiting.records) == (
        "status PENDING, certificate PENDING: both DNS records are right: wait",
        (record(DnsVerdict.OK),),
    )


async def test_the_last_second_is_used_and_pauses_are_shortened_by_chance() -> None:
    api, time = Imgwire(Present(NEW), [NEW]), Time()
    waiting = Waiting(no_records, max_wait=1.5, sleep=time.sleep, clock=lambda: time.now, jitter=lambda: 0.0)
    await verify_all([("web", "images.example.com")], api, 4, waiting)
    assert time.slept == [1.0, 0.5]


async def test_a_round_without_test_connection_reports_the_dns_records() -> None:
    told: list[Verified] = []
    both = (record(DnsVerdict.MISSING), record(DnsVerdict.MISSING, "validation"))

    async def look(_environment: str, _domain: Domain) -> tuple[Record, ...]:
        return both

    await verify(Imgwire(Present(NEW), [NEW]), 4, Waiting(look), Verdicts(told))
    words = "status PENDING, certificate PENDING: both DNS records are missing"
    assert told[1] == Verified("web", Verdict.WAITING, Present(NEW), words, records=both)


@pytest.mark.parametrize(
    ("checked", "verdicts", "advice"),
    [
        (
            NEW,
            (DnsVerdict.MISSING, DnsVerdict.WRONG),
            "in DNS the routing record is missing and the validation record is wrong",
        ),
        (NEW, (DnsVerdict.OK, DnsVerdict.OK), "both DNS records are right: wait"),
        (FAILED, (DnsVerdict.OK, DnsVerdict.OK), "both DNS records are right"),
        (FAILED, (), "check the two DNS records"),
        (NEW, (), "publish the two DNS records and wait"),
    ],
    ids=["two kinds", "right", "right and stuck", "unseen and stuck", "unseen"],
)
async def test_the_advice_matches_the_dns_lookups(
    checked: Domain, verdicts: tuple[DnsVerdict, ...], advice: str
) -> None:
    records = tuple(record(said, purpose) for said, purpose in zip(verdicts, ("routing", "validation"), strict=False))

    async def look(_environment: str, _domain: Domain) -> tuple[Record, ...]:
        return records

    found, _ = await verify(Imgwire(Present(NEW), [checked]), 0, Waiting(look))
    assert found.message == f"status {checked.status}, certificate {checked.certificate_status}: {advice}"
