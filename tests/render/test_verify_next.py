"""What the report of `verify` advises first."""

from __future__ import annotations

from dataclasses import replace

import pytest
from samples import API_URL, live, locked_out, wish

from reconciler.model.dns import DnsVerdict, LookupResult
from reconciler.model.domains import Absent, Live, Present
from reconciler.model.report import Verdict, Verified
from reconciler.model.results import VerifyResult
from reconciler.planning.planner import build_plan
from reconciler.planning.records import records
from reconciler.render.style import PLAIN
from reconciler.render.text.verify import next_to_ready

FAILED = live("web", "web.example.com", status="FAILED", certificate_status="FAILING")
PENDING = live("web", "web.example.com", status="PENDING", certificate_status="PENDING")
MISSING, OK = LookupResult(DnsVerdict.MISSING), LookupResult(DnsVerdict.OK)


@pytest.mark.parametrize(
    ("verdict", "state", "lookup", "advice"),
    [
        pytest.param(Verdict.STUCK, FAILED, None, "compare the DNS records", id="failed, DNS not looked up"),
        pytest.param(Verdict.STUCK, FAILED, OK, "compare the DNS records", id="failed, records in DNS"),
        pytest.param(Verdict.STUCK, FAILED, MISSING, "publish the records shown", id="failed, records missing"),
        pytest.param(Verdict.WAITING, PENDING, None, "publish the records shown", id="waiting, DNS not looked up"),
        pytest.param(Verdict.WAITING, PENDING, OK, "run `reconciler verify --wait 15m`", id="waiting, records in DNS"),
        pytest.param(Verdict.ABSENT, Absent(), None, "run `reconciler plan`, then apply", id="absent"),
        pytest.param(Verdict.UNKNOWN, locked_out(), None, "run `reconciler verify` again once", id="unreadable"),
    ],
)
def test_the_next_step_fits_the_verdict(
    verdict: Verdict, state: Live, lookup: LookupResult | None, advice: str
) -> None:
    plan = build_plan([wish("web", "web.example.com")], {"web": state}, API_URL)
    found = records([("web", state.domain)]) if isinstance(state, Present) else ()
    verified = Verified("web", verdict, state, "why", tuple(replace(item, lookup=lookup) for item in found))
    assert next_to_ready(VerifyResult(plan, (verified,)), PLAIN).startswith(f"Next: {advice}")
