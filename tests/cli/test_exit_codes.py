"""Every number that a command can end with, and what is told beside it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cli.stage import DOMAIN, TEST, key
from reconciler.emulator.auth import Account
from reconciler.emulator.faults import Kind
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"


@pytest.fixture
def web(stage: Stage) -> Stage:
    """One environment that must be replaced."""
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    return stage


@pytest.fixture
def fine(stage: Stage) -> Stage:
    """One environment that is as it should be."""
    stage.environment("web", OLD)
    stage.manifest(web=OLD)
    return stage


def test_0_when_there_is_nothing_to_do(fine: Stage) -> None:
    for command in ("plan", "status", "drift", "verify"):
        assert fine.run(command).code == 0
    assert fine.run("plan", "--detailed-exitcode").code == 0
    assert fine.run("apply").code == 0
    assert {method for method, path in fine.sent() if path == DOMAIN} == {"GET"}


def test_0_for_a_plan_with_changes(web: Stage) -> None:
    document = (ended := web.run("plan", "--format", "json")).document
    assert (ended.code, document["outcome"], document["reason"]) == (0, "changes", None)


def test_0_when_all_was_done(web: Stage) -> None:
    assert web.run("apply", "--auto-approve").code == 0
    assert web.live("web") == NEW
    assert web.run("plan", "--detailed-exitcode").code == 0


def test_1_when_the_api_refuses_for_good(stage: Stage) -> None:
    stage.environment("other", NEW)
    stage.environment("web")
    stage.manifest(web=NEW)
    document = (ended := stage.run("apply", "--auto-approve", "--format", "json")).document
    assert (ended.code, document["reason"]) == (1, "conflict")
    assert [step["state"] for step in document["steps"]] == ["failed", "skipped"]


def test_2_when_asked_for(web: Stage) -> None:
    assert web.run("plan", "--detailed-exitcode").code == 2
    assert web.run("drift").code == 2


def test_3_when_not_ready_yet(stage: Stage) -> None:
    stage.environment("web", NEW, status="PENDING", certificate_status="PENDING")
    stage.manifest(web=NEW)
    stage.world.switches = stage.world.switches.with_text("check", "never")
    document = (ended := stage.run("verify", "--format", "json")).document
    assert (ended.code, document["reason"]) == (3, "not_ready")
    assert document["environments"][0]["verdict"] == "waiting"


def test_3_when_there_is_nothing_to_verify_where_something_should_be(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web=NEW)
    document = (ended := stage.run("verify", "--format", "json")).document
    assert (ended.code, document["environments"][0]["verdict"]) == (3, "absent")


def test_4_when_a_fresh_check_fails_again(stage: Stage) -> None:
    stage.environment("web", NEW, status="FAILED", certificate_status="FAILING")
    stage.manifest(web=NEW)
    stage.world.switches = stage.world.switches.with_text("check", "fail")
    for command in (["verify"], ["apply", "--auto-approve"]):
        document = (ended := stage.run(*command, "--format", "json")).document
        assert (ended.code, document["reason"]) == (4, "stuck")


@pytest.mark.parametrize(
    ("options", "reason", "told"),
    [
        pytest.param([], "no_consent", "--expect-digest sha256:", id="nobody can be asked"),
        pytest.param(["--expect-digest", f"sha256:{0:064}"], "digest_differs", f"expected sha256:{0:064}", id="digest"),
        pytest.param(["--auto-approve", "--allow", "create"], "not_allowed", "--allow create,replace", id="--allow"),
        pytest.param(
            ["--auto-approve", "--max-interruptions", "0"],
            "too_many_interruptions",
            "--max-interruptions 1",
            id="interruptions",
        ),
    ],
)
def test_5_without_consent(web: Stage, options: list[str], reason: str, told: str) -> None:
    ended = web.run("apply", "--format", "json", *options)
    assert (ended.code, ended.document["reason"]) == (5, reason)
    assert told in ended.err
    assert [path for method, path in web.sent() if method != "GET"] == []


def test_5_where_a_domain_is_protected_until_it_is_unprotected(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.manifest(web={"hostname": NEW, "protect": True})
    document = (ended := stage.run("apply", "--auto-approve", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "protected")
    assert [block["override"] for block in document["blocks"]] == ["--unprotect web"]
    assert stage.run("apply", "--auto-approve", "--unprotect", "web").code == 0
    assert stage.live("web") == NEW


def test_5_where_the_key_opens_another_environment_than_the_pin(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.manifest(web={"hostname": NEW, "environment_id": "26f80c13-48bd-4bb9-866e-5e9392b11a6a"})
    for command in (["plan"], ["apply", "--auto-approve"], ["drift"], ["status"], ["dns", "show"], ["dns", "check"]):
        document = (ended := stage.run(*command, "--format", "json")).document
        assert (ended.code, document["reason"]) == (5, "wrong_environment")
        assert "but the manifest pins 26f80c13" in ended.err or command == ["plan"]
        text = stage.run(*command)
        assert "correct the key or `environment_id`" in text.err + text.out, command
    assert "Next: correct the key" in stage.run("status", "--format", "markdown").out
    assert stage.run("verify").code == 5
    assert {method for method, _ in stage.sent()} == {"GET"}
    assert stage.live("web") == OLD


def test_5_where_two_environments_have_one_key(stage: Stage) -> None:
    stage.environment("web", OLD)
    stage.set("IMGWIRE_API_KEY_BLOG", "sk_same")
    stage.set("IMGWIRE_API_KEY_WEB", "sk_same")
    stage.manifest(web=OLD, blog=NEW)
    document = (ended := stage.run("plan", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "shared_key")
    assert [(item["code"], item["message"]) for item in document["diagnostics"]] == [
        ("shared-key", document["message"])
    ]
    assert stage.run("plan").err.count("have the same key") == 1
    assert len(stage.run("plan", "--env", "web", "--format", "json").document["diagnostics"]) == 1
    assert stage.sent() == []


def test_6_when_a_write_was_done_and_not_all(stage: Stage) -> None:
    stage.environment("other", NEW)
    stage.environment("blog")
    stage.environment("web")
    stage.manifest(blog="blog.example.com", web=NEW)
    document = (ended := stage.run("apply", "--auto-approve", "--format", "json")).document
    assert (ended.code, document["reason"]) == (6, "conflict")
    assert stage.live("blog") == "blog.example.com"


def test_6_when_the_old_hostname_was_put_back(web: Stage) -> None:
    web.environment("other", NEW)
    document = (ended := web.run("apply", "--auto-approve", "--format", "json")).document
    assert (ended.code, [item["hostname"] for item in document["restored"]]) == (6, [OLD])
    assert web.live("web") == OLD


def test_6_with_what_serves_no_traffic_when_it_was_left(web: Stage) -> None:
    web.environment("other", NEW)
    document = (
        ended := web.run("apply", "--auto-approve", "--on-create-failure", "leave", "--format", "json")
    ).document
    assert (ended.code, [item["hostname"] for item in document["unserved"]]) == (6, [OLD])
    assert web.live("web") is None


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        pytest.param({"status": 401, "error_type": "InvalidTokenError"}, "unauthorized", id="401"),
        pytest.param({"status": 403, "error_type": "ResourceNotAuthorizedError"}, "unauthorized", id="403"),
        pytest.param({"status": 402, "error_type": "PaymentRequiredError"}, "payment_required", id="402"),
    ],
)
def test_7_when_the_key_or_the_plan_is_not_good_enough(web: Stage, trouble: dict[str, object], expected: str) -> None:
    web.fault(Kind.STATUS, times=None, **trouble)
    for command in ("plan", "drift", "status", "verify"):
        document = (ended := web.run(command, "--format", "json")).document
        assert ended.code == 7
        assert document["environments"][0]["error"]["kind"] == expected


def test_7_when_a_key_is_missing_beside_the_others(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web=NEW, blog="blog.example.com")
    document = (ended := stage.run("plan", "--format", "json")).document
    assert ended.code == 7
    assert [(item["name"], item["action"]) for item in document["environments"]] == [
        ("blog", "unreadable"),
        ("web", "create"),
    ]
    assert [item["code"] for item in document["diagnostics"]] == ["key-missing"]


def test_7_for_a_client_key_which_is_never_sent(stage: Stage) -> None:
    stage.set("IMGWIRE_API_KEY_WEB", "ck_anything")
    stage.manifest(web=NEW)
    document = (ended := stage.run("plan", "--format", "json")).document
    assert (ended.code, [item["code"] for item in document["diagnostics"]]) == (7, ["client-key"])
    assert stage.sent() == []


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        pytest.param(Kind.STATUS, {"status": 503}, id="5xx"),
        pytest.param(Kind.DROP_BEFORE, {}, id="dropped"),
        pytest.param(Kind.TRUNCATE, {}, id="broken off"),
        pytest.param(Kind.GARBAGE, {}, id="garbage"),
        pytest.param(Kind.REDIRECT, {}, id="redirect"),
        pytest.param(Kind.STATUS, {"status": 404, "body": "<h1>Not Found</h1>"}, id="a bare 404 is not absent"),
    ],
)
def test_8_when_live_is_unknown(web: Stage, kind: Kind, more: dict[str, object]) -> None:
    web.fault(kind, times=None, **more)
    document = (ended := web.run("plan", "--retries", "0", "--format", "json")).document
    assert (ended.code, document["complete"], document["reason"]) == (8, False, "unreadable")
    assert document["environments"][0]["action"] == "unreadable"


def test_8_when_nobody_answers_at_all(web: Stage) -> None:
    ended = web.run("plan", "--retries", "0", "--api-url", "http://127.0.0.1:9", "--format", "json")
    assert (ended.code, ended.document["environments"][0]["error"]["kind"]) == (8, "not_sent")


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["plan", "--no-such-option"], id="unknown option"),
        pytest.param(["plan", "--parallelism", "0"], id="out of range"),
        pytest.param(["plan", "--format", "xml"], id="unknown format"),
        pytest.param(["plan", "--report", "json"], id="a report without a file"),
        pytest.param(["plan", "--report", "junit=x"], id="a format of another command"),
        pytest.param(["verify", "--wait", "soon"], id="not a duration"),
        pytest.param(["apply", "--allow", "everything"], id="not a kind of change"),
        pytest.param(["apply", "plan.json", "--env", "web"], id="a plan file and a selection"),
        pytest.param(["plan", "--selector", "web"], id="half a selector"),
        pytest.param(["plan", "--api-url", "http://api.imgwire.dev"], id="plain http"),
        pytest.param(["plan", "--api-url", "ftp://api.imgwire.dev"], id="another scheme"),
        pytest.param(["dns"], id="half a command"),
        pytest.param(["dns", "dig"], id="no such subcommand"),
        pytest.param(["schema", "nothing"], id="no such schema"),
        pytest.param(["destroy"], id="no such command"),
        pytest.param(["--no-such-option"], id="unknown option before any command"),
    ],
)
def test_64_for_a_bad_command_line(web: Stage, arguments: list[str]) -> None:
    ended = web.run(*arguments)
    assert (ended.code, ended.out) == (64, "")
    assert ended.err
    assert web.sent() == []


def test_65_for_a_bad_manifest(web: Stage) -> None:
    web.write("imgwire.yaml", "version: 1\nenvironments:\n  web: example.com\n")
    for command in ("validate", "plan", "apply", "verify", "drift", "status"):
        document = (ended := web.run(command, "--format", "json")).document
        assert (ended.code, document["reason"]) == (65, "invalid_manifest")
        assert [item["code"] for item in document["diagnostics"]] == ["apex-hostname"]
    assert web.sent() == []


def test_a_manifest_given_as_a_plan_file_is_answered_with_the_option_for_it(web: Stage) -> None:
    ended = web.run("apply", "imgwire.yaml")
    assert (ended.code, ended.err.splitlines()[-1]) == (65, "hint: give a manifest with --file")


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not JSON"),
        pytest.param("[]", id="not a document"),
        pytest.param("{}", id="without anything"),
        pytest.param("[" * 100_000, id="too deep"),
        pytest.param('{"format": "imgwire-reconciler/plan", "format_version": "1.0"}', id="without a plan"),
    ],
)
def test_65_for_a_bad_plan_file(web: Stage, content: str) -> None:
    web.write("plan.json", content)
    document = (ended := web.run("apply", "plan.json", "--format", "json")).document
    assert (ended.code, document["reason"]) == (65, "invalid_plan_file")
    assert web.sent() == []


def test_65_for_a_plan_file_that_is_not_there(web: Stage) -> None:
    assert web.run("apply", "plan.json").code == 65


@pytest.mark.calm("asks once, so that trouble for ever takes no time")
def test_the_worst_of_many_wins(stage: Stage) -> None:
    stage.environment("dark")
    stage.environment("web", OLD)
    stage.manifest(dark="dark.example.com", locked="locked.example.com", web=NEW)
    stage.fault(Kind.STATUS, environment="dark", status=500, times=None)
    assert stage.run("plan", "--detailed-exitcode", "--retries", "0").code == 7
    stage.environment("locked")
    assert stage.run("plan", "--detailed-exitcode", "--retries", "0").code == 8
    assert stage.run("apply", "--auto-approve", "--retries", "0").code == 6
    assert stage.sent().count(("POST", TEST)) == 2


def test_verify_asks_nothing_of_environments_whose_keys_open_one_and_the_same(stage: Stage) -> None:
    one = stage.environment("one", "images.example.com", status="PENDING", certificate_status="PENDING")
    stage.world.auth.register([Account("two", Secret(key("two")), one)])
    stage.set("IMGWIRE_API_KEY_TWO", key("two"))
    stage.manifest(one="images.example.com", two="other.example.com")
    document = (ended := stage.run("verify", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "environment_shared")
    assert {method for method, _ in stage.sent()} == {"GET"}


@pytest.mark.parametrize("format_", ["sarif", "codeclimate", "rdjson"])
@pytest.mark.parametrize("arguments", [["--no-such-option"], ["-f", "nowhere.yaml"]], ids=["usage", "data"])
def test_a_validation_that_ends_early_is_a_document_of_its_format(
    stage: Stage, format_: str, arguments: list[str]
) -> None:
    ended = stage.run("validate", "--format", format_, *arguments)
    document = json.loads(ended.out)
    found = document["runs"][0]["results"] if format_ == "sarif" else document
    problems = found["diagnostics"] if format_ == "rdjson" else found
    assert (ended.code, len(problems)) == (64 if arguments[0] == "--no-such-option" else 65, 1)


@pytest.mark.parametrize("format_", ["html", "markdown", "junit", "prometheus"])
def test_drift_that_ends_early_is_a_document_of_its_format(stage: Stage, format_: str) -> None:
    ended = stage.run("drift", "--format", format_, "--no-such-option")
    assert (ended.code, "64" in ended.out or "No such option" in ended.out) == (64, True)


def test_verify_has_a_verdict_also_where_nothing_should_be(stage: Stage) -> None:
    stage.environment("empty")
    stage.environment("full", "images.example.com")
    stage.manifest(empty={"hostname": None}, full={"hostname": None})
    document = (ended := stage.run("verify", "--format", "json")).document
    assert (ended.code, [item["verdict"] for item in document["environments"]]) == (3, ["absent", "different"])
    stage.manifest(empty={"hostname": None})
    assert stage.run("verify").code == 0


def test_what_could_not_be_read_comes_before_a_refusal(stage: Stage) -> None:
    stage.environment("web", "old.example.com")
    stage.environment("blog")
    stage.fault(Kind.STATUS, status=400, method="GET", environment="blog", times=None)
    stage.manifest(web={"hostname": "new.example.com", "protect": True}, blog="blog.example.com")
    assert stage.run("apply", "--auto-approve").code == 8
    assert stage.run("verify").code == 8


def test_a_key_that_an_environment_left_out_has_too_is_refused(stage: Stage) -> None:
    stage.environment("web")
    stage.environment("blog")
    stage.set("IMGWIRE_API_KEY_BLOG", key("web"))
    stage.manifest(web="web.example.com", blog="blog.example.com")
    assert stage.run("apply", "--env", "web", "--auto-approve").code == 5
    assert stage.sent() == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["plan", "--parallelism", "0"], "'--parallelism': '0' is not a whole number from 1 to 256."),
        (["plan", "--parallelism", "many"], "'--parallelism': 'many' is not a whole number from 1 to 256."),
        (["emulator", "--chaos", "x"], "'--chaos': 'x' is not a number from 0 to 1."),
        (["apply", "--max-interruptions", "-1"], "'--max-interruptions': '-1' is not a whole number of at least 0."),
    ],
)
def test_a_number_out_of_range_is_refused_with_the_range_in_words(
    stage: Stage, arguments: list[str], message: str
) -> None:
    ended = stage.run(*arguments)
    assert (ended.code, ended.err.splitlines()[-1]) == (64, f"error: Invalid value for {message}")
