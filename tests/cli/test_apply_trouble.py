"""What `apply` does about trouble while it reads and writes, as a user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from samples import uid

from cli.stage import DOMAIN, key
from reconciler.emulator.auth import Account
from reconciler.emulator.faults import Kind
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
APPLY = ("apply", "--auto-approve", "--format", "json")


def writes(stage: Stage) -> list[str]:
    return [method for method, path in stage.sent() if path == DOMAIN and method != "GET"]


def test_5_when_every_domain_that_the_receipt_knows_is_absent(stage: Stage) -> None:
    for name in ("blog", "web"):
        stage.environment(name, f"{name}.example.com")
    stage.manifest(blog="blog.example.com", web="web.example.com")
    assert stage.run(*APPLY, "--receipt", "receipt.json").code == 0
    for name in ("blog", "web"):
        stage.world.domains.delete(uid(name))
    document = (ended := stage.run(*APPLY, "--receipt", "receipt.json")).document
    assert (ended.code, document["reason"], writes(stage)) == (5, "all_absent", [])
    assert stage.run(*APPLY, "--receipt", "receipt.json", "--believe-absent").code == 0
    assert (stage.live("blog"), stage.live("web")) == ("blog.example.com", "web.example.com")


@pytest.mark.parametrize(("status", "code"), [(401, 7), (500, 8)])
def test_a_hostname_does_not_move_to_an_environment_that_cannot_be_read(stage: Stage, status: int, code: int) -> None:
    stage.environment("blue", OLD)
    stage.environment("green")
    stage.manifest(blue=None, green=OLD)
    stage.fault(Kind.STATUS, status=status, environment="green", times=None)
    document = (ended := stage.run(*APPLY, "--retries", "0")).document
    assert (ended.code, document["reason"], writes(stage)) == (code, "move_target_unreadable", [])
    assert stage.live("blue") == OLD


@pytest.mark.parametrize(("status", "code"), [(401, 7), (500, 8)])
def test_a_saved_plan_needs_every_environment_it_changes_to_be_readable(stage: Stage, status: int, code: int) -> None:
    stage.environment("blog")
    stage.environment("web", OLD)
    stage.manifest(blog="blog.example.com", web=NEW)
    assert stage.run("plan", "--out", "plan.json").code == 0
    stage.fault(Kind.STATUS, status=status, method="GET", environment="blog", times=None)
    ended = stage.run("apply", "plan.json", "--retries", "0", "--format", "json")
    assert (ended.code, writes(stage), stage.live("web")) == (code, [], OLD)
    assert "`blog`" in ended.document["message"]


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize("kind", [Kind.DROP_AFTER, Kind.GARBAGE, Kind.TRUNCATE])
def test_a_write_whose_response_is_lost_is_done_when_a_read_shows_it(stage: Stage, kind: Kind) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    stage.fault(kind, method="POST", path=DOMAIN, act=True)
    document = stage.run(*APPLY).document
    assert (document["exit_code"], document["steps"][0]["state"], writes(stage)) == (0, "done", ["POST"])
    assert stage.live("web") == NEW


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize(
    "fault", [{"kind": Kind.DROP_BEFORE}, {"kind": Kind.STATUS, "status": 502}], ids=["lost", "502"]
)
def test_a_write_that_a_read_does_not_show_has_failed_and_is_not_sent_again(
    stage: Stage, fault: dict[str, Kind]
) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    stage.fault(**fault, method="POST", path=DOMAIN)
    document = stage.run(*APPLY).document
    assert (document["exit_code"], document["steps"][0]["state"], writes(stage)) == (8, "failed", ["POST"])
    assert stage.live("web") is None
    assert stage.run(*APPLY).code == 0


def test_6_when_it_is_not_known_whether_a_delete_was_done(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.manifest(web=None)
    stage.fault(Kind.DROP_AFTER, method="DELETE")
    stage.fault(
        Kind.STATUS, status=500, method="GET", nth=3, times=None
    )  # after the plan and the read before the delete
    document = stage.run(*APPLY, "--retries", "0", "--report", "json=r.json").document
    assert (document["exit_code"], document["steps"][0]["state"]) == (6, "failed")
    assert document["steps"][0]["error"]["kind"] == "unknown"
    shown = stage.run("show", "r.json").out
    assert "UNKNOWN  delete  web" in shown
    assert ("Applied: 1 unknown." in shown, "FAILED" in shown) == (True, False)
    stage.world.faults.clear()
    assert stage.run(*APPLY).code == 0
    assert stage.live("web") is None


def test_6_when_the_first_create_opens_another_environment_than_the_pin(stage: Stage) -> None:
    stage.environment("other")
    stage.world.auth.register([Account("web", Secret(key("web")), uid("other"))])
    stage.set("IMGWIRE_API_KEY_WEB", key("web"))
    stage.manifest(web={"hostname": NEW, "environment_id": uid("web")})
    document = stage.run(*APPLY).document
    assert (document["exit_code"], document["reason"]) == (6, "wrong_environment")
    assert (writes(stage), stage.live("other")) == (["POST", "DELETE"], None)


def test_a_saved_plan_reports_the_steps_of_an_earlier_run_as_done(stage: Stage) -> None:
    stage.environment("blog")
    stage.environment("web", OLD)
    stage.manifest(blog="blog.example.com", web=NEW)
    assert stage.run("plan", "--out", "plan.json").code == 0
    stage.fault(Kind.STATUS, status=400, error_type="SomeError", method="POST", path=DOMAIN, environment="blog")
    first = stage.run("apply", "plan.json", "--format", "json").document
    assert {step["id"]: step["state"] for step in first["steps"]}["create:blog"] == "failed"
    again = stage.run("apply", "plan.json", "--format", "json").document
    assert {step["state"] for step in again["steps"]} == {"done"}
    assert writes(stage).count("DELETE") == 1


def test_a_run_with_an_environment_that_could_not_be_read_ends_with_that(stage: Stage) -> None:
    stage.environment("blog")
    stage.environment("web", OLD)
    stage.fault(Kind.STATUS, environment="blog", status=401, error_type="InvalidTokenError", times=None)
    stage.manifest(blog="blog.example.com", web=NEW)
    ended = stage.run("apply", "--auto-approve")
    numbers, *_, hint, again = (line for line in ended.out.splitlines()[-5:] if line)
    assert ended.code == 6
    assert numbers == "Applied: 3 done. 1 of 2 environments could not be read."
    assert hint.startswith("hint: ")
    assert "`reconciler apply`" in again


def test_a_plan_that_only_checks_suggests_to_verify(stage: Stage) -> None:
    stage.environment("web", OLD, status="FAILED")
    stage.manifest(web=OLD)
    assert stage.run("plan").out.endswith("Next: run `reconciler verify`.\n")


def test_a_create_that_the_api_refuses_has_a_next_step(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    stage.fault(Kind.STATUS, status=422, method="POST", path=DOMAIN)
    ended = stage.run("apply", "--auto-approve")
    assert ended.code == 1
    assert "Next: correct the hostname of `web` in the manifest, then run apply again" in ended.out + ended.err
