"""The outputs of a workflow step at each early end of each command: all are written, and what is unknown is not guessed."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.faults import Fault, Kind
from reconciler.render.github import OUTPUTS

from .running import started, wait_for

if TYPE_CHECKING:
    from cli.stage import Stage

HOST = "img.example.com"
ONLINE = ("plan", "apply", "verify", "drift")
COMMANDS = (*ONLINE, "validate")


@pytest.fixture
def step(stage: Stage) -> Stage:
    stage.environment("web", HOST)
    stage.manifest(web=HOST)
    for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        stage.set(name, str(stage.folder / name))
    return stage


def check(step: Stage, command: str, code: int, outcome: str) -> None:
    outputs = dict(line.split("=", 1) for line in step.read("GITHUB_OUTPUT").splitlines())
    assert set(outputs) == {*OUTPUTS, *({"drift", "findings"} if command == "drift" else ())}
    assert (outputs["exit_code"], outputs["outcome"]) == (str(code), outcome)
    assert outputs["changes"] == ""
    assert outputs["plan_path"] == ""
    assert outputs.get("drift", "unknown") == "unknown"
    assert "### Imgwire" in step.read("GITHUB_STEP_SUMMARY")


@pytest.mark.parametrize("command", COMMANDS)
def test_a_usage_error(step: Stage, command: str) -> None:
    assert step.run(command, "--format", "github", "--no-such-option").code == 64
    check(step, command, 64, "usage")


@pytest.mark.parametrize("command", COMMANDS)
def test_an_invalid_manifest(step: Stage, command: str) -> None:
    step.manifest(web="-")
    assert step.run(command, "--format", "github").code == 65
    check(step, command, 65, "data")


@pytest.mark.parametrize("command", ONLINE)
def test_a_missing_key(step: Stage, command: str) -> None:
    step.unset("IMGWIRE_API_KEY_WEB")
    assert step.run(command, "--format", "github").code == 7
    check(step, command, 7, "credentials")


@pytest.mark.parametrize("command", ONLINE)
def test_an_outage(step: Stage, command: str) -> None:
    step.set("IMGWIRE_API_BASE_URL", "http://127.0.0.1:9")
    assert step.run(command, "--format", "github", "--retries", "0").code == 8
    check(step, command, 8, "unreachable")


@pytest.mark.parametrize("command", ONLINE)
def test_an_interrupt(step: Stage, command: str) -> None:
    held = Fault(Kind.DELAY, seconds=3.0)
    step.world.faults.add(held)
    with started(command, "--format", "github") as process:
        wait_for(step, held)
        process.send(signal.SIGINT)
        assert process.end().code == 130
    check(step, command, 130, "interrupted")
