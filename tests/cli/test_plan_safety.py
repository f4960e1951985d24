"""A plan file approves what was reviewed, and nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from cli.stage import key
from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
DIGEST = f"sha256:{0:064}"


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    return stage


def saved(stage: Stage) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(stage.read("plan.json"))
    return document


def writes(stage: Stage) -> list[str]:
    return [method for method, _ in stage.sent() if method != "GET"]


def test_half_of_a_move_is_not_saved_and_removes_the_older_plan(stage: Stage) -> None:
    stage.environment("a", OLD)
    stage.environment("b", None)
    stage.manifest(a=None, b=OLD)
    stage.write("plan.json", "{}")
    ended = stage.run("plan", "--env", "a", "--out", "plan.json")
    assert (ended.code, (stage.folder / "plan.json").exists()) == (5, False)
    assert "To apply" not in ended.err


def test_a_plan_becomes_half_of_a_move_when_the_manifest_grows(stage: Stage) -> None:
    stage.environment("a", OLD)
    stage.environment("b", None)
    stage.manifest(a=None)
    assert stage.run("plan", "--out", "plan.json").code == 0
    stage.manifest(a=None, b=OLD)
    document = (ended := stage.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"], writes(stage)) == (5, "selection_cuts_move", [])
    assert stage.live("a") == OLD


def test_a_blocked_plan_is_saved_but_not_advertised_and_can_be_unblocked(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.manifest(web={"hostname": NEW, "protect": True})
    ended = stage.run("plan", "--out", "plan.json", "--detailed-exitcode")
    assert (ended.code, "To apply" in ended.err) == (5, False)
    assert stage.run("apply", "plan.json").code == 5
    assert stage.run("apply", "plan.json", "--unprotect", "web").code == 0
    assert stage.live("web") == NEW


def test_an_invalid_manifest_removes_the_older_plan_and_nothing_else(web: Stage) -> None:
    assert web.run("plan", "--out", "plan.json").code == 0
    web.write("imgwire.yaml", "version: 2\n")
    assert web.run("plan", "--out", "plan.json").code == 65
    assert not (web.folder / "plan.json").exists()
    web.write("conf/a.yaml", "version: 2\n")
    assert web.run("plan", "-f", "conf", "--out", "conf/a.yaml").code == 64
    assert web.run("plan", "--out", "imgwire.yaml").code == 64
    assert web.read("imgwire.yaml") == web.read("conf/a.yaml") == "version: 2\n"


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"api_key": {"env": "IMGWIRE_OTHER"}}, id="another variable"),
        pytest.param({"api_key": {"file": "key"}}, id="a file"),
        pytest.param(
            {"environment_id": "26f80c13-48bd-4bb9-866e-5e9392b11a6a", "send_environment_id": True}, id="another pin"
        ),
    ],
)
def test_a_saved_plan_is_refused_when_its_writes_would_land_elsewhere(
    web: Stage, entry: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> None:
    digest = web.run("plan", "--out", "plan.json", "--format", "json").document["digest"]
    web.set("IMGWIRE_OTHER", key("web"))
    if "file" in entry.get("api_key", {}):
        path = tmp_path_factory.mktemp("keys") / "web"
        path.write_text(key("web"), encoding="utf-8")
        entry = {"api_key": {"file": str(path)}}
    web.manifest(web={"hostname": NEW, **entry})
    document = (ended := web.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"], document["steps"], writes(web)) == (5, "stale_plan", [], [])
    assert web.run("apply", "--expect-digest", digest).code in {5, 7}
    assert writes(web) == []


def test_an_expiry_cannot_be_extended(web: Stage) -> None:
    assert web.run("plan", "--out", "plan.json").code == 0
    web.write("plan.json", json.dumps({**saved(web), "expires_at": "2999-01-01T00:00:00Z"}))
    assert web.run("apply", "plan.json").code == 65
    web.write("plan.json", json.dumps({**saved(web), "created_at": "2998-12-31T00:00:00Z"}))
    document = (ended := web.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "created_in_the_future")
    assert writes(web) == []


@pytest.mark.parametrize("duration", ["0s", "24", "0"])
def test_an_expiry_needs_a_unit_and_at_least_a_second(web: Stage, duration: str) -> None:
    assert web.run("plan", "--expires-in", duration).code == 64


def test_a_later_minor_version_with_more_fields_is_read(web: Stage) -> None:
    assert web.run("plan", "--out", "plan.json").code == 0
    plan = saved(web)
    plan["environments"][0]["new"] = plan["new"] = 1
    web.write("plan.json", json.dumps({**plan, "format_version": "1.7"}))
    assert web.run("apply", "plan.json").code == 0


def test_a_plan_with_too_many_steps_is_refused_by_size(web: Stage) -> None:
    assert web.run("plan", "--out", "plan.json").code == 0
    plan = saved(web)
    web.write("plan.json", json.dumps({**plan, "steps": plan["steps"] * 50_000}))
    document = (ended := web.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"]) == (65, "invalid_plan_file")
    assert "a plan has at most 60,000" in document["message"]


def test_a_stale_plan_shows_the_difference_and_no_fresh_plan(web: Stage) -> None:
    digest = web.run("plan", "--out", "plan.json", "--format", "json").document["digest"]
    web.change("web", hostname="taken.example.com")
    ended = web.run("apply", "plan.json")
    assert ended.code == 5
    assert ended.err.startswith("Saved plan (stale): 1 difference.\n\nerror: ")
    assert ended.err.count(f"hostname: {OLD} -> taken.example.com") == 1
    assert "Run `reconciler plan` again" in ended.err
    assert "Plan:" not in ended.err
    assert digest not in ended.err
    assert writes(web) == []


def test_a_stale_plan_names_the_command_that_saves_a_new_one_in_its_place(web: Stage) -> None:
    assert web.run("plan", "--env", "web", "--out", "my plan.json").code == 0
    web.manifest(web=None)
    ended = web.run("apply", "my plan.json", "--unprotect", "web")
    assert "the manifest has changed for `web` since the plan was saved: hostname: " in ended.err
    assert ended.err.endswith("reconciler plan --out 'my plan.json' --unprotect web --env web`\n")
    web.manifest(other=None)
    ended = web.run("apply", "my plan.json")
    assert "the manifest no longer lists `web`, which the saved plan changes" in ended.err
    assert ended.err.endswith("reconciler plan --out 'my plan.json'`\n")


def test_a_plan_that_cannot_be_saved_is_shown_above_the_error(web: Stage) -> None:
    ended = web.run("plan", "--out", "no-folder/plan.json")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("  ~ web\n")
    assert (
        "\n\nerror: could not save the plan to no-folder/plan.json: No such file or directory\nhint: name a file"
        in ended.err
    )


def test_the_cause_of_an_unreadable_environment_is_reported(web: Stage) -> None:
    assert web.run("plan", "--out", "plan.json").code == 0
    web.fault(Kind.STATUS, status=401)
    ended = web.run("apply", "plan.json")
    assert ended.code == 7
    assert "`web` could not be read: GET /api/v1/custom_domain/: 401" in ended.err
    assert "Server API Key" in ended.err


def test_a_step_counts_as_done_only_if_live_shows_it(web: Stage) -> None:
    """The manifest no longer lists what the saved plan deletes; live still has it."""
    web.manifest(web=None)
    assert web.run("plan", "--out", "plan.json").code == 0
    plan = saved(web)
    plan["steps"].append(
        {
            "id": "verify:web",
            "op": "verify",
            "environment": "web",
            "hostname": NEW,
            "after": [],
            "precondition": {"environment_id": None, "id": None, "hostname": NEW},
        }
    )
    web.write("plan.json", json.dumps(plan))
    document = (ended := web.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"], writes(web)) == (5, "stale_plan", [])


def test_an_expected_digest_succeeds_again_when_in_sync(web: Stage) -> None:
    digest = web.run("plan", "--format", "json").document["digest"]
    assert web.run("apply", "--expect-digest", digest).code == 0
    assert web.run("apply", "--expect-digest", digest).code == 0
    ended = web.run("plan")
    assert "Digest: sha256:" in ended.out


def test_an_expected_digest_is_compared_with_a_plan_file(web: Stage) -> None:
    digest = web.run("plan", "--out", "plan.json", "--format", "json").document["digest"]
    document = (ended := web.run("apply", "plan.json", "--expect-digest", DIGEST, "--format", "json")).document
    assert (ended.code, document["reason"], writes(web)) == (5, "digest_differs", [])
    web.write("digest.txt", f"{digest}\n")
    assert web.run("apply", "plan.json", "--expect-digest", "@digest.txt").code == 0


@pytest.mark.parametrize("digest", ["", "sha256:", "sha256:abc", f"sha256:{'G' * 64}", "@missing.txt"])
def test_a_malformed_digest_is_a_usage_error(web: Stage, digest: str) -> None:
    assert web.run("apply", "--expect-digest", digest).code == 64
    assert writes(web) == []


@pytest.mark.parametrize("option", [["--env", "web"], ["--selector", "a=b"], ["--shard", "0/1"]], ids=" ".join)
def test_a_saved_plan_keeps_its_own_selection(web: Stage, option: list[str]) -> None:
    assert web.run("plan", "--out", "plan.json").code == 0
    assert web.run("apply", "plan.json", *option).code == 64


def test_a_changed_folder_of_a_mounted_manifest_does_not_make_a_plan_stale(web: Stage, tmp_path: Path) -> None:
    """A ConfigMap is updated by renaming a folder behind a link. The path as given stays the same."""
    mounted = web.folder / "cfg"
    (mounted / "..1").mkdir(parents=True)
    (mounted / "..1" / "web.yaml").write_text(web.read("imgwire.yaml"), encoding="utf-8")
    (mounted / "..data").symlink_to("..1")
    (mounted / "web.yaml").symlink_to("..data/web.yaml")
    assert web.run("plan", "-f", "cfg", "--out", "plan.json").code == 0
    assert [file["path"] for file in saved(web)["source"]["files"]] == ["cfg/web.yaml"]
    (mounted / "..1").rename(mounted / "..2")
    (mounted / "..data").unlink()
    (mounted / "..data").symlink_to("..2")
    assert web.run("apply", "plan.json", "-f", "cfg").code == 0
