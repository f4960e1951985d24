"""What an earlier run left without an environment stays in every later report with the same receipt until it is repaired."""

from __future__ import annotations

import json
import signal
import threading
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from processes.running import started

from reconciler.documents.journal import HEADER
from reconciler.files import LockedFile
from reconciler.operations.receipt import read_receipt

from .own_api import OwnApi, Reply, own_api
from .stage import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stage import Ended, Stage

A, B, NEW_A, NEW_B = "a.example.com", "b.example.com", "new-a.example.com", "new-b.example.com"
LAPSED = Reply(402, {"detail": "no plan", "error_type": "PaymentRequiredError"})
DOWN = Reply(503, {"detail": "try later"})


@pytest.fixture
def api(stage: Stage) -> Iterator[OwnApi]:
    """`a` has lost its hostname in a run with the receipt `r.json`, `b` has its own; all is well again."""
    with own_api() as server:
        stage.set("IMGWIRE_API_BASE_URL", server.url)
        for name, hostname in {"a": A, "b": B}.items():
            stage.set(f"IMGWIRE_API_KEY_{name.upper()}", key(name))
            server.put(key(name), hostname)
        stage.manifest(a=NEW_A, b=B)
        server.intercept = lambda method, _key, _number: LAPSED if method == "POST" else None
        lost = apply(stage, "--retries", "0")  # the restore waits for no better time
        assert (lost.code, hostnames(lost.document)) == (6, [A])
        server.intercept = lambda _method, _key, _number: None
        stage.manifest(a=NEW_A, b=NEW_B)
        server.requests.clear()
        yield server


def apply(stage: Stage, *more: str) -> Ended:
    return stage.run("apply", "--auto-approve", "--receipt", "r.json", "--format", "json", *more)


def killed_at(stage: Stage, api: OwnApi, method: str) -> None:
    """Give `b` its new hostname, and leave the receipt and its journal as a kill at this request would."""
    files: dict[str, str] = {}

    def keep(sent: str, key_: str, _number: int) -> None:
        if (sent, key_) == (method, key("b")):
            files.update({name: stage.read(name) for name in ("r.json", "r.json.journal")})

    api.intercept = keep
    stage.manifest(b=NEW_B)
    (stage.folder / "r.json").unlink()
    assert apply(stage).code == 0
    api.intercept = lambda _method, _key, _number: None
    for name, text in files.items():
        stage.write(name, text)


def hostnames(document: Any) -> list[str]:
    return [item["hostname"] for item in document["unserved"]]


def receipt() -> Any:
    return read_receipt("r.json")


def down(name: str) -> Any:
    return lambda _method, key_, _number: DOWN if key_ == key(name) else None


def test_a_run_without_the_environment_still_reports_the_hostname_and_keeps_it_in_the_receipt(
    stage: Stage, api: OwnApi
) -> None:
    began = receipt()["created_at"]
    deleted = next(item["precondition"] for item in receipt()["steps"] if item["id"] == "delete:a")
    ids = {"environment_id": deleted["environment_id"], "domain_id": deleted["id"]}
    for _ in range(2):
        ended = apply(stage, "--env", "b")
        lost = {"hostname": A, "environment": "a", "since": "delete:a", "run": began}
        expected = [{**lost, **ids, "target": None, "target_id": None}]
        assert (ended.code, ended.document["unserved"], receipt()["unserved"]) == (0, expected, expected)
    stage.manifest(b=NEW_B)
    in_sync = apply(stage)
    assert (in_sync.code, in_sync.document["reason"], hostnames(in_sync.document)) == (0, "in_sync", [A])
    assert f"{A}, since delete a in the run of {began}" in stage.run("show", "r.json").out


def test_the_next_step_names_each_environment_that_the_run_left_out(stage: Stage, api: OwnApi) -> None:
    api.intercept = lambda method, _key, _number: LAPSED if method == "POST" else None
    assert apply(stage, "--env", "b", "--retries", "0").code == 6
    stage.set("IMGWIRE_API_KEY_C", key("c"))
    api.put(key("c"), "c.example.com")
    stage.manifest(a=NEW_A, b=NEW_B, c="c.example.com")
    out = stage.run("apply", "--auto-approve", "--receipt", "r.json", "--env", "c").out
    line = "reconciler apply --env {} --receipt r.json"
    assert f"Next: run `{line.format('b')}`, then `{line.format('a')}` again." in " ".join(out.split())


def test_text_markdown_html_annotations_and_step_outputs_have_it(stage: Stage, api: OwnApi) -> None:
    began = receipt()["created_at"]
    stage.set("GITHUB_OUTPUT", str(stage.write("outputs", "")))
    reports = [f"--report={format_}={format_}.out" for format_ in ("markdown", "html", "github")]
    ended = stage.run("apply", "--auto-approve", "--receipt", "r.json", "--env", "b", *reports)
    assert f"Has not been seen live:\n  {A}, since delete a in the run of {began}\n" in ended.out
    assert "Next: run `reconciler apply --env a --receipt r.json` again." in ended.out
    assert "has not been seen live, since `delete a` in the run of" in stage.read("markdown.out")
    assert f"has not been seen live, since <code>delete a</code> in the run of {began}" in stage.read("html.out")
    assert f"{A} has not been seen live, since delete a in the run of {began}" in stage.read("github.out")
    assert "unserved=1\n" in stage.read("outputs")


@pytest.mark.parametrize(
    ("more", "manifest", "code"),
    [
        (("--max-interruptions", "0"), {"a": NEW_A, "b": NEW_B}, 5),
        (("--allow", "delete"), {"a": NEW_A, "b": NEW_B}, 5),
        (("--expect-digest", f"sha256:{'0' * 64}"), {"a": NEW_A, "b": NEW_B}, 5),
        ((), {"a": "not a hostname"}, 65),
        (("--unprotect", "missing"), {"a": NEW_A}, 65),
    ],
    ids=["interruptions", "allow", "digest", "manifest", "unprotect"],
)
def test_a_refused_run_reports_it_too_and_leaves_the_receipt(
    stage: Stage, api: OwnApi, more: tuple[str, ...], manifest: dict[str, str], code: int
) -> None:
    before = stage.read("r.json")
    stage.manifest(**manifest)
    stage.set("GITHUB_OUTPUT", str(stage.write("outputs", "")))
    reports = [f"--report={format_}={format_}.out" for format_ in ("markdown", "html", "github")]
    ended = apply(stage, *reports, *more)
    assert (ended.code, hostnames(ended.document), stage.read("r.json")) == (code, [A], before)
    assert f"Has not been seen live:\n  {A}, since delete a in the run of" in ended.err
    assert all("has not been seen live" in stage.read(f"{name}.out") for name in ("markdown", "html", "github"))
    assert "unserved=1\n" in stage.read("outputs")


@pytest.mark.parametrize("wanted", ["other.example.com", None], ids=["a hostname", "none"])
@pytest.mark.parametrize("live", ["other.example.com", "live.example.com"])
def test_another_environment_of_the_same_name_does_not_hide_it(
    stage: Stage, api: OwnApi, wanted: str | None, live: str
) -> None:
    """A receipt that two manifests share, or two environments that have taken each other's names."""
    api.put(key("b"), live)
    stage.set("IMGWIRE_API_KEY_A", key("b"))
    stage.manifest(a=wanted)
    blocked = wanted is None and "--max-interruptions=0"
    assert hostnames(apply(stage, *([blocked] if blocked else [])).document) == [A]
    assert hostnames(receipt()) == [A]


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize("more", [("--env", "b"), ()], ids=["another environment", "refused again"])
def test_a_run_that_is_killed_while_a_delete_is_in_flight_leaves_what_may_be_gone(
    stage: Stage, api: OwnApi, more: tuple[str, ...]
) -> None:
    killed_at(stage, api, "DELETE")
    api.records[key("b")] = None
    assert [item["uncertain"] for item in receipt()["unserved"]] == [True]
    api.intercept = lambda method, _key, _number: LAPSED if method == "POST" else None
    stage.manifest(**({"c": None} if more else {"b": NEW_B}))
    stage.set("IMGWIRE_API_KEY_C", key("c"))
    again = apply(stage, *(("--env", "c") if more else ()))
    assert (hostnames(again.document), hostnames(receipt())) == ([B], [B])
    # A read of the environment has shown the outcome.
    assert [item.get("uncertain", False) for item in again.document["unserved"]] == [bool(more)]


def test_a_read_of_the_very_domain_that_was_deleted_does_not_end_it(stage: Stage, api: OwnApi) -> None:
    """A replica that lags behind shows it once more; another domain with its hostname is the repair."""
    deleted = next(item["precondition"]["id"] for item in receipt()["steps"] if item["id"] == "delete:a")
    api.put(key("a"), A)["id"] = deleted
    stage.manifest(a=A, b=B)
    for _ in range(2):
        ended = apply(stage)
        assert (ended.document["reason"], hostnames(ended.document), hostnames(receipt())) == ("in_sync", [A], [A])
    api.put(key("a"), A)
    assert hostnames(apply(stage).document) == []


def test_the_run_that_completes_the_replace_lists_the_dns_records_to_remove(stage: Stage, api: OwnApi) -> None:
    """Left in DNS, anyone could claim the hostname. The run that deleted its domain could not know that it stays away."""
    reports = [f"--report={format_}={format_}.out" for format_ in ("markdown", "html", "json")]
    ended = stage.run("apply", "--auto-approve", "--receipt", "r.json", "--env", "a", *reports)
    section = f"DNS records to remove:\n  {A}. CNAME\n  _acme-challenge.{A}. CNAME\n\n"
    assert (ended.code, section in ended.out, section in stage.run("show", "r.json").out) == (0, True, True)
    assert (json.loads(stage.read("json.out"))["given_up"], hostnames(receipt())) == ([A], [])
    assert all(f"_acme-challenge.{A}" in stage.read(f"{name}.out") for name in ("markdown", "html"))
    assert "given_up" not in apply(stage).document


@pytest.mark.parametrize("between", ["keys are rejected", "the api is down", "narrowed"])
def test_a_run_that_does_not_read_an_environment_keeps_what_is_known_of_it(
    stage: Stage, api: OwnApi, between: str
) -> None:
    """Or the next run with wrong keys would take none for right, and create the domains in other Environments."""
    stage.manifest(a=NEW_A, b=B)
    assert apply(stage).code == 0
    if between == "narrowed":
        assert apply(stage, "--env", "a").document["known"] == {"b": B}
    else:
        refused = Reply(401, {"detail": "revoked", "error_type": "InvalidTokenError"})
        api.intercept = lambda *_: refused if between == "keys are rejected" else DOWN
        assert apply(stage, "--retries", "0").document["known"] == {"a": NEW_A, "b": B}
        api.intercept = lambda *_: None
    api.records |= {key("a"): None, key("b"): None}
    ended = apply(stage)
    assert (ended.code, ended.document["reason"]) == (5, "all_absent")


@pytest.mark.usefixtures("reads_do_not_lag")
def test_deletes_whose_outcome_is_unknown_do_not_make_the_next_run_suspicious(stage: Stage, api: OwnApi) -> None:
    """An outage begins while both are in flight; the same command again repairs it."""
    stage.manifest(a=NEW_A, b=B)
    assert apply(stage).code == 0
    stage.manifest(a="c.example.com", b=NEW_B)
    sent: list[str] = []

    def lost(method: str, _key: str, _number: int) -> Reply | None:
        sent.extend([method] if method == "DELETE" else [])
        return Reply(503, {"detail": "try later"}, acts=method == "DELETE") if sent else None

    api.intercept = lost
    options = ("--retries", "0", "--step-timeout", "2s", "--on-create-failure", "leave")
    assert apply(stage, *options).code == 6
    api.records |= {key("a"): None, key("b"): None}
    api.intercept = lambda *_: None
    assert apply(stage).code == 0


@pytest.mark.parametrize("known", [5, [], {"a": 5}, {"a": ["x"]}])
def test_a_receipt_whose_known_hostnames_are_damaged_is_refused(stage: Stage, api: OwnApi, known: object) -> None:
    stage.write("r.json", json.dumps({**receipt(), "known": known}))
    ended = apply(stage)
    assert (ended.code, ended.document["reason"]) == (1, "not_written")


@pytest.mark.parametrize("hostname", [5, [], {}, None, True])
def test_a_receipt_whose_live_hostnames_are_damaged_is_refused(stage: Stage, api: OwnApi, hostname: object) -> None:
    document = receipt()
    document["environments"][1]["live"]["hostname"] = hostname
    stage.write("r.json", json.dumps(document))
    ended = apply(stage)
    assert (ended.code, ended.document["reason"]) == (1, "not_written")


def test_a_narrowed_run_that_is_killed_does_not_forget_what_another_environment_desires(
    stage: Stage, api: OwnApi
) -> None:
    files: dict[str, str] = {}

    def killed(method: str, _key: str, _number: int) -> Reply | None:
        if method == "TEST":
            files.update({name: stage.read(name) for name in ("r.json", "r.json.journal")})
        return None

    api.intercept = killed
    api.fields = {"status": "PENDING"}
    stage.set("IMGWIRE_API_KEY_C", key("c"))
    stage.manifest(a=NEW_A, b=B, c=A)
    assert apply(stage, "--env", "a", "--no-dns").code == 0
    for name, text in files.items():
        stage.write(name, text)
    assert hostnames(receipt()) == [A]


@pytest.mark.parametrize(("pinned", "left"), [(True, [A]), (False, [])])
def test_none_of_another_pinned_environment_does_not_hide_it(
    stage: Stage, api: OwnApi, pinned: bool, left: list[str]
) -> None:
    pin = {"environment_id": str(uuid.uuid4())} if pinned else {}
    stage.manifest(a={"hostname": None, **pin})
    assert hostnames(apply(stage).document) == left


def test_a_hostname_that_was_to_move_to_an_environment_that_is_not_listed_is_still_reported(
    stage: Stage, api: OwnApi
) -> None:
    api.put(key("a"), NEW_A)
    api.put(key("b"), B)
    (stage.folder / "r.json").unlink()
    stage.manifest(a="other.example.com", b=NEW_A)
    api.intercept = lambda method, key_, _number: LAPSED if (method, key_) == ("POST", key("b")) else None
    lost = apply(stage, "--on-create-failure", "leave")
    assert sorted(hostnames(lost.document)) == [B, NEW_A]
    stage.manifest(a="other.example.com")
    assert hostnames(apply(stage).document) == [B, NEW_A]
    stage.set("IMGWIRE_API_KEY_B", key("c"))
    stage.manifest(a="other.example.com", b="c.example.com")
    api.intercept = lambda _method, _key, _number: None
    assert hostnames(apply(stage).document) == [B, NEW_A], "another Environment has the name `b` now"
    stage.set("IMGWIRE_API_KEY_B", key("b"))
    stage.manifest(a="other.example.com", b="third.example.com")
    assert hostnames(apply(stage).document) == []


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize("journal", [None, ""], ids=["missing", "empty"])
def test_a_running_receipt_without_its_journal_knows_what_was_to_be_deleted(
    stage: Stage, api: OwnApi, journal: str | None
) -> None:
    """Such as one that a pipeline has kept alone. What reads as absent now may have been deleted by that run."""
    kept_alone(stage, api)
    if journal is not None:
        stage.write("r.json.journal", journal)
    api.intercept = lambda method, _key, _number: LAPSED if method == "POST" else None
    assert hostnames(apply(stage).document) == [B]


@pytest.mark.usefixtures("reads_do_not_lag")
def test_a_running_receipt_without_its_journal_is_not_forgotten_by_a_run_that_does_not_read_the_environment(
    stage: Stage, api: OwnApi
) -> None:
    kept_alone(stage, api)
    stage.manifest(a=NEW_A, b=NEW_B)
    assert hostnames(apply(stage, "--env", "a").document) == [B]
    api.intercept = lambda method, _key, _number: LAPSED if method == "POST" else None
    assert hostnames(apply(stage).document) == [B]


def kept_alone(stage: Stage, api: OwnApi) -> None:
    """The receipt of a run that was killed after it had deleted the domain of `b`, without the journal."""
    files: dict[str, str] = {}

    def killed(method: str, _key: str, _number: int) -> Reply | None:
        if method == "DELETE":
            files.setdefault("r.json", stage.read("r.json"))
        return None

    api.intercept = killed
    (stage.folder / "r.json").unlink()
    stage.manifest(b=NEW_B)
    assert apply(stage).code == 0
    api.records[key("b")] = None
    stage.write("r.json", files["r.json"])
    api.intercept = lambda _method, _key, _number: None


@pytest.mark.parametrize("field", ["hostname", "environment", "since"])
@pytest.mark.parametrize("value", [5, None, [], {}])
def test_a_receipt_with_a_value_that_is_no_text_is_not_replaced(
    stage: Stage, api: OwnApi, field: str, value: object
) -> None:
    document = receipt()
    document["unserved"][0][field] = value
    before = stage.write("r.json", json.dumps(document)).read_text(encoding="utf-8")
    assert (apply(stage).code, stage.read("r.json"), api.requests) == (1, before, [])


def test_a_receipt_with_an_environment_id_that_is_no_text_is_not_replaced(stage: Stage, api: OwnApi) -> None:
    document = receipt()
    document["steps"][0]["precondition"]["environment_id"] = {"a": 1}
    before = stage.write("r.json", json.dumps(document)).read_text(encoding="utf-8")
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], stage.read("r.json")) == (1, "not_written", before)


@pytest.mark.parametrize("content", ['{"format": "imgwire-rec', '{"format": "other"}', "null", "[]", "\0"])
def test_a_file_that_is_no_receipt_is_not_replaced(stage: Stage, api: OwnApi, content: str) -> None:
    stage.write("r.json", content)
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], stage.read("r.json"), api.requests) == (1, "not_written", content, [])
    assert "r.json cannot be read" in ended.err


@pytest.mark.parametrize("content", ["", "{}\n"])
def test_an_empty_file_is_the_place_of_a_new_receipt(stage: Stage, api: OwnApi, content: str) -> None:
    stage.write("r.json", content)
    assert (apply(stage).code, receipt()["outcome"]) == (0, "ok")


def test_an_empty_file_beside_the_journal_of_a_killed_run_is_not_replaced(stage: Stage, api: OwnApi) -> None:
    stage.write("r.json", "")
    stage.write("r.json.journal", HEADER)
    assert (apply(stage).code, stage.read("r.json"), stage.read("r.json.journal")) == (1, "", HEADER)


def test_a_run_that_fails_before_it_writes_leaves_the_files_of_another_run(stage: Stage, api: OwnApi) -> None:
    """Also where a saved plan's environment cannot be read: that ends with a report of an apply that was not begun."""
    stage.manifest(b=NEW_B)
    assert stage.run("plan", "--out", "plan.json").code == 0
    before = stage.read("r.json")
    other = LockedFile("r.json.journal")
    other.append(HEADER)
    api.intercept = down("b")
    assert stage.run("apply", "plan.json", "--receipt", "r.json", "--retries", "0").code == 5
    other.append("still at its place\n")
    other.close()
    stage.write("r.json.journal", "no journal")
    assert stage.run("apply", "plan.json", "--receipt", "r.json", "--retries", "0").code == 1
    assert (stage.read("r.json"), stage.read("r.json.journal")) == (before, "no journal")
    (stage.folder / "r.json.journal").unlink()
    assert stage.run("apply", "plan.json", "--receipt", "r.json", "--retries", "0").code == 8
    assert stage.read("r.json") == before


def test_a_hostname_that_an_earlier_run_did_not_lose_after_all_is_lost_by_this_one(stage: Stage, api: OwnApi) -> None:
    """The entry of the earlier run says nothing of the move that was tried now."""
    api.put(key("a"), A)
    stage.manifest(a=NEW_A, b=A)
    api.intercept = lambda method, _key, _number: LAPSED if method == "POST" else None
    lost = apply(stage, "--on-create-failure", "leave").document["unserved"]
    assert {item["hostname"]: "run" in item for item in lost} == {A: False, B: False}


def test_a_delete_whose_outcome_is_unknown_is_not_called_an_outage(stage: Stage, api: OwnApi) -> None:
    (stage.folder / "r.json").unlink()
    stage.manifest(b=NEW_B)
    deleted: list[str] = []

    def lost(method: str, _key: str, _number: int) -> Reply | None:
        deleted.extend([method] if method == "DELETE" else [])
        return DOWN if deleted else None

    api.intercept = lost
    options = ("--auto-approve", "--receipt", "r.json", "--step-timeout", "3s", "--retries", "0")
    assert f"May serve no traffic:\n  {B}, since delete b\n" in stage.run("apply", *options).out
    assert f"May serve no traffic:\n  {B}, since delete b\n" in stage.run("show", "r.json").out


def test_a_hostname_of_an_earlier_run_whose_create_may_have_been_done_is_uncertain(stage: Stage, api: OwnApi) -> None:
    sent: list[str] = []

    def lost(method: str, _key: str, _number: int) -> Reply | None:
        if sent:
            return DOWN
        sent.extend([method] if method == "POST" else [])
        return Reply(503, "too busy", acts=True) if sent else None

    stage.manifest(a=A)
    api.intercept = lost
    ended = apply(stage, "--step-timeout", "3s", "--retries", "0")
    assert [(item["hostname"], item["uncertain"], "run" in item) for item in ended.document["unserved"]] == [
        (A, True, True)
    ]
    assert receipt()["unserved"] == ended.document["unserved"]
    assert api.hostnames()[key("a")] == A


@pytest.fixture
def in_flight(stage: Stage, api: OwnApi) -> threading.Timer:
    """A run has sent a delete in `b` and has not learned its outcome. Once the timer is started, it is carried out late."""
    (stage.folder / "r.json").unlink()
    stage.manifest(a=NEW_A, b=NEW_B)
    api.put(key("a"), NEW_A)
    api.intercept = lambda _method, _key, _number: DOWN if api.sent("DELETE") else None
    assert apply(stage, "--step-timeout", "1s", "--retries", "0").code == 6
    api.intercept = lambda _method, _key, _number: None
    return threading.Timer(2.0, api.records.update, [{key("b"): None}])


@pytest.mark.parametrize(
    "between", [None, ("--env", "a")], ids=["the next run", "a run without the environment, then one"]
)
def test_a_delete_of_an_earlier_run_that_is_carried_out_late_is_waited_for(
    stage: Stage, api: OwnApi, in_flight: threading.Timer, between: tuple[str, ...] | None
) -> None:
    """Sent again, it would succeed, and the first one would remove what was created after it."""
    in_flight.start()
    if between:
        assert apply(stage, *between).code == 0
    ended = apply(stage)
    in_flight.join()
    assert (ended.code, api.sent("DELETE"), api.hostnames()[key("b")]) == (0, [key("b")], NEW_B)
    waits = "`b`: a write of the last run may still arrive: waiting 8 seconds" in ended.err
    assert waits is (between is None)


def test_right_after_a_run_was_killed_reads_that_still_show_the_old_hostname_are_waited_for(
    stage: Stage, api: OwnApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be deleted once more: the new one is gone then, and created again."""
    old = Reply(200, api.records[key("b")])
    killed_at(stage, api, "TEST")
    api.requests.clear()
    end = time.monotonic() + 1.0
    api.intercept = lambda method, _key, _number: old if method == "GET" and time.monotonic() < end else None
    monkeypatch.setattr("reconciler.operations.receipt._IN_FLIGHT", 2.0)
    ended = apply(stage)
    assert (ended.code, api.sent("DELETE"), api.hostnames()[key("b")]) == (0, [], NEW_B)
    assert "the last run was killed a moment ago: waiting 2 seconds" in ended.err


@pytest.mark.usefixtures("in_flight")
def test_a_run_that_ends_while_it_waits_for_a_write_in_flight_leaves_the_receipt(stage: Stage, api: OwnApi) -> None:
    before, reads = stage.read("r.json"), len(api.requests)
    with started("apply", "--auto-approve", "--receipt", "r.json") as process:
        process.wait_for_line("waiting 8 seconds")
        process.send(signal.SIGTERM)
        assert process.end().code == 143
    assert (stage.read("r.json"), len(api.requests)) == (before, reads)


@pytest.mark.usefixtures("reads_do_not_lag")
def test_a_read_that_shows_what_a_killed_run_has_deleted_does_not_count_as_live(stage: Stage, api: OwnApi) -> None:
    deleted = api.records[key("b")]
    killed_at(stage, api, "POST")
    api.records[key("b")] = deleted
    assert [item["uncertain"] for item in receipt()["unserved"]] == [True]
    assert hostnames(apply(stage, "--max-interruptions", "0").document) == [B]


def test_the_receipt_is_claimed_before_anything_is_read(stage: Stage, api: OwnApi) -> None:
    """What another run leaves offline after that read would look as if it were live."""
    others: list[Ended] = []

    def another(method: str, key_: str, _number: int) -> None:
        if (method, key_) == ("GET", key("b")) and not others:
            others.append(stage.spawn("apply", "--auto-approve", "--receipt", "r.json", "--format", "json"))

    api.intercept = another
    assert apply(stage).code == 0
    assert (others[0].code, others[0].document["reason"]) == (5, "receipt_in_use")


def test_a_run_whose_journal_was_replaced_leaves_the_receipt_of_the_other_run(stage: Stage, api: OwnApi) -> None:
    def replaced(method: str, _key: str, _number: int) -> None:
        if method == "DELETE":
            stage.write("theirs", "")
            (stage.folder / "theirs").replace("r.json.journal")
            stage.write("r.json", "theirs")

    api.intercept = replaced
    ended = apply(stage)
    assert (ended.code, stage.read("r.json"), stage.read("r.json.journal")) == (6, "theirs", "")


def test_a_renamed_environment_repairs_it(stage: Stage, api: OwnApi) -> None:
    """It is known by its Environment id."""
    stage.set("IMGWIRE_API_KEY_WWW", key("a"))
    stage.set("IMGWIRE_API_KEY_A", key("b"))
    stage.manifest(www=NEW_A, a=B)
    assert hostnames(apply(stage, "--env", "a").document) == [A]
    assert hostnames(apply(stage).document) == []


def test_an_environment_that_cannot_be_read_shows_nothing(stage: Stage, api: OwnApi) -> None:
    api.intercept = down("a")
    ended = apply(stage, "--retries", "0")
    assert (ended.code, api.hostnames()[key("b")], hostnames(ended.document)) == (6, NEW_B, [A])
    stage.manifest(a=None, b=NEW_B)
    assert hostnames(apply(stage, "--retries", "0").document) == [A]


def test_a_saved_plan_that_is_stale_or_cannot_be_read_reports_it(stage: Stage, api: OwnApi) -> None:
    stage.manifest(b=NEW_B)
    assert stage.run("plan", "--out", "p.json").code == 0
    api.intercept = down("b")
    unread = stage.run("apply", "p.json", "--receipt", "r.json", "--format", "json", "--retries", "0")
    assert (unread.code, unread.document["reason"], hostnames(unread.document)) == (8, "unreadable", [A])
    assert hostnames(receipt()) == [A]
    api.intercept = lambda _method, _key, _number: None
    api.put(key("b"), "other.example.com")
    stale = stage.run("apply", "p.json", "--receipt", "r.json", "--format", "json")
    assert (stale.code, stale.document["reason"], hostnames(stale.document)) == (5, "stale_plan", [A])
    other = stage.run("apply", "p.json", "--receipt", "r.json", "--format", "json", "--api-url", "http://localhost:1")
    assert (other.code, other.document["reason"], hostnames(other.document)) == (5, "other_api_url", [A])


@pytest.mark.parametrize("where", [("--emulator",), ("--api-url", "http://localhost:1")], ids=["emulator", "url"])
def test_a_receipt_with_lost_hostnames_is_not_overwritten_by_a_run_against_another_api(
    stage: Stage, api: OwnApi, where: tuple[str, ...]
) -> None:
    before = stage.read("r.json")
    ended = apply(stage, *where)
    assert (ended.code, ended.document["reason"], hostnames(ended.document)) == (5, "other_api_url", [A])
    assert f"the receipt r.json is for {api.url}, and this run uses" in ended.document["message"]
    assert ended.document["hint"].endswith("Finish that run, or give --receipt another file.")
    assert (stage.read("r.json"), api.requests) == (before, [])
    assert stage.run("apply", "--auto-approve", "--receipt", "trial.json", "--emulator").code == 0


@pytest.mark.parametrize("desired", [NEW_A, A, None], ids=["new", "old", "none"])
def test_it_ends_when_the_environment_has_what_the_manifest_desires(
    stage: Stage, api: OwnApi, desired: str | None
) -> None:
    stage.manifest(a={"hostname": desired}, b=B)
    ended = apply(stage)
    assert (ended.code, hostnames(ended.document), hostnames(receipt())) == (0, [], [])
    stage.manifest(b=B)
    assert hostnames(apply(stage).document) == []


def test_it_ends_when_another_environment_has_it(stage: Stage, api: OwnApi) -> None:
    stage.manifest(b=A)
    ended = apply(stage)
    assert (ended.code, hostnames(ended.document)) == (0, [])


def test_a_hostname_that_another_environment_should_have_stays(stage: Stage, api: OwnApi) -> None:
    stage.manifest(a=NEW_A, b=A)
    ended = apply(stage, "--env", "a")
    assert (ended.code, hostnames(ended.document)) == (0, [A])
    finished = apply(stage)
    assert (finished.code, hostnames(finished.document), api.hostnames()[key("b")]) == (0, [], A)


def test_what_only_the_journal_of_a_killed_run_has_is_not_forgotten(stage: Stage, api: OwnApi) -> None:
    """Killed between DELETE and POST of `b`, in a run that had `a` from the run before."""
    assert apply(stage, "--env", "b").code == 0
    document = json.loads(stage.read("r.json")) | {"outcome": "running", "exit_code": None}
    document["steps"] = [{**step, "state": "not_started"} for step in document["steps"]]
    stage.write("r.json", json.dumps(document))
    event = {"step": "delete:b", "state": "done", "error": None, "environment": "b", "live": None, "live_error": None}
    header = {"format": "imgwire-reconciler/receipt-journal", "format_version": "1.0"}
    stage.write("r.json.journal", "".join(json.dumps(line) + "\n" for line in (header, event)))
    assert hostnames(receipt()) == [B, A]
    api.records[key("b")] = None
    stage.manifest(a=NEW_A, b=NEW_B)
    ended = apply(stage, "--env", "a")
    assert (ended.code, hostnames(ended.document)) == (0, [B])
    assert hostnames(apply(stage).document) == []


def test_a_ring_that_cannot_be_finished_reports_its_hostnames_in_every_run(stage: Stage, api: OwnApi) -> None:
    stage.set("IMGWIRE_API_KEY_C", key("c"))
    for name, hostname in {"a": A, "b": B, "c": "c.example.com"}.items():
        api.put(key(name), hostname)
    stage.manifest(a=B, b="c.example.com", c=A)
    api.intercept = lambda method, _key, _number: LAPSED if method == "POST" else None
    (stage.folder / "r.json").unlink()
    first = apply(stage, "--retries", "0")
    lost = hostnames(first.document)
    assert first.code == 6
    assert lost
    for code in (7, 7):
        again = apply(stage)
        assert (again.code, hostnames(again.document), hostnames(receipt())) == (code, lost, lost)


def test_a_saved_plan_does_not_become_a_receipt(stage: Stage) -> None:
    stage.environment("a", A)
    stage.manifest(a=A)
    assert stage.run("plan", "--out", "r.json").code == 0
    before = stage.read("r.json")
    ended = stage.run("apply", "--auto-approve", "--receipt", "r.json", "--format", "json")
    assert (ended.code, ended.document["reason"], stage.read("r.json")) == (1, "not_written", before)
