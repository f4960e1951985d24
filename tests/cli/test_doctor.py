"""`doctor`: each check fails for its own reason, with what to do, and nothing but GET is sent."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from cli.stage import Ended, Stage


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web", "img.example.com")
    stage.manifest(web="img.example.com")
    return stage


def states(ended: Ended) -> dict[str, str]:
    return {check["name"]: check["state"] for check in ended.document["checks"]}


def line(ended: Ended, name: str) -> str:
    return next(line for line in ended.out.splitlines() if line.split()[1] == name)


def test_everything_is_checked_with_get_only(web: Stage) -> None:
    ended = web.run("doctor", "--format", "json")
    assert ended.code == 0
    assert states(ended) == {
        "manifest": "ok",
        "keys": "ok",
        "proxy": "skipped",
        "dns": "ok",
        "tls": "skipped",
        "clock": "ok",
        "api": "ok",
    }
    assert {method for method, _ in web.sent()} == {"GET"}


def test_7_for_a_missing_key_with_the_variable_to_set(web: Stage) -> None:
    web.unset("IMGWIRE_API_KEY_WEB")
    ended = web.run("doctor")
    assert ended.code == 7
    assert line(ended, "keys").startswith("failed")
    assert ended.err.count("hint: set IMGWIRE_API_KEY_WEB to") == 1
    assert "IMGWIRE_API_KEY" not in ended.out


def test_7_for_a_key_that_the_api_rejects(web: Stage) -> None:
    web.fault(Kind.STATUS, status=401, nth=2, times=None)
    ended = web.run("doctor", "--retries", "0")
    assert (ended.code, line(ended, "api").split()[0]) == (7, "failed")


def test_65_for_an_invalid_manifest_and_everything_else_is_checked(web: Stage) -> None:
    web.write("imgwire.yaml", "version: 1\nenvironments:\n  web: {hostnam: x.example.com}\n")
    ended = web.run("doctor", "--format", "json")
    checks = {check["name"]: check["state"] for check in ended.document["checks"]}
    assert (ended.code, checks["manifest"], checks["keys"], checks["clock"], checks["api"]) == (
        65,
        "failed",
        "skipped",
        "ok",
        "skipped",
    )
    assert "imgwire.yaml:3:9" in ended.err


def test_8_for_a_server_that_does_not_listen(web: Stage) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    ended = web.run("doctor", "--api-url", f"https://127.0.0.1:{port}", "--retries", "0", "--format", "json")
    assert ended.code == 8
    assert states(ended) | {"dns": "ok", "tls": "failed", "clock": "skipped", "api": "failed"} == states(ended)


def test_8_for_a_name_that_does_not_resolve(web: Stage) -> None:
    ended = web.run("doctor", "--api-url", "https://no-such-host.invalid", "--retries", "0")
    assert (ended.code, line(ended, "dns").split()[0]) == (8, "failed")
    assert "hint: check the name `no-such-host.invalid`" in ended.out


def test_8_for_a_server_without_tls(web: Stage) -> None:
    ended = web.run("doctor", "--api-url", web.url.replace("http:", "https:"), "--retries", "0")
    assert ended.code == 8
    assert "does not speak TLS" in line(ended, "tls")


def test_a_proxy_that_cannot_be_used_is_named_without_its_address(web: Stage) -> None:
    web.set("HTTPS_PROXY", "ftp://user:secret@proxy")
    ended = web.run("doctor", "--api-url", "https://api.imgwire.dev", "--retries", "0")
    assert (ended.code, line(ended, "proxy").split()[0]) == (8, "failed")
    assert "secret" not in ended.out + ended.err


def test_a_clock_that_is_wrong_is_a_warning(web: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.operations.doctor.MAX_SKEW", -1)
    ended = web.run("doctor")
    assert (ended.code, line(ended, "clock").split()[0]) == (0, "warning")


def test_5_for_the_key_of_another_environment(web: Stage) -> None:
    web.manifest(web={"hostname": "img.example.com", "environment_id": "00000000-0000-4000-8000-000000000000"})
    ended = web.run("doctor")
    assert (ended.code, line(ended, "api").split()[0]) == (5, "failed")


def test_the_emulator_inside_the_process_needs_no_network(web: Stage) -> None:
    ended = web.run("doctor", "--emulator", "--format", "json")
    assert (ended.code, states(ended)["tls"]) == (0, "skipped")


def test_every_rejected_key_is_named_beside_other_failures(stage: Stage) -> None:
    names = [f"site{number:02}" for number in range(1, 14)]
    for name in [*names, "down", "good"]:
        stage.environment(name, f"{name}.example.com")
    stage.manifest(**{name: f"{name}.example.com" for name in [*names, "down", "good"]})
    for name in names:
        stage.fault(Kind.STATUS, status=401, environment=name, times=None)
    stage.fault(Kind.DROP_BEFORE, environment="down", times=None)
    ended = stage.run("doctor", "--retries", "0")
    assert ended.code == 7
    assert line(ended, "keys").endswith("15 of 15 keys were found")
    api = line(ended, "api")
    assert "14 of 15 environments could not be read; `down`: GET" in api
    listed = ", ".join(f"`{name}`" for name in names[:10])
    assert f"13 keys rejected (401): {listed} and 3 more" in api
    assert "expects TLS" not in ended.out
