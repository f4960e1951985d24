"""Files and full disks: nothing is half written, and no output takes the place of what it is made from."""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from cli.stage import DOMAIN, command

from reconciler.cli.options import Options
from reconciler.cli.session import Session, conduct
from reconciler.cli.signals import Terminated
from reconciler.model.exit_codes import ExitCode
from reconciler.model.plan import Create, Delete, Identity, Write
from reconciler.planning.digest import of_parts

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Stage

    from reconciler.model.document import Document

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
        (["plan", "--out", "plan.json"], "plan.json", "could not save the plan to plan.json: File too large"),
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
    ids=["plan", "receipt", "report"],
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
    document["digest"] = of_parts(document["source"]["api_url"], {}, writes)
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
    assert '"exit_code": 0' in web.read("r.json")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (KeyboardInterrupt(), (ExitCode.PARTIAL, "interrupted", None)),
        (Terminated(), (ExitCode.PARTIAL, "interrupted", None)),
        (ZeroDivisionError(), (ExitCode.PARTIAL, "internal_error", "internal error: ZeroDivisionError")),
    ],
    ids=["SIGINT", "SIGTERM", "a defect"],
)
def test_what_was_written_is_told_however_the_run_ends(
    web: Stage, capsys: pytest.CaptureFixture[str], error: BaseException, expected: tuple[ExitCode, str, str | None]
) -> None:
    told: list[Document] = []

    def body(session: Session) -> Document:
        so_far = session.document(ExitCode.PARTIAL, "interrupted")
        session.told = lambda: told.append(so_far) or so_far
        raise error

    code = conduct(Options("apply", "json"), body)
    assert (code, len(told)) == (expected[0], 1)
    said = capsys.readouterr().out
    assert f'"reason": "{expected[1]}"' in said
    assert (expected[2] or "null") in said


def test_a_run_that_ends_before_it_wrote_says_so(web: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    def body(_: Session) -> Document:
        raise Terminated

    assert conduct(replace(Options("apply", "json")), body) is ExitCode.TERMINATED
    assert "interrupted before anything was written" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["pipe", "link", "folder-link/new.json"])
@pytest.mark.parametrize("option", [["--out"], ["--report"], ["apply", "--receipt"]], ids=lambda words: words[-1])
def test_an_output_through_a_link_or_into_a_pipe_is_a_usage_error_before_anything_is_read(
    web: Stage, option: list[str], name: str
) -> None:
    os.mkfifo(web.folder / "pipe")
    (web.folder / "link").symlink_to("notes.txt")
    (web.folder / "folder-link").symlink_to("..")
    sent = web.sent()
    *words, option_name = option
    target = f"json={name}" if option_name == "--report" else name
    ended = web.run(*(words or ["plan"]), option_name, target)
    assert (ended.code, web.sent()) == (64, sent)
    assert f"error: cannot write to {name}: " in ended.err
    assert not (web.folder / "notes.txt").exists()


def test_a_plan_file_that_is_a_pipe_is_an_error_at_once(web: Stage) -> None:
    os.mkfifo(web.folder / "pipe")
    ended = web.run("apply", "pipe", "--auto-approve")
    assert ended.code == 65
    assert "pipe cannot be read: it is a named pipe (FIFO)" in ended.err


def test_documents_go_to_open_descriptors_and_plans_come_from_them(web: Stage) -> None:
    line = (
        f"{shlex.join(command('plan', '--format', 'json', '--out', '/dev/fd/3'))} 3>saved.json >/dev/null &&"
        f" {shlex.join(command('apply'))} <(cat saved.json) --receipt /dev/null --report json=/dev/stdout"
    )
    ended = subprocess.run(["bash", "-c", line], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert (ended.returncode, web.live("web")) == (0, NEW), ended.stderr
    assert ended.stdout.startswith("{")
