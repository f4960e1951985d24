"""`apply` against APIs that fail, lag or leave fields out, over real HTTP: what is lost, what is reported, how it ends."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import httpx
import pytest
from samples import uid

from reconciler.operations.receipt import ReceiptFile

from .own_api import OwnApi, Reply, own_api
from .stage import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stage import Ended, Stage

BUSY = Reply(503, {"detail": "try later"}, {"Retry-After": "3600"})


@pytest.fixture
def api(stage: Stage) -> Iterator[OwnApi]:
    with own_api() as server:
        stage.set("IMGWIRE_API_BASE_URL", server.url)
        yield server


def replaces(stage: Stage, api: OwnApi, names: str) -> None:
    """Every environment has `NAME.example.com` and wants `new-NAME.example.com`."""
    for name in names:
        stage.set(f"IMGWIRE_API_KEY_{name.upper()}", key(name))
        api.put(key(name), f"{name}.example.com")
    stage.manifest(**{name: f"new-{name}.example.com" for name in names})


def apply(stage: Stage, *more: str) -> Ended:
    return stage.run("apply", "--auto-approve", "--max-interruptions", "50", "--format", "json", *more)


def states(ended: Ended) -> dict[str, str]:
    return {step["id"]: step["state"] for step in ended.document["steps"]}


def cancel_the_plan(stage: Stage) -> None:
    url = f"{stage.url}/_emulator/organization"
    httpx.patch(url, json={"subscription_status": "CANCELED"}, trust_env=False).raise_for_status()


def restart_the_plan(stage: Stage) -> None:
    url = f"{stage.url}/_emulator/organization"
    httpx.patch(url, json={"subscription_status": "ACTIVE"}, trust_env=False).raise_for_status()


@pytest.mark.parametrize("parallelism", ["1", "32"])
def test_a_lapsed_plan_costs_one_hostname_at_most_and_the_rest_is_not_started(stage: Stage, parallelism: str) -> None:
    for name in "abc":
        stage.environment(name, f"{name}.example.com")
    stage.manifest(**{name: f"new-{name}.example.com" for name in "abc"})
    cancel_the_plan(stage)
    ended = apply(stage, "--parallelism", parallelism, "--retries", "0")
    assert (ended.code, ended.document["reason"]) == (6, "payment_required")
    assert {name: stage.live(name) for name in "abc"} == {"a": None, "b": "b.example.com", "c": "c.example.com"}
    assert states(ended) == {
        "delete:a": "done",
        "create:a": "failed",
        "verify:a": "skipped",
        **{f"{op}:{name}": "not_started" for name in "bc" for op in ("delete", "create", "verify")},
    }
    (restored,) = ended.document["restored"]
    assert (restored["environment"], restored["hostname"], restored["id"]) == ("a", "a.example.com", None)
    assert (restored["error"]["kind"], restored["error"]["status"]) == ("payment_required", 402)
    reasons = {step["error"]["message"] for step in ended.document["steps"] if step["state"] == "not_started"}
    assert reasons == {"not started: `create a` failed (402 PaymentRequiredError)"}
    restart_the_plan(stage)
    assert stage.run("apply", "--auto-approve").code == 0
    assert {name: stage.live(name) for name in "abc"} == {name: f"new-{name}.example.com" for name in "abc"}


def test_a_refused_restore_is_in_the_text_and_in_markdown(stage: Stage) -> None:
    stage.environment("a", "a.example.com")
    stage.manifest(a="new-a.example.com")
    cancel_the_plan(stage)
    ended = stage.run("apply", "--auto-approve", "--retries", "0", "--report", "markdown=report.md")
    told = "a.example.com in a: POST /api/v1/custom_domain/: 402"
    assert told in " ".join(ended.out[ended.out.index("Could not be restored") :].split())
    assert "402" in stage.read("report.md").partition("Could not be restored")[2]
    assert "restoring a.example.com in a\n" in ended.err


def test_a_plain_create_that_meets_a_lapsed_plan_keeps_every_hostname(stage: Stage) -> None:
    names = [f"e{number:02}" for number in range(12)]
    for name in names:
        stage.environment(name, f"{name}.example.com")
    stage.environment("zoo")
    stage.manifest(**{name: f"new-{name}.example.com" for name in names}, zoo="zoo.example.com")
    cancel_the_plan(stage)
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], ended.document["unserved"]) == (7, "payment_required", [])
    assert {name: stage.live(name) for name in names} == {name: f"{name}.example.com" for name in names}
    assert "DELETE" not in {method for method, _ in stage.sent()}


@pytest.mark.usefixtures("reads_do_not_lag")
def test_an_api_that_answers_every_create_with_a_long_retry_after_costs_one_hostname_at_most(
    stage: Stage, api: OwnApi
) -> None:
    replaces(stage, api, "abcd")
    api.intercept = lambda method, _key, _number: BUSY if method == "POST" else None
    started = time.monotonic()
    ended = apply(stage)
    assert time.monotonic() - started < 30
    assert ended.code == 6
    assert len(api.sent("DELETE")) == 1
    assert [name for name, hostname in api.hostnames().items() if hostname is None] == [key("a")]
    assert ended.document["unserved"] == [{"hostname": "a.example.com", "environment": "a", "since": "delete:a"}]


@pytest.mark.usefixtures("reads_do_not_lag")
def test_a_refused_delete_is_reported_in_the_words_of_the_api_without_advice_about_hostnames(
    stage: Stage, api: OwnApi
) -> None:
    replaces(stage, api, "a")
    refusal = Reply(409, {"detail": "the domain is being verified", "error_type": "ResourceBusyConflictError"})
    api.intercept = lambda method, _key, _number: refusal if method == "DELETE" else None
    ended = stage.run("apply", "--auto-approve")
    assert ended.code == 1
    assert "the domain is being verified" in ended.out
    assert "may have this hostname" not in ended.out
    assert "may hold this hostname" not in ended.out
    assert "nothing was deleted: check `a` in the Imgwire dashboard" in " ".join(ended.out.split())
    assert api.hostnames() == {key("a"): "a.example.com"}


@pytest.mark.parametrize("fields", [{"dcv_cname_value": None}, {"status": "", "certificate_status": None}], ids=str)
def test_a_replace_is_done_though_the_answer_lacks_fields(stage: Stage, api: OwnApi, fields: dict[str, str]) -> None:
    replaces(stage, api, "a")
    api.fields = dict(fields)
    ended = apply(stage)
    assert (ended.code, states(ended)["create:a"]) == (0, "done")
    assert api.hostnames() == {key("a"): "new-a.example.com"}
    assert stage.run("plan", "--detailed-exitcode").code == 0


def test_an_environment_whose_status_is_unknown_counts_as_serving(stage: Stage, api: OwnApi) -> None:
    replaces(stage, api, "a")
    api.fields = {"status": None}
    document = stage.run("plan", "--format", "json").document
    assert [item["hostname"] for item in document["interruptions"]] == ["a.example.com"]


def test_an_api_that_hangs_after_the_first_delete_costs_two_step_timeouts(stage: Stage, api: OwnApi) -> None:
    replaces(stage, api, "abc")
    # The delete itself is done; nothing is answered from then on.
    api.intercept = lambda method, _key, _number: (
        Reply(200, seconds=60) if api.sent("DELETE") and method != "DELETE" else None
    )
    started = time.monotonic()
    ended = apply(stage, "--step-timeout", "1s")
    assert 2 <= time.monotonic() - started < 10
    create = next(step for step in ended.document["steps"] if step["id"] == "create:a")
    assert (create["state"], create["error"]["kind"]) == ("failed", "unknown")
    assert create["error"]["message"].endswith("no result within the step timeout of 1 s")
    assert (ended.code, states(ended)["delete:b"], len(api.sent("DELETE"))) == (6, "not_started", 1)
    lost = {"hostname": "a.example.com", "environment": "a", "since": "delete:a", "uncertain": True}
    assert ended.document["unserved"] == [lost]


def test_a_step_timeout_of_nothing_is_refused(stage: Stage) -> None:
    stage.manifest(a="a.example.com")
    ended = stage.run("apply", "--auto-approve", "--step-timeout", "0s")
    assert ended.code == 64
    assert "--step-timeout" in ended.err


def test_one_stale_read_after_a_create_is_not_believed(stage: Stage, api: OwnApi) -> None:
    replaces(stage, api, "a")
    nothing = Reply(404, {"detail": "no custom domain", "error_type": "ResourceNotFoundError"})
    reads_after_create = 0

    def stale(method: str, _key: str, _number: int) -> Reply | None:
        nonlocal reads_after_create
        if method == "GET" and api.sent("POST"):
            reads_after_create += 1
            return nothing if reads_after_create == 1 else None
        return None

    api.intercept = stale
    ended = apply(stage)
    assert (ended.code, ended.document["unserved"], set(states(ended).values())) == (0, [], {"done"})


@pytest.mark.usefixtures("reads_do_not_lag")
def test_a_create_in_the_wrong_environment_that_reads_do_not_show_is_not_called_undone(
    stage: Stage, api: OwnApi
) -> None:
    stage.set("IMGWIRE_API_KEY_A", key("a"))
    api.records[key("a")] = None
    stage.manifest(a={"hostname": "a.example.com", "environment_id": uid("another")})
    nothing = Reply(404, {"detail": "no custom domain", "error_type": "ResourceNotFoundError"})
    api.intercept = lambda method, _key, _number: nothing if method == "GET" else None
    ended = apply(stage)
    assert ended.code == 6
    assert api.sent("DELETE") == []
    message = ended.document["steps"][0]["error"]["message"]
    assert "the create was not undone, because reads do not show it" in message
    assert api.hostnames() == {key("a"): "a.example.com"}


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize(("status", "code"), [(200, 5), (401, 7), (503, 8)])
def test_a_move_interrupts_nothing_where_its_new_environment_is_taken_or_cannot_be_read(
    stage: Stage, api: OwnApi, status: int, code: int
) -> None:
    replaces(stage, api, "ab")
    api.records[key("b")] = None
    stage.manifest(a=None, b="a.example.com")
    planned = 2  # reads

    def after_planning(method: str, key_: str, number: int) -> Reply | None:
        if method != "GET" or number <= planned:
            return None
        if status != 200:
            return Reply(status, {"detail": "told to fail"})
        if key_ == key("b"):
            api.put(key_, "other.example.com")
        return None

    api.intercept = after_planning
    ended = apply(stage, "--retries", "1")
    assert (ended.code, states(ended)["create:b"], states(ended)["delete:a"]) == (code, "failed", "skipped")
    assert api.sent("DELETE") == api.sent("POST") == []
    assert api.hostnames()[key("a")] == "a.example.com"


@pytest.mark.usefixtures("reads_do_not_lag")
def test_a_delete_that_was_lost_and_overwritten_by_another_writer_is_partial(stage: Stage, api: OwnApi) -> None:
    replaces(stage, api, "a")

    def overwritten(method: str, key_: str, _number: int) -> Reply | None:
        if method != "DELETE":
            return None
        api.put(key_, "other.example.com")
        return Reply(502, "bad gateway")

    api.intercept = overwritten
    ended = apply(stage)
    assert (ended.code, ended.document["reason"]) == (6, "changed")
    assert api.hostnames() == {key("a"): "other.example.com"}
    assert json.loads(ended.out)["unserved"] == [{"hostname": "a.example.com", "environment": "a", "since": "delete:a"}]


@pytest.mark.usefixtures("reads_do_not_lag")
def test_a_delete_is_not_sent_where_the_hostname_was_replaced_while_the_receipt_was_written(
    stage: Stage, api: OwnApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk, or a process that is stopped exactly then."""
    replaces(stage, api, "a")
    append, written = ReceiptFile.append, []

    def slowly(file: ReceiptFile, line: str, *, durable: bool) -> None:
        append(file, line, durable=durable)
        if "delete:a" in line:
            if not written:
                api.put(key("a"), "of-another-writer.example.com")
                time.sleep(2.5)
            written.append(line)

    monkeypatch.setattr(ReceiptFile, "append", slowly)
    ended = apply(stage, "--receipt", "r.json")
    assert (ended.code, states(ended)["delete:a"], ("DELETE", key("a")) in api.requests) == (5, "failed", False)
    assert len(written) == 2  # before the request, and how it ended: one more read needs no further line


@pytest.mark.usefixtures("reads_do_not_lag")
@pytest.mark.parametrize("methods", [{"POST"}, {"POST", "GET"}], ids=["writes", "reads too"])
def test_a_restore_waits_for_a_retry_after_once(stage: Stage, api: OwnApi, methods: set[str]) -> None:
    """It counts from the answer, also where the reads after that have waited too."""
    replaces(stage, api, "a")
    until = 0.0

    def intercept(method: str, _key: str, number: int) -> Reply | None:
        nonlocal until
        if (method, number) == ("POST", 1):
            return Reply(422, {"detail": "no"})
        if (method, number) == ("POST", 2):
            until = time.monotonic() + 3.0
        waits = method in methods and time.monotonic() < until
        return Reply(503, {"detail": "later"}, {"Retry-After": "3"}) if waits else None

    api.intercept = intercept
    ended = apply(stage, "--step-timeout", "5s")
    assert (ended.code, ended.document["unserved"]) == (6, [])
    assert (api.hostnames(), len(api.sent("POST"))) == ({key("a"): "a.example.com"}, 3)
