"""`show`: a document of an earlier run says again what the run said."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING

import pytest

from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from .stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
# No document has the health of a new one before its check.
NOT_SHOWN = re.compile(r"\bPENDING\b,?")


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web", OLD)
    stage.environment("blog")
    stage.manifest(web=NEW, blog="blog.example.com")
    return stage


def body(text: str) -> str:
    """What follows the headline."""
    return text.partition("\n\n")[2]


@pytest.mark.parametrize("format_", ["text", "markdown"])
@pytest.mark.parametrize(
    "command",
    [
        ["plan"],
        ["apply", "--auto-approve", "--no-dns"],
        ["status"],
        ["drift"],
        ["verify", "--no-dns"],
        ["validate"],
        ["plan", "--env", "nobody"],
        ["apply"],
    ],
    ids=" ".join,
)
def test_a_document_shows_what_its_run_printed(web: Stage, command: list[str], format_: str) -> None:
    reports = [] if command[0] == "validate" else ["--report", "markdown=d.md"]
    ended = web.run(*command, "--report", "json=d.json", *reports)
    shown = web.run("show", "d.json", "--format", format_)
    assert (shown.code, shown.err) == (0, "")
    headline = f"exit code {ended.code}"
    if format_ == "markdown":
        marker, _, title, rest = shown.out.split("\n", 3)
        assert headline in title
        assert not reports or f"{marker}\n{rest}" == web.read("d.md").replace(
            " --no-dns", ""
        )  # options are in no document
        return
    assert headline in shown.out.splitlines()[0]
    if ended.out:
        printed = (
            NOT_SHOWN.sub("", ended.out)
            .replace(" of at most 3", "")
            .replace(" --no-dns", "")
            .replace("run `reconciler apply`", "run `reconciler apply d.json`")
        )
        assert set(body(shown.out).split()) >= set(printed.split())


@pytest.mark.parametrize("format_", ["junit", "prometheus", "github", "html", "dotenv"])
def test_a_report_is_shown_in_the_formats_of_its_command(web: Stage, format_: str) -> None:
    command = "status" if format_ == "dotenv" else "drift"
    web.run(command, "--report", "json=d.json", "--report", f"{format_}=expected")
    ended = web.run("show", "d.json", "--format", format_)
    # The width of a place is not in a document.
    shown, expected = (re.sub(r",endColumn=\d+", "", text) for text in (ended.out, web.read("expected")))
    assert (ended.code, shown) == (0, expected)


def test_64_for_a_format_that_the_command_does_not_have(web: Stage) -> None:
    web.run("plan", "--out", "p.json")
    ended = web.run("show", "p.json", "--format", "junit")
    assert ended.code == 64
    assert "`plan`, which has no format junit" in ended.err


@pytest.mark.parametrize("format_", ["text", "markdown", "html"])
@pytest.mark.parametrize("command", ["doctor", "validate"])
def test_a_check_without_a_plan_is_shown_with_its_result(web: Stage, command: str, format_: str) -> None:
    printed = web.run(command, "--report", "json=d.json").out
    shown = web.run("show", "d.json", "--format", format_)
    assert (shown.code, shown.err) == (0, "")
    assert "failed" not in shown.out.lower()
    if format_ == "text":
        assert body(shown.out) == printed
    assert ("clock" if command == "doctor" else "Valid: 2 environments in 1 file.") in shown.out


def test_a_document_of_a_later_minor_version_is_shown(web: Stage) -> None:
    web.run("status", "--report", "json=d.json")
    before = web.run("show", "d.json").out
    document = json.loads(web.read("d.json")) | {"format_version": "1.1", "later": {}}
    document["environments"][1]["live"]["later"] = "x"
    web.write("d.json", json.dumps(document))
    shown = web.run("show", "d.json")
    assert (shown.code, shown.out) == (0, before)


def test_a_saved_plan_is_shown_as_it_is_in_json(web: Stage) -> None:
    assert web.run("plan", "--out", "p.json").code == 0
    assert web.run("show", "p.json", "--format", "json").out == web.read("p.json")


def test_an_expired_plan_is_shown_as_such_and_nothing_suggests_to_apply_it(web: Stage) -> None:
    assert web.run("plan", "--out", "plan.json", "--expires-in", "1s").code == 0
    time.sleep(1.1)
    out = web.run("show", "plan.json").out
    assert (", expired at " in out, "reconciler apply plan.json" in out) == (True, False)


def test_a_saved_plan_names_the_command_that_applies_it(web: Stage) -> None:
    assert web.run("plan", "--out", "p.json").code == 0
    assert "run `reconciler apply p.json`" in web.run("show", "p.json").out
    web.write("imgwire.yaml", f"version: 1\nenvironments:\n  web: {{hostname: {NEW}, protect: true}}\n")
    assert web.run("plan", "--unprotect", "web", "--out", "p.json").code == 0
    shown = web.run("show", "p.json").out
    assert "run `reconciler apply p.json --unprotect web`. Repeat --max-interruptions" in shown


def test_a_shown_receipt_names_the_command_that_goes_on_with_it(web: Stage) -> None:
    web.fault(Kind.STATUS, method="POST", status=422, times=None)
    assert web.run("apply", "--auto-approve", "--on-create-failure", "leave", "--receipt", "r.json").code != 0
    assert "`reconciler apply --receipt r.json`" in web.run("show", "r.json").out


def test_the_receipt_of_a_run_that_was_killed_is_shown_with_its_journal(web: Stage) -> None:
    assert web.run("apply", "--auto-approve", "--no-dns", "--receipt", "r.json").code == 0
    document = json.loads(web.read("r.json")) | {"outcome": "running", "exit_code": None}
    for step in document["steps"]:
        step["state"] = "not_started"
    document["environments"][0]["live"] = {
        **document["environments"][0]["live"],
        "later": "x",
    }  # of a later minor version
    web.write("r.json", json.dumps(document))
    header = {"format": "imgwire-reconciler/receipt-journal", "format_version": "1.0"}
    event = {
        "step": "delete:web",
        "state": "done",
        "error": None,
        "environment": "web",
        "live": None,
        "live_error": None,
    }
    web.write("r.json.journal", "".join(json.dumps(line) + "\n" for line in (header, event)) + '{"step"')
    shown = web.run("show", "r.json")
    assert shown.code == 0
    assert "running" in shown.out.splitlines()[0]
    assert f"{OLD}" in shown.out
    unfinished, next_ = "The run has not ended, or was killed", "\n\nNext: "
    assert 0 < shown.out.index(unfinished) < shown.out.index(next_)
    assert "The run has not ended, or was killed" in web.run("show", "r.json", "--format", "html").out
    merged = json.loads(web.run("show", "r.json", "--format", "json").out)
    assert merged["unserved"] == [{"hostname": OLD, "environment": "web", "since": "delete:web"}]
    assert next(step["state"] for step in merged["steps"] if step["id"] == "delete:web") == "done"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("version: 1", "is not JSON"),
        ("[]", "is neither a plan nor a report"),
        ('{"format": []}', "is neither a plan nor a report"),
        ('{"format": "imgwire-reconciler/plan", "format_version": "2.0"}', "was written by another version"),
        ('{"format": "imgwire-reconciler/report", "format_version": "1.0"}', "is damaged"),
        (None, "cannot be read: No such file or directory"),
    ],
)
def test_65_for_what_is_no_such_document(web: Stage, content: str | None, why: str) -> None:
    if content is not None:
        web.write("d.json", content)
    ended = web.run("show", "d.json", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (65, "invalid_document")
    assert f"d.json {why}" in ended.document["message"]
    assert "hint" in ended.err


def test_control_sequences_in_a_document_do_not_reach_the_terminal(web: Stage) -> None:
    assert web.run("apply", "--auto-approve", "--no-dns", "--receipt", "r.json").code == 0
    web.write("r.json", web.read("r.json").replace("blog.example.com", "\\u001b[31mblog\\n::error::x"))
    for format_ in ("text", "json", "markdown", "html"):
        shown = web.run("show", "r.json", "--format", format_)
        assert shown.code == 0
        assert "\x1b" not in shown.out
        assert not any(line.strip().startswith("::") for line in shown.out.splitlines())


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "junit", "json"])
@pytest.mark.parametrize("field", ["command", "environment", "fingerprint"])
def test_no_field_of_a_document_reaches_the_terminal_as_it_is(web: Stage, field: str, format_: str) -> None:
    assert web.run("drift", "--report", "json=d.json").code == 2
    document = json.loads(web.read("d.json"))
    place = document if field == "command" else document["findings"][0]
    place[field] = f"{place[field]}-->\x1b]0;owned\x07\n::error::x<img src=x>"
    web.write("d.json", json.dumps(document))
    shown = web.run("show", "d.json", "--format", format_)
    assert "\x1b" not in shown.out + shown.err
    assert not any(line.strip().startswith("::") for line in shown.out.splitlines())
    assert shown.code == (65 if field == "command" else 0)


@pytest.mark.parametrize("moment", ["x ##vso[task.setvariable variable=a]b", "2026-13-01T00:00:00Z"])
def test_a_document_without_a_time_is_damaged(web: Stage, moment: str) -> None:
    assert web.run("plan", "--out", "p.json").code == 0
    web.write("p.json", json.dumps(json.loads(web.read("p.json")) | {"created_at": moment}))
    ended = web.run("show", "p.json")
    assert (ended.code, "##vso[" in ended.err) == (65, False)


@pytest.mark.parametrize("number", [0, -1])
def test_a_step_whose_id_was_edited_makes_a_document_damaged(stage: Stage, number: int) -> None:
    stage.environment("web", "old.example.com")
    stage.manifest(web="new.example.com")
    assert stage.run("apply", "--auto-approve", "--receipt", "receipt.json").code == 0
    document = json.loads(stage.read("receipt.json"))
    document["steps"][number]["id"] = "other"
    stage.write("edited.json", json.dumps(document))
    for format_ in ("text", "markdown", "html", "json"):
        ended = stage.run("show", "edited.json", "--format", format_)
        assert ended.code == 65
        assert "the id of a step does not match its content" in ended.out + ended.err


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
@pytest.mark.parametrize("edit", [(NEW, "other.example.com"), ('"expires_in": 86400', '"expires_in": 3600')])
def test_show_refuses_an_edited_plan_with_the_reason_of_apply(web: Stage, edit: tuple[str, str], format_: str) -> None:
    assert web.run("plan", "--out", "p.json").code == 0
    web.write("edited.json", web.read("p.json").replace(*edit))
    shown = web.run("show", "edited.json", "--format", format_)
    refused = web.run("apply", "edited.json")
    reason = re.search("edited.json cannot be applied: .* after it was written", refused.err)
    assert (shown.code, refused.code) == (65, 65)
    assert reason is not None
    assert reason[0] in shown.out + shown.err
    assert "other.example.com" not in shown.out


@pytest.mark.parametrize(
    ("outcome", "reason", "code", "shown"),
    [
        ("stuck", "stuck", 4, "stuck, exit code 4"),
        ("waiting", "timeout", 3, "waiting, exit code 3 (timeout)"),
        ("changes", None, 0, "with changes, exit code 0"),
        ("changes", None, 2, "changes, exit code 2"),
    ],
)
def test_the_headline_has_each_word_once(web: Stage, outcome: str, reason: str | None, code: int, shown: str) -> None:
    web.run("verify", "--no-dns", "--report", "json=d.json")
    edit = {"outcome": outcome, "reason": reason, "exit_code": code}
    web.write("d.json", json.dumps(json.loads(web.read("d.json")) | edit))
    assert web.run("show", "d.json").out.splitlines()[0].partition("Z: ")[2] == shown
