"""A plan from a baseline, for pull requests of forks: no key, no request, and nothing that apply takes."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING

import pytest

from reconciler.model.domains import Status

if TYPE_CHECKING:
    from cli.stage import Ended, Stage

OLD, NEW, OTHER = "old.example.com", "new.example.com", "other.example.com"
OFFLINE = ("plan", "--offline", "--baseline", "baseline.json")


@pytest.fixture
def fork(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A folder with a baseline of `web` and `api`, no key, and no way to connect anywhere."""
    stage.environment("web", OLD)
    stage.environment("api", OTHER)
    stage.manifest(web=OLD, api=OTHER)
    assert stage.run("drift", "--report", "json=baseline.json").code == 0
    for name in ("WEB", "API"):
        stage.unset(f"IMGWIRE_API_KEY_{name}")

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an offline plan opens no socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    stage.world.log.clear()
    return stage


def offline(stage: Stage, *arguments: str) -> Ended:
    ended = stage.run(*OFFLINE, *arguments)
    assert stage.world.log.entries() == []
    return ended


@pytest.mark.parametrize(
    ("manifest", "detailed", "plain", "outcome"),
    [
        ({"web": OLD, "api": OTHER}, 0, 0, "ok"),
        ({"web": NEW, "api": OTHER}, 2, 0, "changes"),
        ({"web": OLD, "api": OTHER, "fresh": "fresh.example.com"}, 0, 0, "ok"),
        ({"web": {"hostname": NEW, "protect": True}}, 5, 5, "refused"),
    ],
)
def test_the_exit_code_is_0_or_2_or_5_and_never_that_of_a_missing_key(
    fork: Stage, manifest: dict[str, object], detailed: int, plain: int, outcome: str
) -> None:
    fork.manifest(**manifest)
    assert offline(fork).code == plain
    ended = offline(fork, "--detailed-exitcode", "--format", "json")
    assert (ended.code, ended.document["outcome"]) == (detailed, outcome)
    assert ended.document["complete"] is False
    assert ended.document["digest"] is None
    assert ended.document["offline"]["baseline"] == "baseline.json"


def test_every_output_reports_that_live_was_not_read(fork: Stage) -> None:
    fork.manifest(web=NEW, api=OTHER, fresh="fresh.example.com")
    created_at = json.loads(fork.read("baseline.json"))["created_at"]
    for format_ in ("text", "markdown", "html", "github"):
        printed = offline(fork, "--format", format_).out
        assert "Live was not read." in printed
        assert created_at in printed
        assert "in the baseline" in printed
        assert "fresh" in printed
        assert "sha256:" not in printed.replace("sha256-", "")
        assert "expect-digest" not in printed
    assert offline(fork, "--format", "gitlab").out == "{}\n"


def test_an_unchanged_manifest_is_compared_with_the_baseline_and_not_called_in_sync(fork: Stage) -> None:
    for format_ in ("text", "markdown", "html"):
        printed = offline(fork, "--format", format_).out
        assert "baseline" in printed
        assert "in sync" not in printed.lower()


def test_the_step_outputs_have_no_digest_and_call_no_plan_unchanged(fork: Stage) -> None:
    fork.set("GITHUB_OUTPUT", str(fork.folder / "outputs"))
    offline(fork, "--format", "github")
    outputs = dict(line.split("=", 1) for line in fork.read("outputs").splitlines())
    assert (outputs["changes"], outputs["digest"], outputs["exit_code"]) == ("", "", "0")


def test_an_offline_plan_cannot_be_applied_saved_or_used_as_a_baseline(fork: Stage) -> None:
    fork.manifest(web=NEW, api=OTHER)
    fork.write("plan.json", offline(fork, "--format", "json").out)
    refused = fork.run("apply", "plan.json")
    assert refused.code == 65
    assert "offline" in refused.err
    assert (fork.live("web"), fork.live("api")) == (OLD, OTHER)
    assert fork.run("drift", "--baseline", "plan.json").code == 65
    assert fork.run("plan", "--offline", "--baseline", "plan.json").code == 65
    assert fork.run(*OFFLINE, "--out", "saved.json").code == 64
    assert not (fork.folder / "saved.json").exists()


def test_a_shown_offline_plan_is_still_offline(fork: Stage) -> None:
    fork.manifest(web=NEW, api=OTHER)
    fork.write("plan.json", offline(fork, "--format", "json").out)
    shown = fork.run("show", "plan.json")
    assert "Live was not read." in shown.out
    assert "1 to replace" in shown.out


@pytest.mark.parametrize("arguments", [("--offline",), ("--baseline", "baseline.json")])
def test_offline_and_baseline_need_each_other(fork: Stage, arguments: tuple[str, ...]) -> None:
    assert fork.run("plan", *arguments).code == 64


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "imgwire-reconciler/report", "format_version": "2.0"}'])
def test_an_unusable_baseline_is_refused(fork: Stage, text: str) -> None:
    fork.write("baseline.json", text)
    assert offline(fork).code == 65


def test_guards_count_offline(fork: Stage) -> None:
    fork.write("base.yaml", json.dumps({"version": 1, "environments": {"web": {"hostname": OLD, "protect": True}}}))
    fork.manifest(web=NEW, api=OTHER)
    blocks = offline(fork, "--base", "base.yaml", "--format", "json").document["blocks"]
    assert [block["code"] for block in blocks] == ["protection_lifted_in_same_change"]
    blocks = offline(fork, "--max-interruptions", "0", "--format", "json").document["blocks"]
    assert [block["code"] for block in blocks] == ["too_many_interruptions"]


def test_a_selection_that_cuts_a_move_is_refused_offline(fork: Stage) -> None:
    fork.manifest(web=OTHER, api=OLD)
    blocks = offline(fork, "--env", "web", "--format", "json").document["blocks"]
    assert "selection_cuts_move" in [block["code"] for block in blocks]


def test_each_document_that_knows_live_is_a_baseline(stage: Stage) -> None:
    stage.environment("web", OLD, status=Status.CONNECTED)
    stage.manifest(web=OLD)
    for command in ("status", "plan", "verify", "drift"):
        stage.run(command, "--report", "json=baseline.json", *(("--no-dns",) if command == "verify" else ()))
        assert stage.run(*OFFLINE, "--detailed-exitcode").code == 0
    assert stage.run("apply", "--receipt", "baseline.json", "--auto-approve").code == 0
    assert stage.run(*OFFLINE, "--detailed-exitcode").code == 0
