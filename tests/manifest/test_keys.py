from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from reconciler.manifest.keys import KeyContent, read_key_file, resolve
from reconciler.model.environments import Credential, Environment, KeyFile, KeyVariable, Secret

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIN = "26f80c13-48bd-4bb9-866e-5e9392b11a6a"
CANARY = "CANARY"


def no_file(path: str) -> KeyContent:
    raise AssertionError(f"{path} was read")


def messages(
    *environments: Environment,
    environ: dict[str, str] | None = None,
    read_file: Callable[[str], KeyContent] = no_file,
) -> list[str]:
    found, problems = resolve(environments, environ or {}, read_file)
    assert not found.keys() & {problem.environment for problem in problems}
    return [f"{problem.code}: {problem.message}" for problem in problems]


def test_a_key_comes_from_its_variable_without_white_space_around_it() -> None:
    environment = Environment("a", None, KeyVariable("KEY_A"))
    assert resolve([environment], {"KEY_A": f" {CANARY}\r\n"}, no_file) == ({"a": Credential(Secret(CANARY))}, ())


def test_the_general_variable_serves_only_when_the_own_one_is_unset() -> None:
    environment = Environment("a", None, KeyVariable("KEY_A", "KEY"))
    assert resolve([environment], {"KEY": "general"}, no_file)[0] == {"a": Credential(Secret("general"))}
    assert resolve([environment], {"KEY_A": "own", "KEY": "general"}, no_file)[0] == {"a": Credential(Secret("own"))}
    assert messages(environment, environ={"KEY_A": "", "KEY": "x"}) == [
        "key-missing: no key for `a`: the variable KEY_A is empty"
    ]
    assert messages(environment) == ["key-missing: no key for `a`: the variables KEY_A and KEY are not set"]


def test_a_key_comes_from_its_file_without_mark_and_line_break() -> None:
    environment = Environment("a", None, KeyFile("/key"))
    found = resolve([environment], {}, lambda path: KeyContent(b"\xef\xbb\xbf" + CANARY.encode() + b"\r\n", 0o100600))
    assert found == ({"a": Credential(Secret(CANARY))}, ())


def test_the_id_is_sent_only_where_that_is_asked_for() -> None:
    environments = [
        Environment("a", None, KeyVariable("A"), environment_id=PIN, send_environment_id=True),
        Environment("b", None, KeyVariable("B"), environment_id=PIN),
    ]
    found, _ = resolve(environments, {"A": "a", "B": "b"}, no_file)
    assert found == {"a": Credential(Secret("a"), PIN), "b": Credential(Secret("b"))}


CONTENTS = {
    b"": "the file `/key` is empty",
    b" \n": "the file `/key` is empty",
    b"\xff\xfe": "the content of the file `/key` cannot be a key: it is not UTF-8",
    b"CANARY CANARY": "cannot be a key: a key is visible ASCII without white space",
    b"CANARY\nCANARY": "cannot be a key: a key is visible ASCII without white space",
    b"CANARY\0": "cannot be a key: a key is visible ASCII without white space",
    "CANARY\u00e9".encode(): "cannot be a key: a key is visible ASCII without white space",
    b"C" * 4097: "the content of the file `/key` is longer than 4096 characters",
}


@pytest.mark.parametrize(("content", "said"), CONTENTS.items(), ids=[ascii(key[:20]) for key in CONTENTS])
def test_what_cannot_be_a_key_is_told_of_without_showing_it(content: bytes, said: str) -> None:
    (message,) = messages(Environment("a", None, KeyFile("/key")), read_file=lambda path: KeyContent(content))
    assert message.startswith("key-missing: no key for `a`: ")
    assert said in message
    assert CANARY not in message


def test_a_client_key_is_refused_without_showing_it() -> None:
    (message,) = messages(Environment("a", None, KeyVariable("A")), environ={"A": "ck_CANARY"})
    assert (
        message
        == "client-key: the key for `a` in the variable A is a client key, and client keys cannot manage domains"
    )


def test_environments_share_a_key_only_by_sending_their_ids() -> None:
    def environment(name: str, send: bool) -> Environment:
        return Environment(name, None, KeyVariable("KEY"), environment_id=PIN, send_environment_id=send)

    environ = {"KEY": CANARY}
    assert messages(environment("a", True), environment("b", True), environ=environ) == []
    assert messages(environment("a", True), environment("b", False), environ=environ) == [
        "shared-key: `a` has the same key as `b`",
        "shared-key: `b` has the same key as `a`",
    ]


def test_ten_thousand_environments_on_one_key_are_told_of_in_bounded_size() -> None:
    environments = [Environment(f"e{number}", None, KeyVariable("KEY")) for number in range(10_000)]
    found, problems = resolve(environments, {"KEY": CANARY}, no_file)
    assert (found, len(problems)) == ({}, 10_000)
    assert max(len(problem.message) for problem in problems) < 200


@pytest.mark.parametrize(
    ("mode", "told"), [(0o600, []), (0o400, []), (0o640, ["0640"]), (0o604, ["0604"]), (0o777, ["0777"])]
)
def test_a_key_file_that_others_may_read_is_warned_of_once(tmp_path: Path, mode: int, told: list[str]) -> None:
    path = tmp_path / "key"
    path.write_text(CANARY)
    path.chmod(mode)
    environments = [
        Environment(name, None, KeyFile(str(path)), environment_id=PIN, send_environment_id=True) for name in "ab"
    ]
    found, warnings = resolve(environments, {})
    assert set(found) == {"a", "b"}
    assert [(item.code, item.severity) for item in warnings] == [("key-file-mode", "warning") for _ in told]
    assert all(f"(mode {shown})" in item.message for item, shown in zip(warnings, told, strict=True))


@pytest.mark.parametrize("path", ["/no/such/file", "/", "/dev/full/x"])
def test_a_key_file_that_cannot_be_read_is_told_of(path: str) -> None:
    found, (problem,) = resolve([Environment("a", None, KeyFile(path))], {})
    assert (found, problem.code, problem.environment) == ({}, "key-missing", "a")
    assert f"cannot read the file `{path}`: " in problem.message


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/dev/zero", "it is a device"),
        ("/dev/stdin", "it is standard input"),
        ("/dev/fd/0", "it is standard input"),
        ("pipe", "it is a named pipe (FIFO)"),
    ],
)
def test_a_key_file_that_may_never_end_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    assert messages(Environment("a", None, KeyFile(path)), read_file=read_key_file) == [
        f"key-missing: no key for `a`: cannot read the file `{path}`: {reason}"
    ]
