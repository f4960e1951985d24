"""What people see and type at a real terminal."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from typing import TYPE_CHECKING

import pexpect
import pyte
import pytest

from cli.stage import CANARY, DOMAIN, command
from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
QUESTION = "Type 'yes' to confirm: "


class Terminal:
    """A command on a terminal of this size, and the screen that it leaves. `redirected` are words for the shell."""

    def __init__(
        self,
        *arguments: str,
        redirected: str = "",
        columns: int = 100,
        lines: int = 40,
        term: str = "xterm-256color",
    ) -> None:
        self._process: pexpect.spawn[str] = pexpect.spawn(
            "/bin/sh",
            ["-c", f"exec {shlex.join(command(*arguments))} {redirected}"],
            env={**os.environ, "TERM": term},
            dimensions=(lines, columns),
            encoding="utf-8",
            timeout=20,
            echo=False,
        )
        self._screen = pyte.Screen(columns, lines)
        self._columns = columns
        self.said = ""

    def wait_for(self, text: str) -> None:
        self._process.expect_exact(text)
        self.said += self._process.before + self._process.after

    def type(self, text: str) -> None:
        self._process.send(text)

    def closed(self) -> int:
        """The exit code, after the terminal was closed under the command."""
        os.close(self._process.child_fd)
        _, status = os.waitpid(self._process.pid, 0)
        return os.waitstatus_to_exitcode(status)

    def ended(self) -> int:
        """The exit code, once the command has ended and all it said was read."""
        self._process.expect(pexpect.EOF)
        self.said += self._process.before
        self._process.close()
        assert CANARY not in self.said
        assert self._process.signalstatus is None
        return int(self._process.exitstatus)

    def lines(self) -> list[str]:
        """What stands on the screen, line by line, and whether the terminal had to break one."""
        pyte.Stream(self._screen).feed(self.said)
        return [line.rstrip() for line in self._screen.display if line.strip()]


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    return stage


def writes(stage: Stage) -> list[str]:
    return [method for method, path in stage.sent() if path == DOMAIN and method != "GET"]


def test_the_plan_is_shown_before_the_question_and_yes_applies_it(web: Stage) -> None:
    terminal = Terminal("apply")
    terminal.wait_for(QUESTION)
    assert "goes offline at step 1, permanently" in terminal.said
    assert f"Apply this plan to {web.url}?" in terminal.said
    assert writes(web) == []
    terminal.type("yes\n")
    assert terminal.ended() == 0
    assert writes(web) == ["DELETE", "POST"]
    assert re.findall(rf"(create|delete) +web +{re.escape(NEW)}", terminal.said) == ["create"]


@pytest.mark.parametrize("answer", ["no\n", "\n", "y\n", "YES please\n", "\x04"], ids=repr)
def test_anything_but_yes_is_no(web: Stage, answer: str) -> None:
    terminal = Terminal("apply")
    terminal.wait_for(QUESTION)
    terminal.type(answer)
    assert terminal.ended() == 5
    assert "not approved: nothing was written" in terminal.said
    assert writes(web) == []


def test_ctrl_c_at_the_question_is_an_interruption_before_any_write(web: Stage) -> None:
    terminal = Terminal("apply")
    terminal.wait_for(QUESTION)
    terminal.type("\x03")
    assert terminal.ended() == 130
    assert "interrupted before anything was written" in terminal.said
    assert "Traceback" not in terminal.said
    assert writes(web) == []


def test_nothing_is_asked_where_there_is_nothing_to_do_or_consent_was_given(web: Stage) -> None:
    assert Terminal("apply", "--auto-approve").ended() == 0
    assert Terminal("apply").ended() == 0
    assert writes(web) == ["DELETE", "POST"]


def test_nothing_is_asked_in_ci(web: Stage) -> None:
    web.set("CI", "true")
    terminal = Terminal("apply")
    assert terminal.ended() == 5
    assert QUESTION not in terminal.said
    assert "approval required: no interactive terminal (or CI is set)" in terminal.said


@pytest.mark.parametrize("redirected", ["< /dev/null", "2> /dev/null"])
def test_nothing_is_asked_unless_both_standard_input_and_standard_error_are_terminals(
    web: Stage, redirected: str
) -> None:
    assert Terminal("apply", redirected=redirected).ended() == 5
    assert writes(web) == []


def test_a_question_is_asked_when_only_standard_output_goes_elsewhere(web: Stage) -> None:
    terminal = Terminal("apply", "--format", "json", redirected="> out.json")
    terminal.wait_for(QUESTION)
    terminal.type("yes\n")
    assert (terminal.ended(), web.live("web")) == (0, NEW)
    assert '"outcome": "ok"' in web.read("out.json")


def words(text: str) -> list[str]:
    return re.findall(r"\S+", text)


@pytest.mark.parametrize("command", [["plan"], ["status"], ["drift"], ["dns", "show"]], ids=" ".join)
def test_a_narrow_terminal_shows_the_same_words_as_a_pipe(web: Stage, command: list[str]) -> None:
    plain = web.run(*command).out
    terminal = Terminal(*command, columns=40, lines=60)
    terminal.ended()
    squeezed = "".join(re.sub(r"\x1b\[[0-9;]*m", "", terminal.said).split())
    # A list of records has no heading, and the names of the records have what they are for.
    left_out = {"ENVIRONMENT", "FOR", "TYPE", "VALUE", "routing", "validation"} if "dns" in command else {"ENVIRONMENT"}
    left_out |= {
        "HOSTNAME"
    }  # a list names it only where the row has one: hostnames that differ have `live` and `desired`
    assert {word for word in words(plain) if word not in squeezed} <= left_out


@pytest.mark.parametrize("columns", [60, 80, 100, 160])
@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["plan"], 0),
        (["plan", "--max-interruptions", "0"], 5),
        (["status"], 0),
        (["drift"], 2),
        (["verify", "--no-dns"], 3),
        (["dns", "show"], 0),
        (["validate", "-f", "broken.yaml"], 65),
        (["apply", "--auto-approve"], 0),
        (["apply"], 5),
        (["destroy"], 64),
        (["plan", "--report", "nosuch=file"], 64),
        (["init", "a-folder/with-another-folder/imgwire.yaml"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_no_line_is_longer_than_the_terminal_and_no_word_is_broken(
    web: Stage, command: list[str], code: int, columns: int
) -> None:
    web.write("broken.yaml", "version: 1\nenvironments:\n  web: https://example.com/a/long/path\n")
    web.set("CI", "1")
    terminal = Terminal(*command, columns=columns, lines=200)
    assert terminal.ended() == code
    lines = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in re.split(r"[\r\n]+", terminal.said)]
    assert [line for line in lines if len(line) > columns] == []
    differs = command[0] in {"apply", "init"} or code == 64  # a second run, or the program under another name
    known = set(words(web.run(*command).out + web.run(*command).err)) if not differs else set()
    short = {word for word in words(" ".join(lines)) if len(word) < columns - 10}
    assert {
        word for word in short if known and word not in known and not re.search(r"[0-9a-f]{8}|\.{3}|…|:$|\^", word)
    } == set()


def test_colour_marks_what_the_signs_and_words_say_already(web: Stage) -> None:
    terminal = Terminal("plan")
    assert terminal.ended() == 0
    assert "\x1b[33m  ~ web\x1b[0m" in terminal.said
    assert terminal.lines() == [line for line in web.run("plan").out.splitlines() if line]


@pytest.mark.parametrize(("term", "variable"), [("dumb", {}), ("xterm", {"NO_COLOR": "1"})], ids=["dumb", "NO_COLOR"])
def test_a_terminal_without_colour_gets_none(web: Stage, term: str, variable: dict[str, str]) -> None:
    for name, value in variable.items():
        web.set(name, value)
    terminal = Terminal("plan", term=term)
    assert terminal.ended() == 0
    assert "\x1b" not in terminal.said


def test_wide_characters_stay_in_their_columns(stage: Stage) -> None:
    stage.environment("blog")
    stage.environment("shop")
    stage.manifest(blog="bücher.example.com", shop="例え.example.com")
    terminal = Terminal("plan", columns=120)
    assert terminal.ended() == 0
    assert "  + blog   xn--bcher-kva.example.com (bücher.example.com)" in terminal.lines()
    assert stage.run("apply", "--auto-approve").code == 0
    terminal = Terminal("status", columns=120)
    assert terminal.ended() == 0
    rows = [line for line in terminal.lines() if "xn--" in line]
    assert [row.index("xn--") for row in rows] == [rows[0].index("xn--")] * 2


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&-"])
def test_a_stream_may_be_closed(web: Stage, closed: str) -> None:
    ended = subprocess.run(
        ["/bin/sh", "-c", f"{shlex.join(command('plan', '-vv'))} {closed}"],
        capture_output=True,
        text=True,
        timeout=20,
    )
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr


def test_records_to_remove_are_shown_once_with_wait(web: Stage) -> None:
    terminal = Terminal("apply", "--auto-approve", "--no-dns", "--wait", "1s")
    terminal.ended()
    assert terminal.said.count("DNS records to remove") == 1


@pytest.mark.parametrize("seconds", [0.0, 1.5], ids=["before the bar", "while the bar is drawn"])
def test_a_terminal_that_closes_during_apply_stops_it_with_a_complete_receipt(stage: Stage, seconds: float) -> None:
    names = [f"e{number}" for number in range(8)]
    for name in names:
        stage.environment(name, f"old-{name}.example.com")
    stage.manifest(**{name: f"new-{name}.example.com" for name in names})
    stage.fault(Kind.DELAY, method="POST", seconds=0.7, times=None)
    terminal = Terminal(
        *("apply", "--auto-approve", "--no-dns", "--parallelism", "1"),
        *("--max-interruptions", "8", "--receipt", "receipt.json"),
    )
    terminal.wait_for("delete  e0")
    time.sleep(seconds)
    assert terminal.closed() == 6
    receipt = json.loads((stage.folder / "receipt.json").read_text())
    assert (receipt["reason"], receipt["exit_code"], receipt["unserved"]) == ("interrupted", 6, [])
    done = {step["id"] for step in receipt["steps"] if step["state"] == "done"}
    assert {"delete:e0", "create:e0"} <= done
    assert "delete:e7" not in done
    assert not (stage.folder / "receipt.json.journal").exists()
