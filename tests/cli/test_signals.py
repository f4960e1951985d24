"""SIGINT and SIGTERM, before any write and after one."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from cli.stage import CANARY, DOMAIN, command
from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.listener import Listener
    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
SIGNALS = pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)],
    ids=["SIGINT", "SIGTERM", "SIGHUP"],
)


def interrupted(
    stage: Stage, when: Callable[[], object], number: signal.Signals, *arguments: str
) -> tuple[int, str, str]:
    """Run the command and send the signal once `when` returns: (code, standard output, standard error)."""
    process = subprocess.Popen(
        command(*arguments),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    when()
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert CANARY not in out + err
    assert "Traceback" not in err
    return process.returncode, out, err


@SIGNALS
def test_a_signal_while_reading_ends_at_once_with_a_document(
    stage: Stage, listener: Listener, number: signal.Signals, code: int
) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    listener.stall.clear()
    ended, out, err = interrupted(stage, asked(listener), number, "plan", "--format", "json", "--api-url", listener.url)
    listener.stall.set()
    document = json.loads(out)
    assert (ended, document["exit_code"], document["outcome"], document["reason"]) == (
        code,
        code,
        "interrupted",
        "interrupted",
    )
    assert "interrupted before anything was written" in err


@SIGNALS
def test_a_signal_during_the_first_check_does_not_claim_that_nothing_was_sent(
    stage: Stage, number: signal.Signals, code: int
) -> None:
    stage.environment("web", NEW, status="PENDING")
    stage.manifest(web=NEW)
    stage.fault(Kind.DELAY, method="POST", seconds=5)
    ended, out, _ = interrupted(stage, arrived(stage, "POST"), number, "verify", "--no-dns", "--format", "json")
    document = json.loads(out)
    assert (ended, document["reason"], document["message"]) == (code, "interrupted", "interrupted")


@SIGNALS
def test_a_signal_before_the_first_write_is_no_partial_run(
    stage: Stage, listener: Listener, number: signal.Signals, code: int
) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    listener.stall.clear()
    ended, _, _ = interrupted(stage, asked(listener), number, "apply", "--auto-approve", "--api-url", listener.url)
    listener.stall.set()
    assert (ended, {method for method, _, _ in listener.heard}) == (code, {"GET"})


def asked(listener: Listener) -> Callable[[], None]:
    """Returns when the listener has been asked."""

    def wait() -> None:
        assert listener.arrived.wait(20)

    return wait


def arrived(stage: Stage, method: str) -> Callable[[], None]:
    """Returns when the emulator has begun to answer the first request of this method."""

    def wait() -> None:
        for _ in range(2000):
            if any(fault.method == method and count for fault, count in stage.world.faults.counts()):
                return
            threading.Event().wait(0.01)
        raise AssertionError(f"no {method} came")

    return wait


@SIGNALS
def test_a_delete_that_was_sent_is_followed_by_its_create(stage: Stage, number: signal.Signals, code: int) -> None:
    stage.environment("blog")
    stage.environment("web", OLD)
    stage.environment("zoo", "zoo.example.com")
    stage.manifest(web=NEW, zoo="new-zoo.example.com")
    stage.fault(Kind.DELAY, method="DELETE", seconds=0.5)
    ended, out, err = interrupted(
        stage,
        arrived(stage, "DELETE"),
        number,
        *("apply", "--auto-approve", "--parallelism", "1", "--format", "json"),
    )
    document = json.loads(out)
    states = {step["id"]: step["state"] for step in document["steps"]}
    assert stage.live("web") == NEW
    assert states == {
        "delete:web": "done",
        "create:web": "done",
        "verify:web": "not_started",
        "delete:zoo": "not_started",
        "create:zoo": "not_started",
        "verify:zoo": "not_started",
    }
    assert (ended, document["reason"], document["unserved"]) == (6, "interrupted", [])
    assert "Finishing the current steps." in err
    assert stage.live("zoo") == "zoo.example.com"


def test_a_second_signal_ends_at_once_and_says_what_is_not_known(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    # It is done at once and only its answer takes long: a delay would delete in the world of a later test.
    stage.fault(Kind.DRIP, method="DELETE", seconds=20)
    ended, out, _ = interrupted_twice(stage)
    document = json.loads(out)
    assert ended == 6
    assert [step["state"] for step in document["steps"]][:1] == ["failed"]
    assert document["steps"][0]["error"]["kind"] == "interrupted"
    assert ("POST", DOMAIN) not in stage.sent()


def interrupted_twice(stage: Stage) -> tuple[int, str, str]:
    process = subprocess.Popen(
        command("apply", "--auto-approve", "--format", "json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    arrived(stage, "DELETE")()
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    for line in process.stderr:
        if "Finishing the current steps." in line:
            break
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=15)
    return process.returncode, out, err
