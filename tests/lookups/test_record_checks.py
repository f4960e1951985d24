"""Which records may be published, where one of their environment is wrong."""

from __future__ import annotations

import pytest

from reconciler.dns.record_checks import Intent, candidates
from reconciler.model.report import Record

HOSTNAME, TARGET = "new.example.com", "cdn-proxy.imgwire.dev"
LIVE = [
    Record("web", HOSTNAME, "routing", HOSTNAME, TARGET),
    Record("web", HOSTNAME, "validation", f"_acme-challenge.{HOSTNAME}", "v.imgwire.dev"),
]
ODD_NAMES = pytest.mark.parametrize("name", ["www.other.example.com", "*.old.example.com", "old example.com"])


def record(name: str, hostname: str = "old.example.com") -> Record:
    return Record("web", hostname, "validation", name, "v2.imgwire.dev")


@ODD_NAMES
def test_a_wrong_record_of_a_baseline_is_not_deleted_and_blocks_no_live_record(name: str) -> None:
    found = [(item.name, item.intent, item.problem) for item in candidates(LIVE, (), [record(name)])]
    assert found == [(item.name, Intent.PUBLISH, None) for item in LIVE]


@ODD_NAMES
def test_a_wrong_record_of_the_api_blocks_everything_of_its_environment(name: str) -> None:
    found = list(candidates([*LIVE, record(name, HOSTNAME)], (), [record("old.example.com")]))
    assert [item.intent for item in found if item.problem is not None] == [Intent.PUBLISH] * 3
    assert len(found) == 3
