"""Signals from the first line of `main` to the last byte of the output: the document and the process end with one code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from cli.stage import DOMAIN, command

from reconciler.emulator.faults import Fault, Kind

from .running import started, wait_for

if TYPE_CHECKING:
    from cli.stage import Stage

SIGNALS = pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"]
)
AT_IMPORT = """
import importlib, os, signal, sys, weakref
from reconciler.cli import main

class Referent:
    pass

original = importlib.import_module

def import_module(*arguments):
    {what}
    return original(*arguments)

main.importlib.import_module = import_module
main.main(sys.argv[1:])
"""
IN_PACKAGE = """
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "{module}":
            sys.meta_path.remove(self)
            os.kill(os.getpid(), signal.{name})

sys.meta_path.insert(0, Finder())
from reconciler.__main__ import main
main()
"""
RAISED = "os.kill(os.getpid(), signal.{name})"
SWALLOWED = "found = Referent(); _ = weakref.ref(found, lambda _: os.kill(os.getpid(), signal.{name})); del found"


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


@SIGNALS
def test_signals_while_a_slow_reader_takes_the_document_change_nothing(
    stage: Stage, number: signal.Signals, code: int
) -> None:
    names = [f"e{index}" for index in range(100)]
    for name in names:
        stage.environment(name, f"{name}.example.com")
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    process = subprocess.Popen(command("status", "--format", "json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    first = os.read(process.stdout.fileno(), 1)
    for _ in range(3):
        process.send_signal(number)
        pause(0.1)
    rest, err = process.communicate(timeout=30)
    document = json.loads(first + rest)
    assert (process.returncode, document["exit_code"], err) == (0, 0, b"")
    assert len(rest) > 64 * 1024, "the document fits into the pipe, so nothing was tested"


def test_a_reader_that_reads_nothing_is_left_by_a_later_signal_with_the_code_of_the_document(stage: Stage) -> None:
    names = [f"e{index}" for index in range(100)]
    for name in names:
        stage.environment(name, f"{name}.example.com")
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    process = subprocess.Popen(command("status", "--format", "json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    os.read(process.stdout.fileno(), 1)
    process.send_signal(signal.SIGINT)
    pause(1.3)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 0
    process.communicate()


@pytest.mark.parametrize("between", [0.05, 0.3], ids=["at once", "after 0.3 s"])
def test_many_signals_during_a_run_leave_one_exit_code_everywhere(stage: Stage, between: float) -> None:
    stage.environment("web", "old.example.com")
    stage.manifest(web="new.example.com")
    fault = Fault(Kind.DRIP, method="DELETE", path=DOMAIN, seconds=20)
    stage.world.faults.add(fault)
    with started("apply", "--auto-approve", "--receipt", "r.json", "--format", "json") as process:
        wait_for(stage, fault)
        for _ in range(4):
            process.send(signal.SIGINT)
            pause(between)
        ended = process.end()
    assert (ended.code, ended.document["exit_code"]) == (6, 6)
    assert json.loads(stage.read("r.json"))["exit_code"] == 6


@SIGNALS
@pytest.mark.parametrize(
    "module", ["click", "reconciler.cli.main", "asyncio.events", "asyncio.runners", "ssl", "httpx"]
)
def test_a_signal_in_the_middle_of_a_package_ends_with_a_document(
    stage: Stage, number: signal.Signals, code: int, module: str
) -> None:
    """What was loaded of the package before is still there when the document is written."""
    stage.environment("web", None)
    stage.manifest(web="web.example.com")
    script = IN_PACKAGE.format(module=module, name=number.name)
    command = [sys.executable, "-c", script, "plan", "--format", "json", "--api-url", stage.url]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["exit_code"], document["reason"]) == (code, code, "interrupted")
    assert "Traceback" not in ended.stderr


@SIGNALS
@pytest.mark.parametrize("what", [RAISED, SWALLOWED], ids=["raised", "swallowed by a callback"])
def test_a_signal_during_imports_is_reported_as_what_it_was(
    stage: Stage, number: signal.Signals, code: int, what: str
) -> None:
    stage.manifest(web="web.example.com")
    script = AT_IMPORT.format(what=what.format(name=number.name))
    ended = subprocess.run(
        [sys.executable, "-c", script, "validate", "--format", "json"], capture_output=True, text=True, timeout=30
    )
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["exit_code"], document["reason"]) == (code, code, "interrupted")
