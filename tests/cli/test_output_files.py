"""What ends up in files and on standard output when something goes wrong."""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from processes.running import started, wait_for

from cli.stage import DOMAIN, key
from cli.test_terminal import Terminal
from reconciler.emulator.faults import Fault, Kind
from reconciler.render.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cli.stage import Ended, Stage

OLD, NEW = "old.example.com", "new.example.com"
MIB = 1024 * 1024
INVALID = "version: 1\nenvironments:\n  web: example.com\n"
needs_dev_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="/dev/full does not exist")  # noqa: PTH110


@pytest.fixture
def web(stage: Stage) -> Stage:
    """One environment to replace."""
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    return stage


@pytest.mark.parametrize(
    "content", [INVALID, "version: 1\nenvironments: {web: web.example.com}\n"], ids=["invalid", "valid"]
)
@pytest.mark.parametrize("command", ["validate", "plan"])
def test_a_report_never_overwrites_the_manifest_whether_it_is_valid_or_not(
    stage: Stage, command: str, content: str
) -> None:
    stage.write("m.yaml", content)
    ended = stage.run(command, "-f", "m.yaml", "--report", "json=m.yaml")
    assert (ended.code, stage.read("m.yaml")) == (64, content)
    assert stage.sent() == []


def with_full_output(stage: Stage, *arguments: str) -> Ended:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        return stage.spawn(*arguments, stdout=full)
    finally:
        os.close(full)


@needs_dev_full
def test_a_full_standard_output_keeps_exit_code_7(web: Stage) -> None:
    web.unset("IMGWIRE_API_KEY_WEB")
    for format_ in ("text", "json"):
        assert web.run("plan", "--format", format_).code == 7
        ended = with_full_output(web, "plan", "--format", format_)
        assert (ended.code, "No space left on device" in ended.err) == (7, format_ == "json" or ended.err != "")


@needs_dev_full
def test_a_full_standard_output_keeps_exit_code_6(web: Stage) -> None:
    web.environment("other", NEW)
    ended = with_full_output(web, "apply", "--auto-approve")
    assert (ended.code, web.live("web")) == (6, OLD)
    assert "No space left on device" in ended.err


@needs_dev_full
def test_a_full_standard_output_turns_success_into_exit_code_1(web: Stage) -> None:
    assert with_full_output(web, "status").code == 1


@pytest.mark.parametrize(
    ("command", "format_"),
    [
        (command, format_)
        for command in ("plan", "apply", "verify", "drift", "status")
        for format_ in FORMATS[command]
        if format_ not in {"text", "dotenv"}  # a shell may read what dotenv prints, so a failed run prints nothing
    ],
)
def test_every_format_of_documents_writes_one_when_the_run_fails(web: Stage, command: str, format_: str) -> None:
    web.write("imgwire.yaml", INVALID)
    ended = web.run(command, "--format", format_)
    assert ended.code == 65
    assert ended.out.strip()
    assert format_ in {"prometheus", "github", "gitlab"} or "apex-hostname" in ended.out


def test_text_leaves_standard_output_empty_when_the_run_fails(web: Stage) -> None:
    web.write("imgwire.yaml", INVALID)
    ended = web.run("plan")
    assert (ended.code, ended.out) == (65, "")
    assert "apex-hostname" in ended.err


def test_a_receipt_that_can_no_longer_be_written_is_reported_once_and_at_the_end(stage: Stage) -> None:
    names = [f"e{number}" for number in range(6)]
    for name in names:
        stage.environment(name)
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    fault = Fault(Kind.DELAY, method="POST", path=DOMAIN, seconds=0.6)
    stage.world.faults.add(fault)
    (stage.folder / "receipts").mkdir()
    with started("apply", "--auto-approve", "--parallelism", "1", "--receipt", "receipts/r.json") as process:
        wait_for(stage, fault)
        (stage.folder / "receipts").rename(stage.folder / "elsewhere")
        ended = process.end()
    assert ended.code in {1, 6}
    complaints = [line for line in ended.err.splitlines() if "receipts/r.json" in line]
    assert 1 <= len(complaints) <= 2


def test_a_receipt_that_cannot_be_corrected_after_a_full_standard_output_is_reported(
    web: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (web.folder / "out").mkdir()

    def full(_lines: object) -> None:
        (web.folder / "out").rename(web.folder / "elsewhere")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(sys.stdout, "writelines", full)
    ended = web.run("apply", "--auto-approve", "--receipt", "out/r.json")
    assert (ended.code, web.live("web")) == (1, NEW)
    assert "could not write the receipt out/r.json" in ended.err


@pytest.fixture
def padded(tmp_path: Path) -> Iterator[Path]:
    """A folder for files of 256 MiB, gone when the test ends."""
    folder = tmp_path / "large"
    folder.mkdir()
    yield folder
    shutil.rmtree(folder)


def pad(path: Path, text: str) -> str:
    """A file with this JSON and so much white space that it is one byte larger than the limit."""
    with path.open("wb") as file:
        file.write(text.encode())
        left = 256 * MIB + 1 - file.tell()
        for _ in range(left // MIB):
            file.write(b" " * MIB)
        file.write(b" " * (left % MIB))
    return str(path)


def test_a_saved_plan_over_256_mib_is_refused(web: Stage, padded: Path) -> None:
    assert web.run("plan", "--out", "plan.json").code == 0
    large = pad(padded / "plan.json", web.read("plan.json"))
    document = web.run("apply", large, "--format", "json").document
    assert (document["exit_code"], document["reason"], web.live("web")) == (65, "invalid_plan_file", OLD)
    assert web.run("apply", "plan.json").code == 0


def test_a_baseline_over_256_mib_is_refused(web: Stage, padded: Path) -> None:
    web.manifest(web=OLD)
    assert web.run("drift", "--format", "json", "--report", "json=old.json").code == 0
    large = pad(padded / "old.json", web.read("old.json"))
    document = web.run("drift", "--baseline", large, "--format", "json").document
    assert (document["exit_code"], document["reason"]) == (65, "invalid_baseline")
    assert web.run("drift", "--baseline", "old.json").code == 0


def test_a_key_of_4096_characters_is_sent_and_a_longer_one_is_not(web: Stage) -> None:
    web.set("IMGWIRE_API_KEY_WEB", key("web") + "x" * (4097 - len(key("web"))))
    web.world.log.clear()
    ended = web.run("plan", "--format", "json")
    assert (ended.code, [item["code"] for item in ended.document["diagnostics"]]) == (7, ["key-missing"])
    assert web.sent() == []
    web.set("IMGWIRE_API_KEY_WEB", key("web") + "x" * (4096 - len(key("web"))))
    assert web.run("plan", "--format", "json").document["diagnostics"] == []
    assert web.sent() == [("GET", DOMAIN)]


def test_progress_of_apply_moves_on_a_terminal(stage: Stage) -> None:
    for name in ("a", "b", "c"):
        stage.environment(name)
    stage.manifest(a="a.example.com", b="b.example.com", c="c.example.com")
    stage.fault(Kind.DELAY, method="POST", seconds=0.5, times=None)
    terminal = Terminal("apply", "--auto-approve", "--parallelism", "1")
    assert terminal.ended() == 0
    assert len(set(re.findall(r"([1-6])/6", terminal.said))) > 1
