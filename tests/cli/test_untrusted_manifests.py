"""What a manifest that a stranger changed cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cli.stage import key

if TYPE_CHECKING:
    from cli.listener import Listener
    from cli.stage import Stage

HOST = "images.example.com"


def manifest(base_url: str = "", key_source: str = "") -> str:
    api = f"api: {{base_url: '{base_url}'}}\n" if base_url else ""
    key = f"    api_key: {{{key_source}}}\n" if key_source else ""
    return f"version: 1\n{api}environments:\n  web:\n{key}    hostname: {HOST}\n"


def test_a_manifest_cannot_choose_where_keys_are_sent_or_which_secret_is_sent(stage: Stage, listener: Listener) -> None:
    stage.unset("IMGWIRE_API_BASE_URL")
    stage.set("AWS_SECRET_ACCESS_KEY", key("aws"))
    stage.write("imgwire.yaml", manifest("https://collector.example.net", "env: AWS_SECRET_ACCESS_KEY"))
    ended = stage.run("plan")
    assert ended.code == 65
    assert "error[untrusted-base-url]" in ended.err
    assert "error[foreign-key-variable]" in ended.err
    stage.write("imgwire.yaml", manifest(listener.url.replace("127.0.0.1", "x.localhost")))
    ended = stage.run("plan")
    assert ended.code == 65
    assert "error[insecure-base-url]" in ended.err
    assert "error[untrusted-base-url]" in ended.err
    assert listener.heard == []


def test_the_command_line_can_allow_a_key_variable(stage: Stage) -> None:
    stage.environment("web")
    stage.unset("IMGWIRE_API_KEY_WEB")
    stage.set("VAULT_KEY", key("web"))
    stage.write("imgwire.yaml", manifest(key_source="env: VAULT_KEY"))
    assert stage.run("plan").code == 65
    assert stage.run("plan", "--allow-key-variable", "VAULT_KEY").code == 0
    assert stage.run("validate", "--allow-key-variable", "VAULT_KEY").code == 0


@pytest.mark.parametrize("command", ["plan", "status"])
def test_plain_http_to_another_host_needs_the_command_line(stage: Stage, command: str) -> None:
    stage.environment("web")
    stage.manifest(web=HOST)
    ended = stage.run(command, "--api-url", "http://api.example.net", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (64, "insecure_base_url")
    assert "--allow-http" in ended.document["hint"]
    stage.set("IMGWIRE_API_BASE_URL", "http://emulator.localhost:1")
    assert stage.run(command).code == 64
    assert stage.run(command, "--allow-http", "--retries", "0").code == 8


@pytest.mark.parametrize("content", ["HIDDEN\n", "[HIDDEN]\nHIDDEN = HIDDEN\n", "HIDDEN: HIDDEN\n"])
@pytest.mark.parametrize("arguments", [[], ["imgwire.yaml"], ["-f", ".", "--format", "github"]], ids=" ".join)
def test_validate_shows_nothing_of_a_linked_file(stage: Stage, content: str, arguments: list[str]) -> None:
    (stage.folder.parent / "secret").write_text(content)
    (stage.folder / "imgwire.yaml").symlink_to("../secret")
    ended = stage.run("validate", *arguments)
    (stage.folder.parent / "secret").unlink()
    assert ended.code == 65
    assert "HIDDEN" not in ended.out + ended.err


def test_validate_takes_files_without_an_option(stage: Stage) -> None:
    stage.write("a.yaml", "version: 1\nenvironments: {a: images-a.example.com}\n")
    stage.write("b.yaml", "version: 1\nenvironments: {b: images-b.example.com}\n")
    assert "Valid: 2 environments in 2 files." in stage.run("validate", "a.yaml", "b.yaml").out
    assert "Valid: 2 environments in 2 files." in stage.run("validate", "-f", "a.yaml", "b.yaml").out
    assert stage.run("validate").code == 65


def test_validate_warns_of_names_that_share_a_variable_and_plan_does_not(stage: Stage) -> None:
    stage.environment("prod-eu")
    stage.write(
        "imgwire.yaml",
        "version: 1\nenvironments: {prod-eu: images-a.example.com, prod_eu: images-b.example.com}\n",
    )
    ended = stage.run("validate")
    assert ended.code == 0
    assert (
        "warning[shared-variable]: `prod_eu` and `prod-eu` have the same key variable, IMGWIRE_API_KEY_PROD_EU"
        in ended.out
    )
    assert "shared-variable" not in stage.run("plan").err


def test_keys_come_from_one_file_or_variable(stage: Stage) -> None:
    for name in ("web", "blog"):
        stage.environment(name)
        stage.unset(f"IMGWIRE_API_KEY_{name.upper()}")
    stage.manifest(web=HOST, blog="blog.example.com")
    assert stage.run("plan").code == 7
    table = f'{{"web": "{key("web")}", "blog": "{key("blog")}"}}'
    outside = stage.folder.parent / "keys.json"
    outside.write_text(table)
    assert stage.run("plan", "--keys", str(outside)).code == 0
    outside.unlink()
    stage.set("IMGWIRE_API_KEYS", table)
    assert stage.run("plan").code == 0
