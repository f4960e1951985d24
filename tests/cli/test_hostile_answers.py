"""What a hostile or broken API puts into outputs: no key, no command of a CI runner, in any format and any file."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from api.servers import answer
from samples import domain

from cli.stage import CANARY, key
from reconciler.render.formats import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import Message

    from cli.listener import Listener
    from cli.stage import Ended, Stage

COMMANDS = "\n::add-mask::a ##[stop-commands]b ##vso[task.complete]c\n::error::d"
OUTPUTS = sorted(
    (command, format_)
    for command in ("plan", "apply", "verify", "status", "drift", "dns show")
    for format_ in FORMATS[command]
)


@pytest.fixture
def web(stage: Stage, listener: Listener) -> Iterator[Stage]:
    """An environment whose API is the listener."""
    stage.set("IMGWIRE_API_BASE_URL", listener.url)
    stage.set("IMGWIRE_API_KEY_WEB", key("web"))
    stage.manifest(web="new.example.com")
    yield stage
    assert [path for path in stage.folder.rglob("*") if path.is_file() and harmful(path.read_text(), path.name)] == []


def harmful(text: str, name: str = "") -> list[str]:
    found = re.findall(rf"##[\w.-]*\[|{CANARY}", text)
    lines = [line for line in text.splitlines() if line.lstrip().startswith("::")]
    return found + ([] if "github" in name else lines + re.findall(r"::[a-z-]+::", text))


def checked(ended: Ended, format_: str = "") -> Ended:
    assert harmful(ended.out, format_) == []
    assert harmful(ended.err) == []
    return ended


def record(**values: Any) -> bytes:
    return json.dumps({**domain("web", "old.example.com").as_dict(), **values}).encode()


def run(stage: Stage, command: str, format_: str, *more: str) -> Ended:
    consent = ["--auto-approve", "--receipt", "receipt.json"] if command == "apply" else []
    reports = [f"--report={name}=report-{name}" for name in FORMATS[command] if name != "text"]
    return checked(
        stage.run(*command.split(), "--format", format_, "--retries", "0", *reports, *consent, *more), format_
    )


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize(("command", "format_"), OUTPUTS)
def test_no_value_of_a_record_is_a_command(web: Stage, listener: Listener, command: str, format_: str) -> None:
    values = {name: f"{key('web')}{COMMANDS}" for name in ("status", "certificate_status", "cname_value", "updated_at")}
    listener.answer = lambda _: (200, {}, record(id=f"x{COMMANDS}", dcv_cname_record=f"{COMMANDS}", **values))
    run(web, command, format_)


@pytest.mark.parametrize(("command", "format_"), OUTPUTS)
def test_no_text_of_an_error_is_a_command(web: Stage, listener: Listener, command: str, format_: str) -> None:
    body = {"detail": f"{key('web')}{COMMANDS}", "error_type": f"Error{COMMANDS}{'x' * 500}"}
    listener.answer = lambda _: (400, {}, json.dumps(body).encode())
    ended = run(web, command, format_)
    assert ended.code not in {0, 2}


def test_an_error_type_is_one_line_that_is_cut(web: Stage, listener: Listener) -> None:
    body = {"detail": "no", "error_type": f"One\nTwo\n::add-mask::x{'y' * 500}"}
    listener.answer = lambda _: (400, {}, json.dumps(body).encode())
    [environment] = run(web, "drift", "json").document["environments"]
    error_type = environment["error"]["error_type"]
    assert error_type.startswith("One Two ::add-mask::xyyy")
    assert len(error_type) == 100
    assert environment["error"]["message"].endswith(f": 400 no ({error_type})")


class Broken:
    """A server that answers every request with these bytes, `%s` being the key that it was sent."""

    def __init__(self, listener: Listener, data: bytes) -> None:
        self._data = data
        listener.raw = self._raw

    def _raw(self, headers: Message) -> bytes:
        sent = headers["Authorization"].removeprefix("Bearer ")
        return self._data.replace(b"%s", sent.encode())


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\nX-Echo : %s\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 %s\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%s\r\n",
        answer(b"", "302 Found", "location: https://x.example/%s"),
        b"HTTP/1.1 400 Bad\r\nconnection: close\r\n\r\n" + json.dumps({"detail": "%s", "error_type": "%s"}).encode(),
    ],
    ids=["header", "status line", "chunk", "redirect", "error"],
)
@pytest.mark.parametrize("command", ["plan", "apply", "drift"])
def test_a_key_that_comes_back_is_in_no_output(web: Stage, listener: Listener, data: bytes, command: str) -> None:
    Broken(listener, data)
    for format_ in FORMATS[command]:
        run(web, command, format_, "-vv")
    ended = run(web, command, "json", "--log-format", "json", "-vv")
    assert "[key]" in ended.out


def test_a_comment_of_a_manifest_is_no_command(web: Stage) -> None:
    web.write(
        "bad.yaml",
        "version: 1\nenvironments: # ##[stop-commands]x\n  web: {hostnam: a.example.com} # ##vso[task.complete]\n",
    )
    for format_ in FORMATS["validate"]:
        checked(web.run("validate", "bad.yaml", "--format", format_), format_)
    Path("bad.yaml").unlink()


@pytest.mark.parametrize("name", ["##[group]x.yaml", "::add-mask::x.yaml", "##vso[task.complete]x.yaml"])
def test_a_file_name_is_no_command(web: Stage, name: str) -> None:
    web.write(name, "version: 1\nenvironments: {web: {hostnam: a}}\n")
    for format_ in FORMATS["validate"]:
        checked(web.run("validate", "-f", name, "--format", format_), format_)
    for arguments in (
        ["init", name],
        ["plan", "-f", f"missing{name}"],
        ["plan", "--env", name],
        [name],
        ["plan", name],
    ):
        checked(web.run(*arguments))
        checked(web.run(*arguments, "--format", "json"))


@pytest.mark.usefixtures("reads_do_not_lag")
def test_advice_on_a_delete_that_conflicts_is_not_about_hostnames(web: Stage, listener: Listener) -> None:
    def respond(_: Message) -> tuple[int, dict[str, str], bytes]:
        if listener.heard[-1][0] == "DELETE":
            return 409, {}, b'{"detail": "a certificate is being issued"}'
        return 200, {}, record()

    listener.answer = respond
    ended = web.run("apply", "--auto-approve", "--retries", "0")
    assert "409 a certificate is being issued" in ended.out
    assert "another Environment" not in ended.out + ended.err
