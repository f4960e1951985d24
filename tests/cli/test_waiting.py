"""`--wait`: with a real DNS server and an emulator that asks it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("dns")

from lookups.server import Zone, served_aside
from samples import uid

from cli.stage import CANARY, DOMAIN, TEST, command
from cli.test_terminal import Terminal
from reconciler.cli.log import Log
from reconciler.cli.waiting import Lines
from reconciler.emulator.faults import Kind
from reconciler.emulator.switches import Switches
from reconciler.model.domains import Absent
from reconciler.model.report import Verdict, Verified

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.stage import Stage
    from reconciler.emulator.world import World

NAME = "images.example.com"
PENDING = {"status": "PENDING", "certificate_status": "PENDING"}


class Growing(Zone):
    """Publishes what it was given once the emulator has checked a domain, and found nothing."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world
        self.coming: tuple[str, ...] = ()

    def answer(self, wire: bytes, way: str) -> bytes | None:
        if not self.records and any(entry["path"] == TEST for entry in self._world.log.entries()):
            self.publish(*self.coming)
        return super().answer(wire, way)


@pytest.fixture
def zone() -> Iterator[Zone]:
    with served_aside(Zone()) as made:
        yield made


@pytest.fixture
def growing(stage: Stage) -> Iterator[Growing]:
    with served_aside(Growing(stage.world)) as made:
        yield made  # type: ignore[misc]


def by_dns(stage: Stage, zone: Zone) -> None:
    """Let the emulator decide by what this server says."""
    stage.world.switches = Switches(check="dns")
    stage.world.dns_server = str(zone.server)


def lines(stage: Stage, name: str) -> tuple[str, str]:
    live = stage.world.domains.find(uid(name))
    assert live is not None
    return f"{live.cname_record}. CNAME {live.cname_value}.", f"{live.dcv_cname_record}. CNAME {live.dcv_cname_value}."


def test_waiting_sees_the_records_appear_and_the_domain_become_ready(stage: Stage, growing: Growing) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    growing.coming = lines(stage, "web")
    by_dns(stage, growing)
    ended = stage.run("verify", "--wait", "30s", "--format", "json", "--dns-server", str(growing.server))
    assert (ended.code, [item["verdict"] for item in ended.document["dns"]]) == (0, ["ok", "ok"])
    assert ended.err == (
        "web: waiting: status PENDING, certificate PENDING: both DNS records are missing\n"
        "web: ready: CONNECTED, certificate ACTIVE\n"
    )
    assert stage.sent() == [("GET", DOMAIN), *[("GET", DOMAIN), ("POST", TEST)] * 2]


def test_time_that_runs_out_ends_with_3_and_undoes_nothing(stage: Stage, zone: Zone) -> None:
    stage.environment("web")
    stage.manifest(web=NAME)
    by_dns(stage, zone)
    ended = stage.run("apply", "--auto-approve", "--wait", "1s", "--format", "json", "--dns-server", str(zone.server))
    document = ended.document
    assert (ended.code, document["reason"], stage.live("web")) == (3, "not_ready", NAME)
    assert [step["state"] for step in document["steps"]] == ["done", "skipped"]
    assert [(item["purpose"], item["verdict"]) for item in document["dns"]] == [
        ("routing", "missing"),
        ("validation", "missing"),
    ]
    assert document["environments"][0]["verdict"] == "waiting"


def test_what_has_failed_and_dns_does_not_explain_ends_the_waiting_with_4(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    zone.publish(*lines(stage, "web"))
    stage.world.switches = Switches(check="fail")
    ended = stage.run("verify", "--wait", "10m", "--format", "json", "--dns-server", str(zone.server))
    assert (ended.code, ended.document["environments"][0]["message"]) == (
        4,
        "status FAILED, certificate FAILING: both DNS records are right",
    )


def test_apply_explains_a_stuck_domain_with_its_records_and_the_next_step(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web=NAME)
    stage.world.switches = Switches(check="fail")
    ended = stage.run("apply", "--auto-approve", "--wait", "10m", "--no-dns")
    assert ended.code == 4
    assert "at most 10m, or until a check confirms the failed ones. Publish these records now." in ended.err
    for part in (
        f"stuck  web  {NAME}",
        f"_acme-challenge.{NAME}.",
        "Next: publish these records",
    ):
        assert part in ended.out
    again = stage.run("apply", "--auto-approve", "--wait", "10m", "--no-dns")
    assert "Next: compare the DNS records with `reconciler dns check`." in again.out


def interrupted(stage: Stage, word: str, number: signal.Signals, *arguments: str) -> tuple[int, dict[str, object], str]:
    """The command, sent the signal once it has said the word on standard error: (code, document, standard error)."""
    process = subprocess.Popen(
        command(*arguments, "--format", "json"),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if word in line:
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert CANARY not in out + said + err
    return process.returncode, json.loads(out), said + err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["SIGINT", "SIGTERM"])
def test_a_signal_while_waiting_ends_it_with_what_is_known(stage: Stage, number: signal.Signals, code: int) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    stage.world.switches = Switches(check="never")
    ended, document, _ = interrupted(stage, "web: waiting", number, "verify", "--wait", "10m")
    assert (ended, document["exit_code"], document["reason"]) == (code, code, "interrupted")
    (environment,) = document["environments"]  # type: ignore[misc]
    assert (environment["verdict"], environment["live"]["hostname"]) == ("waiting", NAME)


def test_a_signal_while_apply_waits_loses_nothing_of_what_was_done(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web=NAME)
    stage.world.switches = Switches(check="never")
    ended, document, err = interrupted(
        stage, "web: waiting", signal.SIGINT, "apply", "--auto-approve", "--wait", "10m", "--receipt", "receipt.json"
    )
    assert (ended, document["outcome"], document["reason"], stage.live("web")) == (6, "partial", "interrupted", NAME)
    assert [step["state"] for step in document["steps"]] == ["done", "done"]  # type: ignore[attr-defined]
    receipt = json.loads(stage.read("receipt.json"))
    assert receipt == {**document, "created_at": receipt["created_at"]}  # the two are made one after the other
    assert "before anything was written" not in err


def test_on_a_terminal_a_table_stands_while_waiting_and_is_gone_in_the_end(stage: Stage, growing: Growing) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    growing.coming = lines(stage, "web")
    by_dns(stage, growing)
    terminal = Terminal("verify", "--wait", "30s", "--dns-server", str(growing.server))
    terminal.wait_for("1 waiting of 1")
    assert "VERDICT" in terminal.said
    assert terminal.ended() == 0
    assert terminal.lines() == [
        f"ready  web  {NAME}  CONNECTED, certificate ACTIVE",
        "Verified: 1 ready.",
    ]


def test_the_table_of_a_wait_counts_what_the_report_counts(stage: Stage) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.environment("old", f"old.{NAME}")
    stage.environment("qa")
    stage.manifest(web=NAME, old=None, qa=None)
    stage.world.switches = Switches(check="never")
    terminal = Terminal("verify", "--no-dns", "--wait", "10m")
    terminal.wait_for("1 unexpected, 1 waiting of 2")
    terminal.type("\x03")
    assert terminal.ended() == 130
    assert "Verified: 1 unexpected, 1 waiting, 1 as desired without a custom domain." in terminal.lines()


@pytest.mark.parametrize("columns", [50, 70, 100])
def test_the_table_fits_the_terminal_also_where_standard_output_goes_elsewhere(stage: Stage, columns: int) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    stage.world.switches = Switches(check="never")
    terminal = Terminal("verify", "--wait", "10m", columns=columns, redirected="> out.txt")
    terminal.wait_for("1 waiting of 1")
    titles, row, _ = terminal.lines()
    assert titles.split() == ["VERDICT", "ENVIRONMENT", "HOSTNAME", "WHY"]
    assert row.split()[:2] == ["waiting", "web"]
    terminal.type("\x03")
    assert terminal.ended() == 130


def test_elsewhere_a_line_tells_each_change_and_one_a_minute_that_it_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = 0.0
    told = Lines(Log(), 3, clock=lambda: now)

    def hear(environment: str, verdict: Verdict, message: str, at: float) -> None:
        nonlocal now
        now = at
        told.show(Verified(environment, verdict, Absent(), message))

    hear("a", Verdict.WAITING, "status PENDING", 0)
    hear("b", Verdict.READY, "serves", 1)
    for at in (20, 40, 60):
        hear("a", Verdict.WAITING, "status PENDING", at)
    hear("a", Verdict.WAITING, "status PENDING", 61)
    hear("a", Verdict.WAITING, "status PENDING", 62)
    hear("a", Verdict.READY, "serves\x1b[31m", 63)
    assert capsys.readouterr().err == (
        "a: waiting: status PENDING\nb: ready: serves\nstill waiting: 1 waiting, 1 ready of 3\na: ready: serves\\x1b[31m\n"
    )


def test_the_records_to_publish_are_printed_before_the_waiting(stage: Stage) -> None:
    stage.environment("web", None)
    stage.manifest(web="images.example.com")
    ended = stage.run("apply", "--auto-approve", "--wait", "5s")
    assert ended.code == 0
    records, waiting, ready = map(ended.err.index, ("DNS records to publish:", "at most 5s", "web: ready: "))
    assert records < waiting < ready
    assert "Next:" not in ended.err
    assert re.search(r"^done     create  web  images\.example\.com  \d+\.\d s$", ended.err, re.MULTILINE)


@pytest.mark.parametrize(("timeout", "code"), [("2.5", 0), ("30s", 0), ("1m", 0), ("0", 64), ("2h", 64), ("x", 64)])
def test_a_timeout_is_seconds_or_a_duration(stage: Stage, timeout: str, code: int) -> None:
    stage.environment("web", None)
    stage.manifest(web=None)
    assert stage.run("plan", "--timeout", timeout).code == code


def test_an_apply_that_could_read_nothing_waits_for_nothing(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web="images.example.com")
    stage.fault(Kind.STATUS, status=503, method="GET", times=None)
    assert stage.run("apply", "--auto-approve", "--retries", "0", "--wait", "5s").code == 8
    assert stage.sent() == [("GET", DOMAIN)]
