"""Drift on a schedule: against a baseline, with health, for dashboards and workflows."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from samples import uid

from cli.stage import DOMAIN
from reconciler.emulator.faults import Kind

if TYPE_CHECKING:
    from cli.stage import Stage

HOST, NEW = "web.example.com", "new.example.com"


@pytest.fixture
def web(stage: Stage) -> Stage:
    """One environment that is as it should be, and a receipt that says so."""
    stage.environment("web")
    stage.manifest(web=HOST)
    assert stage.run("apply", "--auto-approve", "--receipt", "receipt.json").code == 0
    stage.world.log.clear()
    return stage


def found(stage: Stage, *arguments: str) -> tuple[int, list[tuple[str, str | None, bool]]]:
    ended = stage.run("drift", "--format", "json", *arguments)
    return ended.code, [(item["kind"], item["cause"], item["counts"]) for item in ended.document["findings"]]


def replaced(stage: Stage, hostname: str) -> None:
    """Somebody else deletes the custom domain and creates another one."""
    environment_id = uid("web")
    stage.world.domains.delete(environment_id)
    stage.world.domains.create(environment_id, hostname)
    stage.world.domains.test_connection(environment_id)


def test_a_receipt_serves_as_baseline_and_only_get_is_sent(web: Stage) -> None:
    assert found(web, "--baseline", "receipt.json") == (0, [])
    web.manifest(web=NEW)
    assert found(web, "--baseline", "receipt.json") == (2, [("hostname_differs", "not_applied", True)])
    assert found(web) == (2, [("hostname_differs", None, True)])
    assert set(web.sent()) == {("GET", DOMAIN)}


def test_a_drift_document_serves_as_the_next_baseline_and_keeps_the_cause(web: Stage) -> None:
    replaced(web, NEW)
    expected = (2, [("hostname_differs", "changed_outside", True)])
    assert found(web, "--baseline", "receipt.json", "--report", "json=first.json") == expected
    assert found(web, "--baseline", "first.json", "--report", "json=second.json") == expected
    first, second = (json.loads(web.read(name))["findings"] for name in ("first.json", "second.json"))
    assert first == second


def test_a_domain_that_was_recreated_is_drift(web: Stage) -> None:
    replaced(web, HOST)
    code, kinds = found(web, "--baseline", "receipt.json")
    assert code == 2
    assert ("recreated", "changed_outside", True) in kinds
    assert found(web) == (0, [])


def test_the_baseline_of_a_repair_is_renewed_with_the_command_shown(web: Stage) -> None:
    web.write("blue.yaml", web.read("imgwire.yaml"))
    replaced(web, HOST)
    ended = web.run("drift", "-f", "blue.yaml", "--env", "web", "--baseline", "receipt.json")
    renewal = "reconciler apply -f blue.yaml --receipt receipt.json"
    assert f"renew the baseline with `{renewal}`" in " ".join(ended.out.split())
    assert web.run(*renewal.split()[1:]).code == 0
    assert found(web, "--baseline", "receipt.json") == (0, [])


def test_health_is_told_with_a_baseline_and_counts_when_asked_for(web: Stage) -> None:
    web.change("web", status="FAILED")
    assert web.run("plan", "--out", "now.json").code == 0
    replaced_by = json.loads(web.read("now.json"))
    replaced_by["environments"][0]["live"]["status"] = "CONNECTED"
    web.write("before.json", json.dumps(replaced_by))
    assert found(web) == (0, [])
    assert found(web, "--health") == (2, [("health_regressed", None, True)])
    assert found(web, "--baseline", "before.json") == (0, [("health_regressed", "changed_outside", False)])
    assert found(web, "--baseline", "before.json", "--health") == (2, [("health_regressed", "changed_outside", True)])


def test_what_cannot_be_read_is_never_in_order_nor_drift(web: Stage) -> None:
    web.manifest(web=NEW)
    web.fault(Kind.STATUS, status=503)
    code, kinds = found(web, "--retries", "0", "--baseline", "receipt.json", "--health")
    assert (code, kinds) == (8, [])
    web.fault(Kind.STATUS, status=503)
    ended = web.run("drift", "--retries", "0", "--baseline", "receipt.json", "--health")
    assert "run `reconciler drift --baseline receipt.json --health` again" in ended.out


def test_an_environment_that_the_baseline_does_not_know_is_named(web: Stage) -> None:
    web.environment("late", "late.example.com")
    web.manifest(web=HOST, late="later.example.com")
    ended = web.run("drift", "--baseline", "receipt.json")
    assert (ended.code, ended.err) == (2, "warning: the baseline does not show what was live in `late`\n")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "the baseline b.json cannot be read: No such file or directory"),
        ("version: 1", "the baseline b.json is not JSON"),
        ("[" * 100_000, "the baseline b.json is not JSON"),
        ("[]", "the baseline b.json is neither a report nor a plan of this tool"),
        (
            '{"format": "imgwire-reconciler/report", "format_version": "9.0"}',
            "the baseline b.json was written by another version of this tool",
        ),
    ],
)
def test_65_for_what_is_no_baseline_and_nothing_is_asked(web: Stage, content: str | None, why: str) -> None:
    if content is not None:
        web.write("b.json", content)
    document = (ended := web.run("drift", "--baseline", "b.json", "--format", "json")).document
    assert (ended.code, document["reason"], document["message"]) == (65, "invalid_baseline", why)
    assert web.sent() == []


def test_5_for_a_key_of_another_environment(web: Stage) -> None:
    web.manifest(web={"hostname": NEW, "environment_id": "00000000-0000-4000-8000-000000000000"})
    document = (ended := web.run("drift", "--format", "json")).document
    assert (ended.code, document["reason"], document["findings"]) == (5, "wrong_environment", [])


def test_the_page_shows_since_when_something_has_drifted(web: Stage) -> None:
    web.manifest(web=NEW)
    (web.folder / "reports").mkdir()
    assert web.run("drift", "--report", "json=reports/1.json").code == 2
    (before,) = [json.loads(web.read("reports/1.json"))]
    web.write("reports/1.json", json.dumps({**before, "created_at": "2026-11-20T01:00:00Z"}))
    web.write("reports/broken.json", "{")
    web.write("reports/plan.json", json.dumps({"format": "imgwire-reconciler/plan"}))
    web.write("reports/elsewhere.json", json.dumps({**before, "source": {"api_url": "https://other.example"}}))
    web.write("reports/forged.json", json.dumps({**before, "created_at": "<b>"}))
    web.write("reports/bare.json", "[" * 100_000)
    web.write("reports/later.json", json.dumps({**before, "format_version": "2.0"}))
    os.mkfifo(web.folder / "reports" / "pipe.json")
    ended = web.run("drift", "--format", "html", "--history", "reports")
    assert ended.code == 2
    assert "Since 2026-11-20 01:00 UTC." in ended.out
    for name in ("broken", "plan", "elsewhere", "forged", "bare", "later"):
        assert f"Skipped reports/{name}.json: it is not a drift report of this API" in ended.err
        assert f"<code>reports/{name}.json</code>" in ended.out
    assert "Skipped reports/pipe.json: it is a named pipe (FIFO)" in ended.err


def test_the_newest_earlier_reports_are_read_up_to_a_limit(web: Stage) -> None:
    web.manifest(web=NEW)
    (web.folder / "reports").mkdir()
    assert web.run("drift", "--report", "json=report.json").code == 2
    before = json.loads(web.read("report.json"))
    for day in range(70):
        moment = f"2026-{day // 28 + 1:02}-{day % 28 + 1:02}T01:00:00Z"
        web.write(f"reports/{moment}.json", json.dumps({**before, "created_at": moment}))
    ended = web.run("drift", "--format", "html", "--history", "reports")
    assert "Since 2026-02-13 01:00 UTC." in ended.out
    assert ended.out.count('<th scope="col">') == 1 + 30 + 1


@pytest.mark.parametrize(
    ("options", "code"), [(["--history", "."], 64), (["--format", "html", "--history", "none"], 65)]
)
def test_a_history_needs_a_page_and_a_folder(web: Stage, options: list[str], code: int) -> None:
    assert web.run("drift", *options).code == code


@pytest.mark.parametrize(("key", "code"), [("web-eu.1", 2), ("a--b", 64), ("-x", 64), ("x y", 64), ("a" * 65, 64)])
def test_a_comment_key_is_part_of_the_marker(web: Stage, key: str, code: int) -> None:
    web.manifest(web=NEW)
    ended = web.run("drift", "--format", "markdown", f"--comment-key={key}")
    assert ended.code == code
    assert ended.out.startswith(f"<!-- imgwire-reconciler:drift:{key} -->\n") == (code == 2)


def test_each_format_can_be_written_beside_the_text(web: Stage) -> None:
    web.manifest(web=NEW)
    formats = ("json", "markdown", "junit", "prometheus", "github", "html")
    reports = [word for name in formats for word in ("--report", f"{name}=out.{name}")]
    assert web.run("drift", *reports).code == 2
    for name in formats:
        words = "different" if name in {"html", "markdown"} else "hostname_differs"
        assert words in web.read(f"out.{name}")


def test_a_suggested_command_stays_with_the_emulator(stage: Stage) -> None:
    stage.manifest(web="web.example.com")
    ended = stage.run("drift", "--emulator", "--report", "html=drift.html")
    assert "run `reconciler plan --emulator`, then apply." in ended.out
    assert "reconciler apply --env web --emulator<" in stage.read("drift.html")


def test_when_all_known_domains_are_absent_the_keys_are_doubted_first(web: Stage) -> None:
    web.environment("app")
    web.manifest(web=HOST, app="app.example.com")
    assert web.run("apply", "--auto-approve", "--receipt", "receipt.json").code == 0
    doubt = "Check the keys and the API URL first: all known custom domains are absent, as with wrong ones."
    web.world.domains.delete(uid("web"))
    assert doubt not in web.run("drift", "--baseline", "receipt.json").out
    web.world.domains.delete(uid("app"))
    assert doubt in web.run("drift", "--baseline", "receipt.json").out
