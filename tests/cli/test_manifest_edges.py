"""Small print of the manifest, seen through `validate` and `plan`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from samples import uid

from cli.stage import key

if TYPE_CHECKING:
    from cli.stage import Stage


def problems(stage: Stage, text: str | bytes) -> list[dict[str, Any]]:
    """The diagnostics of a manifest with this content."""
    (stage.folder / "m.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    found: list[dict[str, Any]] = stage.run("validate", "-f", "m.yaml", "--format", "json").document["diagnostics"]
    return found


def test_an_environment_that_does_not_send_its_id_is_not_overruled_by_defaults(stage: Stage) -> None:
    stage.environment("quiet")
    stage.environment("web")
    stage.write(
        "imgwire.yaml",
        "version: 1\ndefaults: {send_environment_id: true}\nenvironments:\n"
        f"  quiet: {{hostname: null, environment_id: {uid('quiet')}, send_environment_id: false}}\n"
        f"  web: {{hostname: null, environment_id: {uid('web')}}}\n",
    )
    stage.set("IMGWIRE_API_KEY_QUIET", key("shared"))
    stage.set("IMGWIRE_API_KEY_WEB", key("shared"))
    ended = stage.run("status", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (5, "shared_key")  # which only two that send their id may have


def test_protection_is_inherited_from_defaults_and_can_be_lifted_by_an_environment(stage: Stage) -> None:
    for name in ("kept", "open"):
        stage.environment(name, f"{name}.example.com")
    stage.write(
        "imgwire.yaml",
        "version: 1\ndefaults: {protect: true}\nenvironments:\n"
        "  kept: {hostname: null}\n  open: {hostname: null, protect: false}\n",
    )
    blocks = stage.run("plan", "--format", "json").document["blocks"]
    assert [block["environment"] for block in blocks if block["code"] == "protected"] == ["kept"]


@pytest.mark.parametrize(
    "text",
    [
        'api_key:\n- "\nZq81\\qsecret"\n',
        'environments:\n  web:\n    api_key:\n      - "\n      Zq81\\qsecret"\n',
        'environments:\n  web:\n    api_key:\n      - "\n    Zq81\\qsecret"\n',
        'environments:\n  web:\n    api_key:\n      inner: "Zq81\\qsecret"\n',
        'environments:\n  web:\n    api_key: "\n\n  # see: wiki\nZq81\\qsecret"\n',
    ],
    ids=["list at the margin", "below the list", "left of the list", "mapping", "at the margin"],
)
def test_a_key_on_the_next_line_of_broken_yaml_is_not_shown(stage: Stage, text: str) -> None:
    stage.write("m.yaml", text)
    for format_ in ("text", "json"):
        ended = stage.run("validate", "-f", "m.yaml", "--format", format_)
        assert ended.code == 65
        assert "Zq81" not in ended.out + ended.err
        assert "yaml-syntax" in ended.out


@pytest.mark.parametrize("line", ['hostname: "shown\\q"', '"shown\\q": x'])
def test_what_follows_a_key_in_broken_yaml_is_shown(stage: Stage, line: str) -> None:
    stage.write("m.yaml", f"environments:\n  web:\n    api_key: Zq81\n    {line}\n")
    ended = stage.run("validate", "-f", "m.yaml")
    assert ("shown" in ended.out, "Zq81" in ended.out) == (True, False)


def test_a_quoted_merge_key_is_a_plain_key(stage: Stage) -> None:
    manifest = "version: 1\nenvironments:\n  web:\n    hostname: web.example.com\n    labels: {%s: x}\n"
    assert [item["code"] for item in problems(stage, manifest % "<<")] == ["alias"]
    assert [item["code"] for item in problems(stage, manifest % '"<<"')] == ["wrong-type"]


@pytest.mark.parametrize(("text", "column"), [("{", 1), ("  {", 3), ("\t", 1)], ids=["one", "indented", "a tab"])
def test_what_is_missing_at_the_end_is_reported_at_the_last_character(stage: Stage, text: str, column: int) -> None:
    (problem,) = problems(stage, f"{text}\n\n")
    assert (problem["code"], problem["line"], problem["column"]) == ("yaml-syntax", 1, column)


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "a mark"])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_or_without_a_byte_order_mark_is_reported_at_the_file(
    stage: Stage, encoding: str, mark: str
) -> None:
    (problem,) = problems(stage, f"{mark}version: 1\nenvironments: {{web: web.example.com}}\n".encode(encoding))
    assert (problem["code"], problem["file"], problem["line"], problem["column"]) == ("not-utf8", "m.yaml", 1, 1)
    assert problem["message"].endswith(" UTF-16")


@pytest.mark.parametrize(
    ("value", "word"),
    [("{a: b}", "mapping"), ("[a]", "list"), ("12", "number"), ("true", "`true`")],
)
def test_a_value_of_the_wrong_type_is_called_what_it_is(stage: Stage, value: str, word: str) -> None:
    (problem,) = problems(stage, f"version: 1\nenvironments:\n  web: {{hostname: {value}}}\n")
    assert problem["code"] == "wrong-type"
    assert word in problem["message"]
    assert ({"mapping", "list", "number"} - {word}).isdisjoint(problem["message"].split())
