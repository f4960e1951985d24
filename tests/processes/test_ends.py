"""An apply that ends in the middle: by kill -9 and by SIGTERM, at each of its writes, over real HTTP."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest
from cli.stage import DOMAIN, TEST
from jsonschema import Draft202012Validator

from reconciler.emulator.faults import Fault, Kind
from reconciler.schema_files import read_schema

from .running import started, until, wait_for

if TYPE_CHECKING:
    from cli.stage import Stage

A, B = "a.example.com", "b.example.com"
HELD = 0.6  # seconds; nothing depends on it but that a signal arrives sooner
APPLY = ("apply", "--auto-approve", "--receipt", "receipt.json", "--format", "json")
WRITES = [("DELETE", DOMAIN, 1), ("DELETE", DOMAIN, 2), ("POST", DOMAIN, 1), ("POST", DOMAIN, 2), ("POST", TEST, 1)]
AT_EACH_WRITE = pytest.mark.parametrize(
    ("method", "path", "nth"), WRITES, ids=["delete a", "delete b", "create a", "create b", "verify a"]
)


@pytest.fixture
def swap(stage: Stage) -> Stage:
    """Two environments that are to exchange their hostnames."""
    stage.environment("a", A)
    stage.environment("b", B)
    stage.manifest(a=B, b=A)
    return stage


def hostnames(stage: Stage) -> list[str | None]:
    return [stage.live("a"), stage.live("b")]


def receipt(stage: Stage) -> dict[str, str]:
    """The states of the steps; the receipt is whole and fits its schema at any moment."""
    document = json.loads(stage.read("receipt.json"))
    Draft202012Validator(json.loads(read_schema("report"))).validate(document)
    return {step["id"]: step["state"] for step in document["steps"]}


def acted(stage: Stage) -> list[str]:
    """The writes that the server carried out, in order."""
    return [
        entry["method"]
        for entry in stage.requests()
        if entry["path"] == DOMAIN and entry["method"] != "GET" and entry["acted"]
    ]


@AT_EACH_WRITE
@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(Kind.DROP_BEFORE, id="before it is done"),
        pytest.param(Kind.DELAY, id="and it arrives afterwards"),
        pytest.param(Kind.DRIP, id="after it was done"),
    ],
)
def test_after_kill_9_the_next_apply_mends_everything(
    swap: Stage, method: str, path: str, nth: int, kind: Kind
) -> None:
    fault = Fault(kind, method=method, path=path, nth=nth, seconds=HELD)
    swap.world.faults.add(fault)
    with started(*APPLY) as process:
        wait_for(swap, fault)
        process.send(signal.SIGKILL)
        assert process.end().code == -signal.SIGKILL
    done = [step for step, state in receipt(swap).items() if state == "done"]
    assert len(done) == WRITES.index((method, path, nth)), "the receipt tells of every step before this one"
    until(lambda: any(entry["fault"] for entry in swap.requests()))

    mended = swap.run(*APPLY)
    assert (mended.code, hostnames(swap)) == (0, [B, A])
    assert sorted(acted(swap)) == ["DELETE", "DELETE", "POST", "POST"], "nothing was done twice"
    assert set(receipt(swap).values()) <= {"done"}


@AT_EACH_WRITE
def test_sigterm_at_a_write_finishes_what_is_half_done_and_tells_the_rest(
    swap: Stage, method: str, path: str, nth: int
) -> None:
    fault = Fault(Kind.DELAY, method=method, path=path, nth=nth, seconds=HELD)
    swap.world.faults.add(fault)
    with started(*APPLY) as process:
        wait_for(swap, fault)
        process.send(signal.SIGTERM)
        ended = process.end()
    assert (ended.code, ended.document["reason"], ended.document["unserved"]) == (6, "interrupted", [])
    assert hostnames(swap) == [B, A]
    states = receipt(swap)
    assert states == {step["id"]: step["state"] for step in ended.document["steps"]}
    assert [state for step, state in states.items() if not step.startswith("verify")] == ["done"] * 4
    assert states["verify:b"] == "not_started"
    assert swap.run(*APPLY).code == 0


def test_a_receipt_that_breaks_on_the_way_does_not_stop_the_run(swap: Stage) -> None:
    fault = Fault(Kind.DELAY, method="DELETE", path=DOMAIN, seconds=HELD)
    swap.world.faults.add(fault)
    (swap.folder / "receipts").mkdir()
    with started("apply", "--auto-approve", "--receipt", "receipts/r.json") as process:
        wait_for(swap, fault)
        (swap.folder / "receipts").rename(swap.folder / "elsewhere")
        ended = process.end()
    assert (ended.code, hostnames(swap)) == (1, [B, A])
    assert "error: could not write the receipt receipts/r.json: No such file or directory; the run goes on" in ended.err
    assert "Applied: 6 done." in ended.out
    first = json.loads(swap.read("elsewhere/r.json"))
    assert {step["state"] for step in first["steps"]} == {"not_started"}
