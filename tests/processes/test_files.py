"""Files and full disks: nothing is half written, and no output takes the place of what it is made from."""

from __future__ import annotations

import json
import os
import resource
import shlex
import signal
import subprocess
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cli.stage import DOMAIN, command

from reconciler.cli.options import Options
from reconciler.cli.run import run, run_online
from reconciler.cli.signals import signals
from reconciler.model.digest import KeyAccess, digest_of
from reconciler.model.exit_codes import ExitCode
from reconciler.model.observer import NullObserver
from reconciler.model.proposal import Approved
from reconciler.model.results import Failed
from reconciler.model.steps import Create, Delete, Identity, Write
from reconciler.operations.apply import apply
from reconciler.operations.propose import propose
from reconciler.operations.workspace import Inputs, Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Stage

    from reconciler.model.proposal import Proposal
    from reconciler.model.report import StepResult
    from reconciler.model.results import ApplyResult
    from reconciler.model.steps import Step
    from reconciler.operations.context import Context

OLD, NEW = "old.example.com", "new.example.com"


@pytest.fixture
def web(stage: Stage) -> Stage:
    """One environment whose hostname is to be replaced, and a saved plan for it."""
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    assert stage.run("plan", "--out", "plan.json").code == 0
    (stage.folder / "link.json").symlink_to("plan.json")
    return stage


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize(
    ("arguments", "written", "read"),
    [
        (["apply", "plan.json", "--receipt", "plan.json"], "plan.json", "plan.json"),
        (["apply", "plan.json", "--receipt", "./link.json"], "./link.json", "plan.json"),
        (["apply", "--auto-approve", "--receipt", "imgwire.yaml"], "imgwire.yaml", "imgwire.yaml"),
        (["plan", "--out", "imgwire.yaml"], "imgwire.yaml", "imgwire.yaml"),
    ],
    ids=["plan", "link to the plan", "manifest", "plan over manifest"],
)
def test_no_output_takes_the_place_of_what_it_is_made_from(
    web: Stage, arguments: list[str], written: str, read: str
) -> None:
    before = web.read("plan.json"), web.read("imgwire.yaml")
    ended = web.run(*arguments)
    assert (ended.code, (web.read("plan.json"), web.read("imgwire.yaml"))) == (64, before)
    assert f"error: {written} would overwrite {read}" in ended.err
    assert ("DELETE", DOMAIN) not in web.sent()


@pytest.mark.parametrize(
    ("arguments", "kept", "message"),
    [
        (
            ["apply", "--auto-approve", "--receipt", "old.json"],
            "old.json",
            "could not write the receipt old.json: File too large; nothing was applied",
        ),
        (
            ["plan", "--report", "json=old.json"],
            "old.json",
            "could not write the json report to old.json: File too large",
        ),
    ],
    ids=["receipt", "report"],
)
def test_a_file_that_does_not_fit_leaves_the_one_before(
    web: Stage, arguments: list[str], kept: str, message: str
) -> None:
    web.write("old.json", "{}")
    before = web.read(kept)
    ended = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},  # Python does not notice that a cache file was cut short
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )
    assert (ended.returncode, web.read(kept), left_over(web.folder)) == (1, before, [])
    assert message in ended.stderr
    assert web.live("web") == OLD


def test_a_plan_that_does_not_fit_removes_the_older_one(web: Stage) -> None:
    """A pipeline must not apply an older plan because the new one could not be saved."""
    ended = subprocess.run(
        command("plan", "--out", "plan.json"),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)),
    )
    assert (ended.returncode, (web.folder / "plan.json").exists()) == (1, False)
    assert "could not save the plan to plan.json: File too large" in ended.stderr


def edited(web: Stage, **changes: object) -> None:
    """The saved plan with these changes and with the digest that fits them, as somebody with time would write it."""
    document = json.loads(web.read("plan.json"))
    for place, value in changes.items():
        *parts, last = place.split("__")
        inner = document
        for part in parts:
            inner = inner[int(part) if part.isdigit() else part]
        inner[last] = value
    saved = {step["id"]: step for step in document["steps"]}
    writes: list[Write] = [
        Delete("web", saved["delete:web"]["hostname"], Identity(**saved["delete:web"]["precondition"]))
        if step["op"] == "delete"
        else Create("web", step["hostname"], after=tuple(step["after"]))
        for step in document["steps"]
        if step["op"] != "verify"
    ]
    document["digest"] = digest_of(document["source"]["api_url"], {"web": KeyAccess(None, "default")}, writes)
    web.write("plan.json", json.dumps(document))


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({}, 0, None),
        ({"environments__0__after": "evil.example.com", "steps__1__hostname": "evil.example.com"}, 5, "stale_plan"),
        ({"steps__1__hostname": "evil.example.com"}, 5, "stale_plan"),
        ({"steps__0__precondition__id": "another"}, 5, "stale_plan"),
        ({"environments__0__protect": False, "blocks": []}, 0, None),
        ({"expires_at": "2999-01-01T00:00:00"}, 65, "invalid_plan_file"),
        ({"expires_at": "2001-01-01T00:00:00Z"}, 5, "expired_plan"),
        ({"format_version": "2.0"}, 5, "other_format"),
        ({"steps": []}, 65, "invalid_plan_file"),
    ],
    ids=[
        "nothing",
        "another wish",
        "another hostname",
        "another id",
        "protection",
        "no zone",
        "expired",
        "2.0",
        "no steps",
    ],
)
def test_an_edited_plan_does_nothing_that_the_manifest_does_not_want(
    web: Stage, changes: dict[str, object], code: int, reason: str | None
) -> None:
    if "steps" in changes:
        document = json.loads(web.read("plan.json"))
        web.write("plan.json", json.dumps({**document, **changes}))
    else:
        edited(web, **changes)
    ended = web.run("apply", "plan.json", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (code, reason)
    assert web.live("web") == (OLD if code else NEW)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")  # noqa: PTH110
@pytest.mark.parametrize(
    ("redirection", "code", "live"),
    [("> /dev/full", 1, NEW), ("2> /dev/full", 0, NEW), (">&-", 0, NEW), ("| true", 0, NEW)],
)
def test_an_apply_whose_words_find_no_place_is_done_all_the_same(
    web: Stage, redirection: str, code: int, live: str
) -> None:
    apply = shlex.join(command("apply", "--auto-approve", "--receipt", "r.json"))
    line = f"set -o pipefail; {apply} {redirection}"
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (ended.returncode, web.live("web")) == (code, live)
    assert "Traceback" not in ended.stderr
    assert json.loads(web.read("r.json"))["exit_code"] == code


class Raising(NullObserver):
    """A bug that shows once a write is done."""

    def on_step(self, step: Step, result: StepResult) -> None:
        raise ZeroDivisionError


def test_what_was_written_is_reported_after_a_bug(web: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    async def operate(workspace: Workspace, context: Context) -> ApplyResult:
        async def approve(proposal: Proposal) -> Approved:
            return Approved(proposal.digest)

        proposal = await propose(workspace, context)
        return await apply(workspace, replace(context, observer=Raising()), proposal, approve)

    code = run_online(Options("apply", "json"), operate)
    document = json.loads(capsys.readouterr().out)
    assert (code, document["reason"], document["message"]) == (
        ExitCode.PARTIAL,
        "internal_error",
        "internal error: ZeroDivisionError",
    )
    assert [step["state"] for step in document["steps"]] == ["done", "not_started", "not_started"]
    assert web.live("web") is None


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_run_that_ends_before_it_wrote_says_so(
    web: Stage, capsys: pytest.CaptureFixture[str], number: signal.Signals, code: int
) -> None:
    def open_() -> Workspace:
        os.kill(os.getpid(), number)
        raise AssertionError("the signal was not raised")

    signals.listen()
    assert run(Options("apply", "json"), open_, lambda _opened, _log: Failed(ExitCode.ERROR, "never")) == code
    assert "interrupted before anything was written" in capsys.readouterr().out


def test_a_signal_that_was_swallowed_while_the_manifest_was_read_ends_the_run(
    web: Stage, capsys: pytest.CaptureFixture[str]
) -> None:
    def open_() -> Workspace:
        with suppress(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
        return Workspace.open(Inputs(os.environ, ("imgwire.yaml",)))

    signals.listen()
    started = []
    run(Options("apply", "json"), open_, lambda opened, _log: started.append(opened) or Failed(ExitCode.ERROR, "never"))
    assert started == []
    assert "interrupted before anything was written" in capsys.readouterr().out
