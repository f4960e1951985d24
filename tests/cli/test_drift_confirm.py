"""`drift --confirm`: a difference counts only if every read in a row shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from cli.stage import Stage

HOST, NEW = "img.example.com", "new.example.com"


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web", HOST)
    stage.manifest(web=HOST)
    return stage


def reads(web: Stage) -> int:
    return len([method for method, _ in web.sent() if method == "GET"])


@pytest.mark.calm("the number of requests counts")
def test_a_difference_that_stays_is_reported_after_n_reads(web: Stage) -> None:
    web.manifest(web=NEW)
    assert web.run("drift", "--confirm", "3", "--interval", "0s").code == 2
    assert reads(web) == 3


@pytest.mark.calm("the number of requests counts")
def test_without_a_difference_live_is_read_once(web: Stage) -> None:
    assert web.run("drift", "--confirm", "3", "--interval", "0s").code == 0
    assert reads(web) == 1


@pytest.mark.calm("the fault must meet the first read")
def test_a_difference_that_the_next_read_does_not_show_is_no_drift(web: Stage) -> None:
    web.fault(Kind.FIELDS, values={"hostname": NEW})
    assert web.run("drift").code == 2
    web.fault(Kind.FIELDS, values={"hostname": NEW})
    assert web.run("drift", "--confirm", "2", "--interval", "0s").code == 0


@pytest.mark.calm("the faults must meet the reads in order")
def test_another_difference_in_the_next_read_is_left_out(web: Stage) -> None:
    web.fault(Kind.FIELDS, values={"hostname": NEW})
    web.fault(Kind.FIELDS, values={"hostname": "other.example.com"}, nth=2)
    ended = web.run("drift", "--confirm", "2", "--interval", "0s")
    assert ended.code == 0
    assert "Differences that are not confirmed: 1" in ended.err


@pytest.mark.calm("the fault must meet the second read")
def test_an_outage_in_the_next_read_leaves_live_unknown(web: Stage) -> None:
    web.manifest(web=NEW)
    web.fault(Kind.STATUS, status=503, nth=2)
    assert web.run("drift", "--confirm", "2", "--interval", "0s", "--retries", "0").code == 8
