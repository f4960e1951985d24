"""An apply that ends in the middle: by kill -9 and by SIGTERM, at each of its writes, over real HTTP."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from cli.stage import DOMAIN, TEST
from jsonschema import Draft202012Validator

from reconciler.documents.journal import HEADER
from reconciler.emulator.faults import Fault, Kind
from reconciler.files import LockedFile
from reconciler.operations.receipt import read_receipt
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
    found = read_receipt(str(stage.folder / "receipt.json"))
    assert isinstance(found, dict)
    document: dict[str, Any] = found
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
    swap: Stage, request: pytest.FixtureRequest, method: str, path: str, nth: int, kind: Kind
) -> None:
    fault = Fault(kind, method=method, path=path, nth=nth, seconds=HELD)
    swap.world.faults.add(fault)
    with started(*APPLY) as process:
        wait_for(swap, fault)
        process.send(signal.SIGKILL)
        assert process.end().code == -signal.SIGKILL
    done = [step for step, state in receipt(swap).items() if state == "done"]
    assert len(done) == WRITES.index((method, path, nth)), "the receipt tells of every step before this one"
    if (method, path) == ("POST", DOMAIN):  # what is created may be served by now
        document: Any = read_receipt(str(swap.folder / "receipt.json"))
        assert {item.get("uncertain") for item in document["unserved"]} == {True}
    until(lambda: any(entry["fault"] for entry in swap.requests()))

    if kind is not Kind.DELAY:
        request.getfixturevalue("reads_do_not_lag")
    mended = swap.run(*APPLY)
    assert (mended.code, hostnames(swap)) == (0, [B, A])
    assert sorted(acted(swap)) == ["DELETE", "DELETE", "POST", "POST"], "nothing was done twice"
    assert set(receipt(swap).values()) <= {"done"}


@pytest.mark.usefixtures("reads_do_not_lag")
def test_after_kill_9_during_a_restore_the_receipt_does_not_claim_that_the_hostname_is_offline(swap: Stage) -> None:
    swap.world.faults.add(Fault(Kind.STATUS, method="POST", path=DOMAIN, nth=1, status=422))
    restoring = Fault(Kind.DRIP, method="POST", path=DOMAIN, nth=2, seconds=5.0)
    swap.world.faults.add(restoring)
    with started(*APPLY) as process:
        wait_for(swap, restoring)
        until(lambda: hostnames(swap) == [A, None])  # the answer is on its way
        process.send(signal.SIGKILL)
        process.end()
    receipt(swap)
    document: Any = read_receipt(str(swap.folder / "receipt.json"))
    assert {item["hostname"]: item.get("uncertain", False) for item in document["unserved"]} == {A: True, B: True}
    assert swap.run(*APPLY).code == 0
    assert hostnames(swap) == [B, A]


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
    again = swap.run(*APPLY)
    assert (again.code, "may still arrive" in again.err) == (0, False), "nothing is in flight, so nothing is waited for"


def test_a_receipt_that_breaks_on_the_way_lets_only_the_create_that_completes_a_delete_run(stage: Stage) -> None:
    stage.environment("a", A)
    stage.environment("b", B)
    stage.manifest(a="new-a.example.com", b="new-b.example.com")
    fault = Fault(Kind.DELAY, method="DELETE", path=DOMAIN, seconds=HELD)
    stage.world.faults.add(fault)
    (stage.folder / "receipts").mkdir()
    with started("apply", "--auto-approve", "--receipt", "receipts/r.json", "--format", "json") as process:
        wait_for(stage, fault)
        (stage.folder / "receipts").rename(stage.folder / "elsewhere")
        ended = process.end()
    assert (ended.code, ended.document["reason"], ended.document["unserved"]) == (6, "receipt_not_written", [])
    assert hostnames(stage) == ["new-a.example.com", B]
    assert "could not write the receipt receipts/r.json: No such file or directory; no new step starts" in ended.err
    states = {step["id"]: step["state"] for step in ended.document["steps"]}
    assert [step for step, state in states.items() if state == "done"] == ["delete:a", "create:a"]
    assert json.loads(stage.read("elsewhere/r.json"))["outcome"] == "running"


def test_a_receipt_that_another_run_is_writing_is_refused(swap: Stage) -> None:
    """Its end would take the place of what the other run has left offline."""
    other = LockedFile("receipt.json.journal")
    other.append(HEADER)
    refused = swap.spawn(*APPLY)
    other.close()
    assert (refused.code, refused.document["reason"], acted(swap)) == (5, "receipt_in_use", [])
    assert "another run is writing the receipt receipt.json; nothing was applied" in refused.err
    assert swap.spawn(*APPLY).code == 0


def test_a_receipt_that_breaks_between_the_deletes_of_a_swap_sends_no_second_delete(swap: Stage) -> None:
    fault = Fault(Kind.DELAY, method="DELETE", path=DOMAIN, seconds=HELD)
    swap.world.faults.add(fault)
    (swap.folder / "receipts").mkdir()
    with started("apply", "--auto-approve", "--receipt", "receipts/r.json", "--format", "json") as process:
        wait_for(swap, fault)
        (swap.folder / "receipts").rename(swap.folder / "elsewhere")
        ended = process.end()
    assert (ended.code, ended.document["unserved"], hostnames(swap)) == (6, [], [A, B])
    assert acted(swap) == ["DELETE", "POST"]
    assert [item["hostname"] for item in ended.document["restored"]] == [A]


def test_the_journal_has_each_write_on_the_disk_before_the_next_is_sent(
    swap: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_disk: list[tuple[str | None, int]] = []

    def sync(descriptor: int) -> None:
        os.fsync(descriptor)
        last = (swap.folder / "receipt.json.journal").read_text(encoding="utf-8").splitlines()[-1]
        on_disk.append((json.loads(last).get("step"), len(acted(swap))))

    monkeypatch.setattr(os, "fdatasync", sync, raising=False)
    assert swap.run(*APPLY).code == 0
    deletes = [("delete:a", 0), ("delete:a", 1), ("delete:b", 1), ("delete:b", 2)]  # also before each is sent
    assert on_disk == [(None, 0), *deletes, ("create:a", 3), ("create:b", 4)]


def test_kill_9_in_the_middle_of_a_run_with_a_slow_disk_loses_no_step_but_the_last(stage: Stage) -> None:
    names = [f"e{index:02}" for index in range(12)]
    for name in names:
        stage.environment(name)
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    (stage.folder / "slow.py").write_text(SLOW_DISK, encoding="utf-8")
    arguments = (*APPLY, "--parallelism", "1", "--no-dns")
    process = subprocess.Popen([sys.executable, "slow.py", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    until(lambda: len(acted(stage)) >= 6)
    process.kill()
    process.communicate()
    created = len(acted(stage))
    assert 6 <= created < len(names)
    document = json.loads(stage.read("receipt.json"))
    assert (document["outcome"], document["exit_code"]) == ("running", None)
    states = receipt(stage)
    assert list(states.values()).count("done") >= created - 1
    again = stage.run(*APPLY, "--no-dns")
    assert (again.code, len(acted(stage))) == (0, len(names))
    assert not (stage.folder / "receipt.json.journal").exists()
    final = json.loads(stage.read("receipt.json"))
    assert {**final, "created_at": None} == {**again.document, "created_at": None}


SLOW_DISK = """
import os, sys, time

def slowly(function):
    def call(descriptor):
        time.sleep(0.15)
        return function(descriptor)
    return call

os.fsync, os.fdatasync = slowly(os.fsync), slowly(os.fdatasync)
from reconciler.cli.main import main
main(sys.argv[1:])
"""
