"""From `plan --out` to `apply FILE`, with everything that can happen in between."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from samples import uid

from cli.stage import DOMAIN, key
from reconciler.emulator.faults import Kind
from reconciler.operations.saved_plan import discard

if TYPE_CHECKING:
    from collections.abc import Callable

    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"


@pytest.fixture
def saved(stage: Stage) -> Stage:
    """A saved plan that replaces one hostname and creates another."""
    stage.environment("blog")
    stage.environment("web", OLD)
    stage.manifest(blog="blog.example.com", web=NEW)
    assert stage.run("plan", "--out", "plan.json").code == 0
    stage.world.log.clear()
    return stage


def test_a_saved_plan_is_the_plan_that_was_printed(saved: Stage) -> None:
    printed = saved.run("plan", "--format", "json").document
    kept = json.loads(saved.read("plan.json"))
    assert {**kept, "created_at": "", "expires_at": ""} == {**printed, "created_at": "", "expires_at": ""}
    assert kept["digest"]


def test_the_last_line_of_a_plan_that_was_saved_names_its_file(saved: Stage) -> None:
    assert (
        saved.run("plan", "--out", "a plan.json").out.rstrip().endswith("Next: run `reconciler apply 'a plan.json'`.")
    )


@pytest.mark.parametrize("out", [("--out", "plan.json"), ("--out=plan.json",)], ids=" ".join)
def test_a_mistyped_plan_leaves_no_older_plan_to_apply(saved: Stage, out: tuple[str, ...]) -> None:
    assert saved.run("plan", *out, "--bogus").code == 64
    assert not (saved.folder / "plan.json").exists()
    saved.write("plan.json", "notes")
    assert saved.run("plan", *out, "--bogus").code == 64
    assert saved.read("plan.json") == "notes"


def test_the_report_has_the_selection_of_the_saved_plan(saved: Stage) -> None:
    assert saved.run("plan", "--env", "web", "--out", "p.json").code == 0
    ended = saved.run("apply", "p.json", "--format", "json")
    assert (ended.code, ended.document["source"]["selection"]) == (0, {"environments": ["web"], "selectors": []})


def test_a_delete_that_no_run_was_seen_to_do_is_a_warning(stage: Stage) -> None:
    """The key of another Environment without a custom domain reads the same."""
    stage.environment("web", "images.example.com")
    stage.environment("other", "other.example.com")
    stage.manifest(web=None, other="other.example.com")
    assert stage.run("plan", "--out", "plan.json").code == 0
    stage.environment("empty")
    stage.set("IMGWIRE_API_KEY_WEB", key("empty"))
    ended = stage.run("apply", "plan.json")
    assert ended.code == 0
    assert "`web`: no custom domain is there now" in ended.err


def test_a_saved_plan_is_applied_without_a_question(saved: Stage) -> None:
    document = saved.run("apply", "plan.json", "--format", "json").document
    assert [step["state"] for step in document["steps"]] == ["done"] * 5
    assert (saved.live("blog"), saved.live("web")) == ("blog.example.com", NEW)


def test_a_saved_plan_can_be_applied_again_and_does_nothing_twice(saved: Stage) -> None:
    assert saved.run("apply", "plan.json").code == 0
    saved.world.log.clear()
    assert saved.run("apply", "plan.json").code == 0
    assert {method for method, path in saved.sent() if path == DOMAIN} == {"GET"}


def test_a_saved_plan_that_is_applied_again_names_the_records_of_the_old_hostname_as_stale(saved: Stage) -> None:
    first = saved.run("apply", "plan.json")
    again = saved.run("apply", "plan.json")
    stale = [ended.out.partition("DNS records to remove:")[2].partition("\n\n")[0] for ended in (first, again)]
    assert stale[0].split() == [f"{OLD}.", "CNAME", f"_acme-challenge.{OLD}.", "CNAME"]
    assert stale[1] == stale[0]


def test_a_saved_replace_with_the_key_of_an_empty_environment_is_undone(saved: Stage) -> None:
    """The old hostname looks deleted there, and still serves elsewhere."""
    saved.environment("empty")
    saved.set("IMGWIRE_API_KEY_WEB", key("empty"))
    ended = saved.run("apply", "plan.json", "--format", "json")
    assert (ended.code, saved.live("web"), saved.live("empty")) == (6, OLD, None)
    assert "wrong_environment" in {step["error"]["kind"] for step in ended.document["steps"] if step["error"]}
    assert "to remove" not in ended.err
    states = {step["id"]: step["state"] for step in ended.document["steps"]}
    assert (states["delete:web"], ended.document["unserved"]) == ("not_started", [])


def test_a_saved_plan_that_is_done_names_what_is_to_be_published_and_does_nothing(saved: Stage) -> None:
    first = saved.run("apply", "plan.json", "--receipt", "r.json")
    again = saved.run("apply", "plan.json", "--receipt", "r.json")
    assert "Nothing to do: all 5 steps were done before this run." in again.out
    publish = [ended.out.partition("DNS records to publish:")[2].partition("\n\n")[0] for ended in (first, again)]
    assert publish[0] == publish[1] != ""
    assert publish[0] in saved.run("show", "r.json").out


def test_a_record_that_is_to_be_published_is_not_to_be_removed(stage: Stage) -> None:
    stage.environment("web", OLD, cname_record=NEW, dcv_cname_record=f"_acme-challenge.{NEW}")
    stage.manifest(web=NEW)
    ended = stage.run("apply", "--auto-approve", "--no-dns")
    assert ended.code == 0
    assert "DNS records to publish" in ended.out
    assert "to remove" not in ended.out


def test_a_saved_plan_finishes_what_a_failure_left(saved: Stage) -> None:
    saved.fault(Kind.STATUS, status=400, error_type="SomeError", method="POST", path=DOMAIN, environment="blog")
    assert saved.run("apply", "plan.json").code == 6
    assert (saved.live("blog"), saved.live("web")) == (None, NEW)
    assert saved.run("apply", "plan.json").code == 0
    assert saved.live("blog") == "blog.example.com"


def test_another_format_prints_the_plan_and_saves_it_all_the_same(saved: Stage) -> None:
    ended = saved.run("plan", "--out", "other.json", "--format", "markdown")
    assert "### Imgwire plan" in ended.out
    assert json.loads(saved.read("other.json"))["format"] == "imgwire-reconciler/plan"


def _recreated(stage: Stage) -> None:
    stage.world.domains.delete(uid("web"))
    stage.world.domains.create(uid("web"), OLD)


def _renamed(stage: Stage) -> None:
    stage.world.domains.delete(uid("web"))
    stage.world.domains.create(uid("web"), "other.example.com")


def _taken(stage: Stage) -> None:
    stage.world.domains.create(uid("blog"), "surprise.example.com")


def _other_wish(stage: Stage) -> None:
    stage.manifest(blog="blog.example.com", web="newer.example.com")


def _unlisted(stage: Stage) -> None:
    stage.manifest(blog="blog.example.com")


def _pinned(stage: Stage) -> None:
    stage.manifest(blog="blog.example.com", web={"hostname": NEW, "environment_id": uid("web")})


@pytest.mark.parametrize("change", [_recreated, _renamed, _taken, _other_wish, _unlisted, _pinned])
def test_a_stale_plan_is_refused_with_the_difference_and_nothing_is_written(
    saved: Stage, change: Callable[[Stage], None]
) -> None:
    change(saved)
    ended = saved.run("apply", "plan.json", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (5, "stale_plan")
    (block,) = ended.document["blocks"]
    assert block["environment"] in {"blog", "web"}
    assert block["message"] in ended.document["message"]
    assert block["message"] in ended.err
    assert {method for method, _ in saved.sent()} <= {"GET"}


def test_an_expired_plan_is_refused(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    assert stage.run("plan", "--out", "plan.json").code == 0
    plan = json.loads(stage.read("plan.json"))
    stage.write("plan.json", json.dumps({**plan, "expires_at": "2026-01-01T00:00:00Z"}))
    document = (ended := stage.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "expired_plan")


def test_a_plan_for_another_api_is_refused(saved: Stage) -> None:
    document = (
        ended := saved.run("apply", "plan.json", "--api-url", "http://localhost:9", "--format", "json")
    ).document
    assert (ended.code, document["reason"]) == (5, "other_api_url")


def _edited(stage: Stage, edit: Callable[[dict[str, Any]], None]) -> int:
    plan = json.loads(stage.read("plan.json"))
    edit(plan)
    stage.write("plan.json", json.dumps(plan))
    return stage.run("apply", "plan.json").code


def test_an_edited_plan_is_refused(saved: Stage) -> None:
    assert _edited(saved, lambda plan: plan["steps"][0].update(hostname="evil.example.com")) == 65
    assert _edited(saved, lambda plan: plan.update(digest="sha256:" + "0" * 64)) == 65
    assert saved.sent() == []


def test_a_plan_of_a_later_format_is_refused_by_its_name(saved: Stage) -> None:
    assert _edited(saved, lambda plan: plan.update(format_version="2.0")) == 5


def test_a_receipt_is_no_plan(saved: Stage) -> None:
    assert saved.run("apply", "plan.json", "--receipt", "receipt.json").code == 0
    assert saved.run("apply", "receipt.json").code == 5


def test_a_plan_does_not_take_the_place_of_a_receipt(saved: Stage) -> None:
    """Neither its file nor, where none is saved, the removal of an older one."""
    assert saved.run("apply", "plan.json", "--receipt", "receipt.json").code == 0
    before = (saved.folder / "receipt.json").read_bytes()
    assert saved.run("plan", "--out", "receipt.json").code == 64
    saved.manifest(blog="example.com")
    assert saved.run("plan", "--out", "receipt.json").code == 65
    assert (saved.folder / "receipt.json").read_bytes() == before


def test_a_plan_of_a_run_that_failed_cannot_be_applied(saved: Stage) -> None:
    saved.write("imgwire.yaml", "version: 2")
    assert saved.run("plan", "--report", "json=failed.json").code == 65
    assert saved.run("apply", "failed.json").code == 65


def test_protection_that_was_added_after_the_plan_holds(saved: Stage) -> None:
    saved.manifest(blog="blog.example.com", web={"hostname": NEW, "protect": True})
    document = (ended := saved.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "protected")
    assert saved.run("apply", "plan.json", "--unprotect", "web").code == 0


def test_the_digest_of_a_plan_approves_exactly_that_plan(saved: Stage) -> None:
    digest = json.loads(saved.read("plan.json"))["digest"]
    _recreated(saved)
    assert saved.run("apply", "--expect-digest", digest).code == 5
    fresh = saved.run("plan", "--format", "json").document["digest"]
    assert saved.run("apply", "--expect-digest", fresh).code == 0
    assert saved.live("web") == NEW


def test_a_plan_file_never_chooses_the_manifest(saved: Stage) -> None:
    """Its paths are for people. The manifest is that of `-f`, else imgwire.yaml."""
    text = saved.read("imgwire.yaml")
    other = text.replace(NEW, "other.example.com")
    saved.write("other.yaml", other)
    plan = json.loads(saved.read("plan.json"))
    plan["source"]["files"][0]["path"] = "other.yaml"
    saved.write("plan.json", json.dumps(plan))
    assert saved.run("apply", "plan.json", "-f", "other.yaml", "--format", "json").document["reason"] == "stale_plan"
    assert saved.run("apply", "plan.json").code == 0
    assert saved.live("web") == NEW


def test_a_receipt_tells_what_was_done_and_fits_its_schema(saved: Stage) -> None:
    ended = saved.run("apply", "plan.json", "--receipt", "receipt.json", "--format", "json")
    assert json.loads(saved.read("receipt.json")) == {
        **ended.document,
        "created_at": json.loads(saved.read("receipt.json"))["created_at"],
    }


def test_without_a_place_for_the_receipt_nothing_is_applied(saved: Stage) -> None:
    ended = saved.run("apply", "plan.json", "--receipt", "nowhere/receipt.json")
    assert (ended.code, saved.live("web")) == (1, OLD)
    assert "nothing was applied" in ended.err


def test_a_plan_that_cannot_be_saved_is_an_error(saved: Stage) -> None:
    ended = saved.run("plan", "--out", "nowhere/plan.json")
    assert ended.code == 1
    assert "could not save the plan to nowhere/plan.json: No such file or directory" in ended.err


def test_nothing_of_a_saved_plan_is_done_while_one_of_its_environments_cannot_be_read(saved: Stage) -> None:
    saved.fault(Kind.STATUS, status=400, method="GET", environment="blog")
    document = (ended := saved.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"], saved.live("web")) == (8, "unreadable", OLD)
    assert "`blog` could not be read" in ended.err
    assert {method for method, _ in saved.sent()} == {"GET"}


def test_a_saved_plan_that_cannot_be_continued_reports_what_an_earlier_run_took_offline(stage: Stage) -> None:
    for name in ("web", "app"):
        stage.environment(name, f"old-{name}.example.com")
    stage.manifest(web=NEW, app="new-app.example.com")
    assert stage.run("plan", "--out", "plan.json", "--max-interruptions", "2").code == 0
    stage.world.domains.delete(uid("web"))  # as a kill between delete and create leaves it
    stage.fault(Kind.STATUS, status=503, environment="app", times=None)
    ended = stage.run("apply", "plan.json", "--max-interruptions", "2", "--retries", "0", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (8, "unreadable")
    assert [(item["hostname"], item["environment"]) for item in ended.document["unserved"]] == [
        ("old-web.example.com", "web")
    ]
    text = stage.run("apply", "plan.json", "--max-interruptions", "2", "--retries", "0")
    assert "Serves no traffic now:\n  old-web.example.com, since delete web\n" in text.err
    assert (stage.live("web"), stage.live("app")) == (None, "old-app.example.com")
    repaired = stage.run("apply", "--auto-approve", "--max-interruptions", "2")
    assert (repaired.code, stage.live("web"), stage.live("app")) == (6, NEW, "old-app.example.com")


def test_the_receipt_of_a_saved_plan_tells_of_every_environment_of_the_plan(stage: Stage) -> None:
    stage.environment("idle", "idle.example.com")
    stage.environment("web", OLD)
    stage.manifest(idle="idle.example.com", web=NEW)
    assert stage.run("plan", "--out", "plan.json").code == 0
    stage.change("idle", status="FAILED")  # there is no step for this one, so it is told of and left alone
    assert stage.run("apply", "plan.json", "--receipt", "receipt.json").code == 0
    told = {
        item["name"]: (item["action"], item["reason"])
        for item in json.loads(stage.read("receipt.json"))["environments"]
    }
    assert told == {"idle": ("none", "not_in_plan"), "web": ("replace", "hostname_differs")}
    assert stage.run("drift", "--baseline", "receipt.json").err == ""


def test_the_line_that_follows_a_saved_plan_can_be_pasted(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.manifest(web={"hostname": NEW, "protect": True})
    ended = stage.run("plan", "--out", "plan.json", "--unprotect", "web", "--api-url", stage.url)
    line = ended.out.split("Next: run `")[1].split("`")[0]
    assert line == f"reconciler apply plan.json --api-url {stage.url} --unprotect web"
    assert stage.run(*line.split()[1:]).code == 0
    assert stage.live("web") == NEW


def test_a_plan_for_which_nothing_could_be_read_is_not_reported_as_in_sync(saved: Stage) -> None:
    saved.fault(Kind.STATUS, method="GET", status=503, times=None)
    assert saved.run("plan", "--out", "plan.json", "--retries", "0").code == 8
    saved.world.faults.clear()
    ended = saved.run("apply", "plan.json")
    assert (ended.code, "In sync" in ended.out) == (0, False)
    assert "it has no steps for 2 of 2 environments" in ended.out
    assert saved.run("apply", "plan.json", "--format", "json").document["reason"] is None


def test_an_open_descriptor_is_not_read_for_an_older_plan(saved: Stage) -> None:
    """A pipe would be read until it ends, and its reader would miss what was in it."""
    read, write = os.pipe()
    os.write(write, saved.read("plan.json").encode())
    os.close(write)
    discard(f"/dev/fd/{read}", anything=False)
    assert os.read(read, 1) == b"{"
    os.close(read)
