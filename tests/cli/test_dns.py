"""Looking at DNS from the command line, at a real DNS server on loopback."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("dns")

from emulator_fixture import patient
from lookups.server import Mood, Zone, served_aside
from samples import uid

from cli.stage import DOMAIN, TEST
from reconciler.emulator.faults import Kind
from reconciler.emulator.switches import Switches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cli.stage import Stage

NAME = "images.example.com"
PENDING = {"status": "PENDING", "certificate_status": "PENDING"}


@pytest.fixture
def zone() -> Iterator[Zone]:
    with served_aside(Zone()) as made:
        yield made


def lines(stage: Stage, name: str) -> tuple[str, str]:
    """The two records that Imgwire asks for, as lines of a zone."""
    live = stage.world.domains.find(uid(name))
    assert live is not None
    return f"{live.cname_record}. CNAME {live.cname_value}.", f"{live.dcv_cname_record}. CNAME {live.dcv_cname_value}."


def target(line: str) -> str:
    return line.rsplit(maxsplit=1)[-1].removesuffix(".")


def test_verify_tells_what_dns_says_of_each_record_and_the_line_to_add(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    stage.world.switches = Switches(check="never")
    routing, validation = lines(stage, "web")
    zone.publish(routing, f"_acme-challenge.{NAME}. CNAME elsewhere.example.net.")
    ended = stage.run("verify", "--format", "json", "--dns-server", str(zone.server))
    shared = {"environment": "web", "hostname": NAME, "type": "CNAME", "asked": [str(zone.server)], "note": None}
    assert (ended.code, ended.document["dns_notes"]) == (3, [])
    assert ended.document["dns"] == [
        {
            **shared,
            "purpose": "routing",
            "name": NAME,
            "value": target(routing),
            "verdict": "ok",
            "found": [target(routing)],
            "line": f"{NAME}. IN CNAME {target(routing)}.",
        },
        {
            **shared,
            "purpose": "validation",
            "name": f"_acme-challenge.{NAME}",
            "value": target(validation),
            "verdict": "wrong",
            "found": ["elsewhere.example.net"],
            "line": f"_acme-challenge.{NAME}. IN CNAME {target(validation)}.",
        },
    ]


def test_verify_says_the_same_to_people(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    stage.world.switches = Switches(check="never")
    routing, validation = lines(stage, "web")
    zone.publish(f"{NAME}. CNAME elsewhere.example.net.", 'example.com. CAA 0 issue "ca.example"')
    ended = stage.run("verify", "--dns-server", str(zone.server))
    assert ended.out == (
        f"waiting  web  {NAME}  status PENDING, certificate PENDING: "
        "in DNS the routing record is wrong and the validation record is missing\n"
        "\n"
        f"DNS (servers: {zone.server}):\n"
        f"  wrong    web  routing     {NAME}.\n"
        "      found elsewhere.example.net\n"
        f"      to replace: {NAME}. IN CNAME {target(routing)}.\n"
        f"  missing  web  validation  _acme-challenge.{NAME}.\n"
        f"      to add: _acme-challenge.{NAME}. IN CNAME {target(validation)}.\n"
        "\n"
        "DNS warnings:\n"
        "  caa: web: CAA at example.com allows only ca.example: Imgwire's certificate may not be issued\n"
        "\n"
        "Verified: 1 waiting.\n"
        "\n"
        "Next: publish the records shown (or run `reconciler dns sync`, which needs an octoDNS configuration), "
        f"then run `reconciler verify --wait 15m --dns-server {zone.server}`.\n"
    )


def test_a_ready_domain_is_ready_whatever_dns_says(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    ended = stage.run("verify", "--format", "json", "--dns-server", str(zone.server))
    assert (ended.code, [item["verdict"] for item in ended.document["dns"]]) == (0, ["missing", "missing"])
    assert stage.sent() == [("GET", DOMAIN)] * 2


def test_no_answer_is_not_checked(stage: Stage, zone: Zone) -> None:
    zone.mood = Mood.SERVFAIL
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    ended = stage.run("verify", "--format", "json", "--dns-server", str(zone.server))
    assert ended.code == 0
    assert [(item["verdict"], item["note"]) for item in ended.document["dns"]] == [
        ("not_checked", f"{zone.server} answered SERVFAIL")
    ] * 2


def test_no_dns_asks_nobody(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    ended = stage.run("verify", "--format", "json", "--no-dns", "--dns-server", str(zone.server))
    assert (ended.code, zone.questions) == (0, [])
    assert [sorted(item) for item in ended.document["dns"]] == [
        ["environment", "hostname", "name", "purpose", "type", "value"]
    ] * 2


def test_an_api_on_this_machine_says_nothing_about_the_worlds_dns(stage: Stage) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    ended = stage.run("verify", "--format", "json")
    assert (ended.code, ["verdict" in item for item in ended.document["dns"]], ended.err) == (0, [False, False], "")


def test_a_hostname_that_is_gone_from_imgwire_and_not_from_dns_is_told(stage: Stage, zone: Zone) -> None:
    stage.environment("web")
    stage.environment("other", "other.example.com")
    stage.manifest(web=NAME, other="other.example.com")
    zone.publish(f"{NAME}. CNAME cdn-proxy.imgwire.dev.")
    ended = stage.run("verify", "--format", "json", "--dns-server", str(zone.server))
    assert ended.document["dns_notes"] == [
        {
            "kind": "dangling",
            "environment": "web",
            "hostname": NAME,
            "message": f"{NAME} still points to cdn-proxy.imgwire.dev, and no environment of this run has it: "
            "another account could claim it. Apply, or remove the CNAME",
            "found": ["cdn-proxy.imgwire.dev"],
        }
    ]


@pytest.mark.parametrize(("narrowed", "code"), [((), 7), (("--env", "web"), 3)], ids=["unreadable", "left out"])
def test_a_hostname_that_another_environment_may_hold_is_not_called_dangling(
    stage: Stage, zone: Zone, narrowed: tuple[str, ...], code: int
) -> None:
    stage.environment("web")
    stage.manifest(web=NAME, unknown="other.example.com")
    zone.publish(f"{NAME}. CNAME cdn-proxy.imgwire.dev.")
    ended = stage.run("verify", *narrowed, "--format", "json", "--dns-server", str(zone.server))
    assert (ended.code, ended.document["dns_notes"]) == (code, [])


@pytest.mark.parametrize(
    ("published", "code", "reason", "verdicts"),
    [
        ((True, True), 0, None, ["ok", "ok"]),
        ((True, False), 3, "dns_missing", ["ok", "missing"]),
        ((False, False), 3, "dns_missing", ["missing", "missing"]),
    ],
    ids=["both", "one", "none"],
)
def test_dns_check_ends_with_0_when_all_is_right_and_3_when_not(
    stage: Stage, zone: Zone, published: tuple[bool, bool], code: int, reason: str | None, verdicts: list[str]
) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    zone.publish(*(line for line, there in zip(lines(stage, "web"), published, strict=True) if there))
    ended = stage.run("dns", "check", "--format", "json", "--dns-server", str(zone.server))
    assert (ended.code, ended.document["reason"]) == (code, reason)
    assert [item["verdict"] for item in ended.document["dns"]] == verdicts
    assert stage.sent() == [("GET", DOMAIN)]


@pytest.mark.parametrize(("ready", "code"), [(True, 0), (False, 3)], ids=["ready", "pending"])
def test_flattened_records_are_no_fault_of_a_ready_domain(stage: Stage, zone: Zone, ready: bool, code: int) -> None:
    stage.environment("web", NAME, **({} if ready else PENDING))
    stage.manifest(web=NAME)
    routing, validation = lines(stage, "web")
    zone.publish(f"{NAME}. A 192.0.2.1", f"{target(routing)}. A 192.0.2.1", validation)
    assert stage.run("dns", "check", "--dns-server", str(zone.server)).code == code


def test_dns_check_that_nobody_answers_is_not_a_success(stage: Stage, zone: Zone) -> None:
    zone.mood = Mood.REFUSED
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    ended = stage.run("dns", "check", "--dns-server", str(zone.server))
    assert ended.code == 3
    assert "Looked up: 2 not checked.\n" in ended.out


def test_dns_check_of_what_cannot_be_read_ends_as_reading_does(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME)
    stage.manifest(web=NAME, unknown="other.example.com")
    assert stage.run("dns", "check", "--dns-server", str(zone.server)).code == 7


def test_dns_check_in_markdown_lets_nothing_out_of_its_cell(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME, cname_value="a|b`c", **PENDING)
    stage.manifest(web=NAME)
    ended = stage.run("dns", "check", "--format", "markdown", "--dns-server", str(zone.server))
    rows = [line for line in ended.out.splitlines() if line.startswith("|")]
    assert rows[2] == (
        f"| not checked | `{NAME}` | CNAME | `a¦b'c` | routing | - | the API returned a name that cannot be a DNS record |"
    )


def test_a_dns_server_is_an_address(stage: Stage) -> None:
    ended = stage.run("verify", "--dns-server", "ns.example.com")
    assert ended.code == 64
    assert "is not ADDRESS[:PORT] with an IP address" in ended.err


@pytest.mark.parametrize(
    "command", [["apply", "--auto-approve"], ["dns", "check"], ["drift", "--dns"], ["status"], ["verify"]], ids=" ".join
)
def test_the_next_command_queries_the_same_server(stage: Stage, zone: Zone, command: list[str]) -> None:
    stage.manifest(web=NAME)
    stage.fault(Kind.STATUS, status=403, method="GET", times=None)
    ended = stage.run(*command, "--dns-server", str(zone.server))
    [line] = [line for line in (ended.out + ended.err).splitlines() if line.startswith("Next: ")]
    repeated = " ".join(word for word in command if word != "--auto-approve")
    assert f"`reconciler {repeated} --dns-server {zone.server}`" in line


WITHOUT = "import sys; sys.modules['dns'] = None; from reconciler.cli.main import main; main()"


def test_without_dnspython_verify_says_so_once_and_goes_on(stage: Stage) -> None:
    for name in ("web", "other"):
        stage.environment(name, f"{name}.example.com")
    stage.manifest(web="web.example.com", other="other.example.com")
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT, *patient(["verify", "--dns-server", "192.0.2.1"])],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (ended.returncode, ended.stderr) == (
        0,
        "warning: dnspython is not installed, so DNS is not checked: "
        "pip install '.[dns]' in a clone of the repository, or use --no-dns\n",
    )
    assert ended.stdout.endswith("Verified: 2 ready.\n")


def test_without_dnspython_dns_check_says_what_to_install(stage: Stage) -> None:
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    ended = subprocess.run([sys.executable, "-c", WITHOUT, "dns", "check"], capture_output=True, text=True, timeout=30)
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        1,
        "",
        "error: dns check needs dnspython, which is not installed\n"
        "hint: pip install '.[dns]' in a clone of the repository\n",
    )


@pytest.mark.parametrize("format_", ["table", "bind", "octodns", "dnscontrol", "terraform", "external-dns", "csv"])
def test_dns_show_prints_nothing_where_it_has_nothing_to_show(stage: Stage, format_: str) -> None:
    ended = stage.run("dns", "show", "--format", format_)
    assert (ended.code, ended.out) == (65, "")
    assert "imgwire.yaml" in ended.err


def test_verify_tests_only_where_dns_or_imgwire_leave_a_doubt(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME, **PENDING)
    stage.manifest(web=NAME)
    zone.publish(*lines(stage, "web"))
    ended = stage.run("verify", "--dns-server", str(zone.server))
    assert (ended.code, stage.sent()) == (0, [("GET", DOMAIN), ("GET", DOMAIN), ("POST", TEST)])


def test_many_domains_share_few_questions_at_once(stage: Stage, zone: Zone) -> None:
    names = [f"e{number}" for number in range(20)]
    for name in names:
        stage.environment(name, f"{name}.example.com", **PENDING)
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    stage.world.switches = Switches(check="never")
    zone.publish('example.com. CAA 0 issue "ca.example"')
    ended = stage.run("verify", "--parallelism", "2", "--format", "json", "--dns-server", str(zone.server))
    assert (ended.code, len(ended.document["dns"]), len(ended.document["dns_notes"])) == (3, 40, 1)


def test_the_old_hostname_of_a_receipt_is_checked_too(stage: Stage, zone: Zone) -> None:
    stage.environment("web", NAME)
    stage.manifest(web="new.example.com")
    assert stage.run("apply", "--auto-approve", "--receipt", "receipt.json").code == 0
    zone.publish(f"{NAME}. CNAME cdn-proxy.imgwire.dev.")
    arguments = ("dns", "check", "--baseline", "receipt.json", "--dns-server", str(zone.server))
    notes = stage.run(*arguments, "--format", "json").document["dns_notes"]
    assert [(item["kind"], item["hostname"]) for item in notes] == [("dangling", NAME)]


def test_show_names_environments_without_a_live_domain(stage: Stage) -> None:
    stage.environment("web", NAME)
    for name in ("fresh", "unwanted"):
        stage.environment(name)
    stage.manifest(web=NAME, fresh="fresh.example.com", unwanted=None)
    ended = stage.run("dns", "show", "--format", "bind")
    assert ended.code == 0
    assert (
        ended.err
        == "warning: no custom domain is live in `fresh`, so there are no records for it: run `reconciler apply`\n"
    )
    assert "fresh" not in ended.out
