from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from reconciler.manifest.keys import resolve
from reconciler.model.environments import Credential, DefaultKey, Environment, KeyFile, KeyVariable, Secret

PIN = "26f80c13-48bd-4bb9-866e-5e9392b11a6a"
CANARY = "CANARY"


def messages(
    *environments: Environment, environ: dict[str, str] | None = None, keys_file: str | None = None
) -> list[str]:
    found, problems = resolve(environments, environ or {}, keys_file=keys_file)
    assert not found.keys() & {problem.environment for problem in problems}
    return [f"{problem.code}: {problem.message}" for problem in problems]


def test_a_key_comes_from_its_variable_without_white_space_around_it() -> None:
    environment = Environment("a", None, KeyVariable("KEY_A"))
    assert resolve([environment], {"KEY_A": f" {CANARY}\r\n"}) == (
        {"a": Credential(Secret(CANARY))},
        (),
    )


def test_the_general_variable_is_used_only_if_the_specific_one_is_unset() -> None:
    environment = Environment("a", None, DefaultKey("KEY_A", "KEY"))
    assert resolve([environment], {"KEY": "general"})[0] == {"a": Credential(Secret("general"))}
    assert resolve([environment], {"KEY_A": "own", "KEY": "general"})[0] == {"a": Credential(Secret("own"))}
    assert messages(environment, environ={"KEY_A": "", "KEY": "x"}) == [
        "key-missing: no key for `a`: the variable KEY_A is empty"
    ]
    assert messages(environment) == ["key-missing: no key for `a`: the variables KEY_A and KEY are not set"]


def from_file(path: Path, content: bytes) -> Environment:
    path.touch(mode=0o600)
    path.write_bytes(content)
    return Environment("a", None, KeyFile(str(path), f"file:{path}"))


def test_a_key_comes_from_its_file_without_mark_and_line_break(tmp_path: Path) -> None:
    environment = from_file(tmp_path / "key", b"\xef\xbb\xbf" + CANARY.encode() + b"\r\n")
    assert resolve([environment], {}) == ({"a": Credential(Secret(CANARY))}, ())


def test_the_environment_id_is_sent_only_if_configured() -> None:
    environments = [
        Environment("a", None, KeyVariable("A"), environment_id=PIN, send_environment_id=True),
        Environment("b", None, KeyVariable("B"), environment_id=PIN),
    ]
    found, _ = resolve(environments, {"A": "a", "B": "b"})
    assert found == {"a": Credential(Secret("a"), PIN), "b": Credential(Secret("b"))}


CONTENTS = {
    b"": "the file `key` is empty",
    b" \n": "the file `key` is empty",
    b"\xff\xfe": "the content of the file `key` cannot be a key: it is not UTF-8",
    b"CANARY CANARY": "cannot be a key: a key is visible ASCII without white space",
    b"CANARY\nCANARY": "cannot be a key: a key is visible ASCII without white space",
    b"CANARY\0": "cannot be a key: a key is visible ASCII without white space",
    "CANARY\u00e9".encode(): "cannot be a key: a key is visible ASCII without white space",
    b"C" * 4097: "the file `key` is longer than 4096 bytes",
}


@pytest.mark.parametrize(("content", "reason"), CONTENTS.items(), ids=[ascii(key[:20]) for key in CONTENTS])
def test_text_that_cannot_be_a_key_is_reported_without_showing_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (message,) = messages(from_file(Path("key"), content))
    assert message.startswith("key-missing: no key for `a`: ")
    assert reason in message
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
        "shared-key: the environments `a`, `b` have the same key",
        "shared-key: the environments `a`, `b` have the same key",
    ]


def test_a_key_that_ten_thousand_environments_share_is_reported_in_bounded_size() -> None:
    environments = [Environment(f"e{number}", None, KeyVariable("KEY")) for number in range(10_000)]
    found, problems = resolve(environments, {"KEY": CANARY})
    assert (found, len(problems)) == ({}, 10_000)
    assert max(len(problem.message) for problem in problems) < 200


@pytest.mark.parametrize(
    ("mode", "shown"), [(0o600, []), (0o440, []), (0o660, []), (0o644, ["0644"]), (0o604, ["0604"]), (0o777, ["0777"])]
)
def test_a_key_file_that_every_user_can_read_is_reported_once(tmp_path: Path, mode: int, shown: list[str]) -> None:
    path = tmp_path / "key"
    path.write_text(CANARY)
    path.chmod(mode)
    environments = [
        Environment(name, None, KeyFile(str(path), "file:key"), environment_id=PIN, send_environment_id=True)
        for name in "ab"
    ]
    found, warnings = resolve(environments, {})
    assert set(found) == {"a", "b"}
    assert [(item.code, item.severity) for item in warnings] == [("key-file-mode", "warning") for _ in shown]
    assert all(f"(mode {text})" in item.message for item, text in zip(warnings, shown, strict=True))


@pytest.mark.parametrize("text", ['"CANARY"', "'CANARY'", '"CANARY', "CANARY'", '"'])
def test_a_key_in_quotes_is_refused_without_showing_it(text: str) -> None:
    assert messages(Environment("a", None, KeyVariable("A")), environ={"A": f"{text}\r\n"}) == [
        "quoted-key: the key for `a` in the variable A has quotes around it"
    ]


# The order of the sources

DEFAULT = Environment("web", None, DefaultKey("IMGWIRE_API_KEY_WEB", "IMGWIRE_API_KEY"))
PLACES = {
    "IMGWIRE_API_KEYS": json.dumps({"web": "from-table-variable", "other": "x"}),
    "IMGWIRE_API_KEY_WEB": "from-own-variable",
    "IMGWIRE_API_KEY": "from-last-variable",
}


@pytest.fixture
def keys_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "keys.json"
    path.write_text('{"web": " from-keys-file\\r\\n", "blog": "x"}', encoding="utf-8-sig")
    return "keys.json"


def key_of(environment: Environment, environ: dict[str, str], keys_file: str | None = None) -> str:
    found, problems = resolve([environment], environ, keys_file=keys_file)
    assert problems == ()
    return found[environment.name].key.reveal()


def test_the_first_source_that_has_a_key_decides(keys_file: str) -> None:
    environ = dict(PLACES)
    assert key_of(DEFAULT, environ, keys_file) == "from-keys-file"
    assert key_of(DEFAULT, environ) == "from-table-variable"
    assert key_of(DEFAULT, {**environ, "IMGWIRE_API_KEYS": '{"other": "x"}'}) == "from-own-variable"
    del environ["IMGWIRE_API_KEYS"]
    assert key_of(DEFAULT, environ) == "from-own-variable"
    del environ["IMGWIRE_API_KEY_WEB"]
    assert key_of(DEFAULT, environ) == "from-last-variable"
    assert key_of(DEFAULT, {**environ, "IMGWIRE_API_KEYS": " "}) == "from-last-variable"


def test_a_keys_file_without_this_name_falls_through(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text('{"blog": "x"}')
    assert key_of(DEFAULT, PLACES, str(path)) == "from-table-variable"


def test_a_configured_key_never_falls_through(keys_file: str) -> None:
    configured = Environment("web", None, KeyVariable("IMGWIRE_OTHER"))
    assert messages(configured, environ=PLACES, keys_file=keys_file) == [
        "key-missing: no key for `web`: the variable IMGWIRE_OTHER is not set"
    ]
    file = Environment("web", None, KeyFile("/no/such/file", "file:/no/such/file"))
    (message,) = messages(file, environ=PLACES, keys_file=keys_file)
    assert message.startswith("key-missing: no key for `web`: cannot read the file `/no/such/file`: ")


BAD_TABLES = {
    "nothing": ("", "is not JSON"),
    "no JSON": ("web=CANARY", "is not JSON"),
    "deep": ("[" * 100_000, "is not JSON"),
    "a list": ('["CANARY"]', "is not a JSON object of environment names and keys"),
    "a number": ('{"web": 5}', "`web` in the keys file"),
    "one name twice": ('{"web": "CANARY", "web": "CANARY2"}', "has `web` twice"),
    "another encoding": ("\udcff", "is not in UTF-8"),
    "an empty key": ('{"web": ""}', "is empty"),
    "a client key": ('{"web": "ck_CANARY"}', "is a client key"),
    "a key in quotes": ('{"web": "\\"CANARY\\""}', "has quotes around it"),
    "a key with a space": ('{"web": "CANARY CANARY"}', "a key is visible ASCII without white space"),
}


@pytest.mark.parametrize(("text", "reason"), BAD_TABLES.values(), ids=BAD_TABLES)
def test_a_keys_file_that_cannot_be_used_is_reported_and_nothing_else_is_tried(
    tmp_path: Path, text: str, reason: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    (message,) = messages(DEFAULT, environ=PLACES, keys_file=str(path))
    assert reason in message
    assert "`web`" in message
    assert CANARY not in message


def test_a_keys_file_that_is_missing_is_reported() -> None:
    assert messages(DEFAULT, environ=PLACES, keys_file="/no/such/file") == [
        "key-missing: no key for `web`: cannot read the keys file `/no/such/file`: no such file or directory"
    ]


def test_every_place_without_a_key_is_named(keys_file: str) -> None:
    environment = Environment("shop", None, DefaultKey("IMGWIRE_API_KEY_SHOP"))
    assert messages(environment, environ={"IMGWIRE_API_KEY": "x"}, keys_file=keys_file) == [
        f"key-missing: no key for `shop`: the keys file `{keys_file}` has no entry `shop`, and the variable"
        " IMGWIRE_API_KEY_SHOP is not set; IMGWIRE_API_KEY is set, but only a manifest with one environment uses it"
    ]


def test_a_key_source_has_a_text_for_the_digest_that_does_not_depend_on_the_folder() -> None:
    sources = [KeyVariable("IMGWIRE_A"), KeyFile("cfg/keys/web", "file:keys/web"), KeyFile("cfg/keys/web", "dir:keys")]
    assert [source.as_written for source in sources] == ["env:IMGWIRE_A", "file:keys/web", "dir:keys"]
    assert DEFAULT.key.as_written == "default"


@pytest.mark.parametrize("path", ["/no/such/file", "/", "/dev/full/x"])
def test_a_key_file_that_cannot_be_read_is_reported(path: str) -> None:
    found, (problem,) = resolve([Environment("a", None, KeyFile(path, f"file:{path}"))], {})
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
    assert messages(Environment("a", None, KeyFile(path, f"file:{path}"))) == [
        f"key-missing: no key for `a`: cannot read the file `{path}`: {reason}"
    ]
