"""Applying again what an earlier run has begun or finished: its own deletes are not suspicious, anything else is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from samples import uid

from reconciler.emulator.faults import Kind
from reconciler.operations.receipt import read_receipt

if TYPE_CHECKING:
    from .stage import Stage

A, B = "a.example.com", "b.example.com"


def delete(stage: Stage, *names: str) -> None:
    """As a run would have, before it was killed."""
    for name in names:
        stage.world.domains.delete(uid(name))


def two(stage: Stage, **desired: str | None) -> None:
    stage.environment("a", A)
    stage.environment("b", B)
    stage.manifest(**{name: {"hostname": hostname} for name, hostname in desired.items()})


def test_a_plan_of_two_deletes_can_be_applied_twice(stage: Stage) -> None:
    two(stage, a=None, b=None)
    assert stage.run("plan", "--out", "p.json").code == 0
    assert stage.run("apply", "p.json").code == 0
    again = stage.run("apply", "p.json", "--format", "json")
    assert (again.code, again.document["blocks"]) == (0, [])
    assert {step["state"] for step in again.document["steps"]} == {"done"}


def test_a_saved_swap_that_was_killed_after_both_deletes_is_finished_by_the_same_command(stage: Stage) -> None:
    two(stage, a=B, b=A)
    assert stage.run("plan", "--out", "p.json").code == 0
    delete(stage, "a", "b")
    assert stage.run("apply", "p.json").code == 0
    assert (stage.live("a"), stage.live("b")) == (B, A)


def test_domains_that_the_receipt_keeps_may_not_all_be_absent(stage: Stage) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    apply = ("apply", "--auto-approve", "--receipt", "r.json", "--format", "json")
    assert stage.run(*apply).code == 0
    delete(stage, "a", "b")
    suspicious = stage.run(*apply)
    assert (suspicious.code, suspicious.document["reason"]) == (5, "all_absent")
    assert "--believe-absent" in suspicious.err
    assert stage.run(*apply, "--believe-absent").code == 0


def test_a_delete_that_was_refused_does_not_explain_that_all_domains_are_absent(stage: Stage) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    stage.fault(Kind.STATUS, method="DELETE", status=403, error_type="NotAuthorizedError", times=None)
    apply = ("apply", "--auto-approve", "--receipt", "r.json", "--format", "json")
    assert stage.run(*apply).code == 7
    delete(stage, "a", "b")
    assert stage.run(*apply).document["reason"] == "all_absent"


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize("state", ["not_started", "done"])
def test_a_receipt_that_knows_its_own_deletes_does_not_block_the_next_run(stage: Stage, state: str) -> None:
    """What a killed run leaves behind: the last delete may be missing in it."""
    two(stage, a="new-a.example.com", b="new-b.example.com")
    assert stage.run("plan", "--format", "json", "--report", "json=p.json").code == 0
    document = json.loads(stage.read("p.json"))
    receipt = {**document, "format": "imgwire-reconciler/report", "command": "apply", "outcome": "running"}
    receipt |= {"restored": [], "unserved": []}
    receipt["steps"] = [{**step, "state": state, "error": None} for step in document["steps"]]
    stage.write("r.json", json.dumps(receipt))
    delete(stage, "a", "b")
    ended = stage.run("apply", "--auto-approve", "--receipt", "r.json", "--format", "json")
    assert (ended.code, ended.document["blocks"]) == (0, [])
    assert (stage.live("a"), stage.live("b")) == ("new-a.example.com", "new-b.example.com")


def test_hostnames_that_an_earlier_run_left_unserved_are_not_suspicious(stage: Stage) -> None:
    """The run between read an earlier state, and wrote nothing: its receipt shows as live what is known to be offline."""
    two(stage, a="new-a.example.com", b="new-b.example.com")
    assert stage.run("plan", "--format", "json", "--report", "json=p.json").code == 0
    document = json.loads(stage.read("p.json"))
    receipt = {
        **document,
        "format": "imgwire-reconciler/report",
        "command": "apply",
        "outcome": "refused",
        "exit_code": 5,
    }
    receipt |= {
        "restored": [],
        "steps": [{**step, "state": "not_started", "error": None} for step in document["steps"]],
    }
    receipt["unserved"] = [
        {"environment": step["environment"], "hostname": step["hostname"], "since": step["id"]}
        for step in document["steps"]
        if step["op"] == "delete"
    ]
    stage.write("r.json", json.dumps(receipt))
    delete(stage, "a", "b")
    ended = stage.run("apply", "--auto-approve", "--receipt", "r.json", "--format", "json")
    assert (ended.code, ended.document["blocks"]) == (0, [])


def test_deletes_that_were_not_sent_do_not_explain_that_all_domains_are_absent(stage: Stage) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    stage.fault(Kind.STATUS, method="DELETE", status=401, error_type="InvalidTokenError", times=None)
    apply = ("apply", "--auto-approve", "--receipt", "r.json", "--format", "json")
    assert stage.run(*apply).code == 7
    document = json.loads(stage.read("r.json"))
    document["steps"] = [{**step, "state": "not_started", "error": None} for step in document["steps"]]
    stage.write("r.json", json.dumps(document))
    delete(stage, "a", "b")
    assert stage.run(*apply).document["reason"] == "all_absent"


def test_domains_that_moved_to_another_listed_environment_are_not_absent(stage: Stage) -> None:
    two(stage, a=A, b=B)
    apply = ("apply", "--auto-approve", "--receipt", "r.json", "--format", "json")
    assert stage.run(*apply).code == 0
    delete(stage, "a", "b")
    stage.environment("c", A)
    stage.environment("d", B)
    stage.manifest(a={"hostname": None}, b={"hostname": None}, c=A, d=B)
    ended = stage.run(*apply)
    assert (ended.code, ended.document["blocks"]) == (0, [])


def killed(stage: Stage, *events: dict[str, object]) -> None:
    """The receipt and the journal of an apply that was killed after these events. The last line was not written to its end."""
    assert stage.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    document = json.loads(stage.read("r.json"))
    document |= {"outcome": "running", "exit_code": None}
    for step in document["steps"]:
        step["state"] = "not_started"
    stage.write("r.json", json.dumps(document))
    header = {"format": "imgwire-reconciler/receipt-journal", "format_version": "1.0"}
    stage.write("r.json.journal", "".join(json.dumps(line) + "\n" for line in (header, *events)) + '{"step": "cre')


def gone(name: str) -> dict[str, object]:
    return {
        "step": f"delete:{name}",
        "state": "done",
        "error": None,
        "environment": name,
        "live": None,
        "live_error": None,
    }


def test_the_next_apply_drift_and_all_other_readers_see_what_only_the_journal_has(stage: Stage) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    killed(stage, gone("a"))
    document = read_receipt("r.json")
    assert isinstance(document, dict)
    states = {step["id"]: step["state"] for step in document["steps"]}
    assert (states["delete:a"], states["delete:b"]) == ("done", "not_started")
    assert document["unserved"] == [{"hostname": A, "environment": "a", "since": "delete:a"}]
    drift = stage.run("drift", "--baseline", "r.json", "--format", "json")
    assert (drift.code, stage.live("a")) == (0, "new-a.example.com")


@pytest.mark.parametrize(("hostname", "kept"), [(None, 1), (A, 0), ("new-a.example.com", 0)])
def test_a_restore_in_flight_is_forgotten_when_its_environment_has_a_domain_again(
    stage: Stage, hostname: str | None, kept: int
) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    error = {"kind": "interrupted", "message": "interrupted in flight", "status": None, "error_type": None}
    restored = {"environment": "a", "hostname": A, "id": None, "error": error}
    in_flight = {"restored": restored, "environment": "a", "live": None, "live_error": None}
    status = stage.run("status", "--format", "json").document
    found = next(item["live"] for item in status["environments"] if item["name"] == "a")
    later = {**gone("a"), "step": "create:a", "live": {**found, "hostname": hostname} if hostname else None}
    killed(stage, gone("a"), in_flight, later)
    document = read_receipt("r.json")
    assert isinstance(document, dict)
    assert len(document["restored"]) == kept


def test_a_receipt_of_a_run_that_was_killed_before_its_journal_is_read_as_it_is(stage: Stage) -> None:
    two(stage, a=A, b=B)
    killed(stage)
    (stage.folder / "r.json.journal").unlink()
    assert read_receipt("r.json") == json.loads(stage.read("r.json"))
    assert stage.run("drift", "--baseline", "r.json").code == 0


def test_a_run_keeps_what_the_journal_of_the_run_before_has_until_its_own_receipt_is_there(stage: Stage) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    killed(stage, gone("a"))
    assert stage.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    assert not (stage.folder / "r.json.journal").exists()
    assert json.loads(stage.read("r.json"))["outcome"] == "ok"


def test_a_file_that_is_no_journal_is_not_overwritten(stage: Stage) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    stage.write("r.json.journal", "dear diary\n")
    ended = stage.run("apply", "--auto-approve", "--receipt", "r.json")
    assert (ended.code, stage.live("a"), stage.read("r.json.journal")) == (1, A, "dear diary\n")
    assert "r.json.journal" in ended.err


def test_a_report_that_cannot_be_written_ends_document_receipt_and_process_with_one_code(stage: Stage) -> None:
    two(stage, a="new-a.example.com", b="new-b.example.com")
    report = ("--report", "json=missing/folder.json")
    ended = stage.run("apply", "--auto-approve", "--receipt", "r.json", *report, "--format", "json")
    assert (ended.code, ended.document["reason"]) == (1, "report_not_written")
    assert json.loads(stage.read("r.json"))["exit_code"] == 1
