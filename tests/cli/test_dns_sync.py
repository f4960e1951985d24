"""`dns sync`: into a folder of zone files, and into a real BIND by dynamic updates (RFC 2136)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

pytest.importorskip("octodns")

from dns_servers import TSIG, bind, needs_bind, transferred
from emulator_fixture import patient
from samples import uid

from cli.stage import CANARY, DOMAIN
from cli.test_terminal import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Stage

NAME = "images.example.com"
ZONE: dict[str, Any] = {
    "": [
        {"type": "MX", "value": {"exchange": "mail.example.com.", "preference": 10}},
        {"type": "NS", "value": "ns.example.net."},
    ],
    "*": {"type": "A", "value": "192.0.2.9"},
    "mail": {"type": "A", "value": "192.0.2.1"},
    "www": {"ttl": 60, "type": "CNAME", "value": "elsewhere.example.net."},
}


def needed(stage: Stage, name: str) -> dict[str, str]:
    """The targets of both records that Imgwire asks for, by name."""
    live = stage.world.domains.find(uid(name))
    assert live is not None
    return {live.cname_record: live.cname_value, live.dcv_cname_record: live.dcv_cname_value}


@pytest.fixture
def folder(stage: Stage) -> Path:
    """Zone files of octoDNS's YamlProvider as the DNS provider, with one ready domain that has no records yet."""
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE))
    configure(stage)
    return stage.folder / "zones"


def configure(stage: Stage, **more: Any) -> None:
    provider = {"class": "octodns.provider.yaml.YamlProvider", "directory": "zones", **more}
    zone = {"sources": ["files"], "targets": ["files"]}
    stage.write("octodns.yaml", yaml.safe_dump({"providers": {"files": provider}, "zones": {"example.com.": zone}}))


def zone_file(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((folder / "example.com.yaml").read_text())
    return found


def test_exactly_our_records_are_added_and_nothing_else_changes(stage: Stage, folder: Path) -> None:
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    wanted = needed(stage, "web")
    assert ended.document["published"] == [
        {
            "target": "files",
            "zone": "example.com",
            "name": name,
            "type": "CNAME",
            "before": None,
            "after": value,
            "state": "done",
            "error": None,
        }
        for name, value in wanted.items()
    ]
    ours = {
        name.removesuffix(".example.com"): {"ttl": 300, "type": "CNAME", "value": f"{value}."}
        for name, value in wanted.items()
    }
    assert (ended.code, zone_file(folder)) == (0, ZONE | ours)
    assert {method for method, _ in stage.sent()} == {"GET"}


def test_a_second_run_finds_nothing_to_do(stage: Stage, folder: Path) -> None:
    stage.run("dns", "sync", "--auto-approve")
    before = (folder / "example.com.yaml").stat().st_mtime_ns
    ended = stage.run("dns", "sync")
    assert (ended.code, ended.out) == (0, "Published: nothing, every record is there.\n")
    assert (folder / "example.com.yaml").stat().st_mtime_ns == before


def test_a_cname_that_leads_elsewhere_is_replaced_and_keeps_its_ttl(stage: Stage, folder: Path) -> None:
    old = {"images": {"ttl": 60, "type": "CNAME", "value": "old.example.net."}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | old))
    ended = stage.run("dns", "sync", "--auto-approve")
    assert "~ update  files  images.example.com." in ended.err
    assert "(before: old.example.net.)" in ended.err
    assert zone_file(folder)["images"] == {"ttl": 60, "type": "CNAME", "value": f"{needed(stage, 'web')[NAME]}."}


def test_a_name_with_other_records_is_left_alone(stage: Stage, folder: Path) -> None:
    other = {"images": {"type": "A", "value": "192.0.2.7"}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | other))
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", ZONE | other)
    assert ended.document["message"] == (
        "files: example.com: images.example.com has an A record, 192.0.2.7, and a CNAME cannot coexist with it: remove it, or "
        "replace it with `reconciler dns sync --replace images.example.com` once its domain is live; nothing was written"
    )


def test_what_was_written_is_shown_where_the_rest_was_refused(stage: Stage, folder: Path) -> None:
    stage.environment("other", "images.example.org")
    stage.manifest(web=NAME, other="images.example.org")
    ended = stage.run("dns", "sync", "--auto-approve")
    assert ended.code == 6
    assert f"  done     files  {NAME}. " in ended.err
    assert "\nPublished: 2 done, 2 refused.\n" in ended.err


def test_without_consent_the_plan_is_shown_and_nothing_is_written(stage: Stage, folder: Path) -> None:
    ended = stage.run("dns", "sync")
    assert (ended.code, zone_file(folder)) == (5, ZONE)
    assert "+ create  files  images.example.com." in ended.err
    again = " ".join(patient(["dns", "sync"]))
    assert f"hint: to publish without approval: `reconciler {again} --auto-approve`\n" in ended.err


def test_without_consent_the_document_says_what_would_be_done(stage: Stage, folder: Path) -> None:
    ended = stage.run("dns", "sync", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "no_consent", ZONE)
    assert [(item["name"], item["state"]) for item in ended.document["published"]] == [
        (name, "planned") for name in needed(stage, "web")
    ]


@pytest.mark.parametrize(("answer", "code"), [("yes\r", 0), ("y\r", 5)], ids=["yes", "anything else"])
def test_on_a_terminal_only_yes_is_consent(stage: Stage, folder: Path, answer: str, code: int) -> None:
    terminal = Terminal("dns", "sync")
    terminal.wait_for("Publish 2 records? Type 'yes' to confirm: ")
    terminal.type(answer)
    assert terminal.ended() == code
    assert (zone_file(folder) == ZONE) is (code != 0)


def test_what_is_not_live_as_desired_is_not_published(stage: Stage, folder: Path) -> None:
    stage.environment("moved", "old.example.com")
    stage.environment("doomed", "gone.example.com")
    stage.manifest(web=NAME, moved="new.example.com", doomed={"hostname": None})
    stage.run("dns", "sync", "--auto-approve")
    assert set(zone_file(folder)) - set(ZONE) == {"images", "_acme-challenge.images"}


def test_the_wrong_environment_is_not_published(stage: Stage, folder: Path) -> None:
    stage.manifest(web={"hostname": NAME, "environment_id": uid("another")})
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "wrong_environment", ZONE)


def test_an_environment_that_cannot_be_read_keeps_no_other_from_being_published(stage: Stage, folder: Path) -> None:
    stage.manifest(web=NAME, unknown="other.example.com")
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (6, "unreadable")
    assert "images" in zone_file(folder)
    assert stage.run("dns", "sync").code == 7


def test_a_name_in_no_zone_of_the_configuration_is_refused_and_other_zones_go_on(stage: Stage, folder: Path) -> None:
    stage.environment("other", "images.example.org")
    stage.manifest(web=NAME, other="images.example.org")
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (6, "not_published")
    assert "images" in zone_file(folder)
    assert [(item["name"], item["state"]) for item in ended.document["published"]] == [
        (NAME, "done"),
        (f"_acme-challenge.{NAME}", "done"),
        ("images.example.org", "refused"),
        ("_acme-challenge.images.example.org", "refused"),
    ]
    assert "no zone of the configuration contains images.example.org" in ended.err


@pytest.mark.parametrize(
    ("zones", "message"),
    [
        ({}, "no zone of the configuration contains images.example.com: add its zone to `zones`"),
        ({"example.com": {"targets": ["files"]}}, "no zone of the configuration contains images.example.com"),
        ({"ample.com.": {"targets": ["files"]}}, "no zone of the configuration contains images.example.com"),
        ({"example.com.": None}, "the zone example.com. has no targets"),
        ({"example.com.": {"sources": ["files"]}}, "the zone example.com. has no targets"),
        ({"example.com.": {"alias": "other.com."}}, "the zone example.com. has no targets"),
        ({"example.com.": {"targets": ["file"]}}, "names the target file, which is not among the providers"),
        ({"example.com.": {"targets": ["files"]}, "images.example.com.": None}, "the zone images.example.com. has no"),
    ],
    ids=["none", "no dot", "no label", "empty", "no targets", "alias", "unknown target", "closest"],
)
def test_a_zone_that_cannot_be_written_is_refused(
    stage: Stage, folder: Path, zones: dict[str, Any], message: str
) -> None:
    provider = {"class": "octodns.provider.yaml.YamlProvider", "directory": "zones"}
    stage.write("octodns.yaml", yaml.safe_dump({"providers": {"files": provider}, "zones": zones}))
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", ZONE)
    assert message in ended.document["message"]


PROVIDERS = '''
"""Providers that misbehave."""
import os
import signal
from octodns.provider.yaml import YamlProvider
from octodns.record import Record


class Meddling(YamlProvider):
    """Would change another record as well."""

    def _process_desired_zone(self, desired):
        for record in list(desired.records):
            if record.name == "mail":
                desired.remove_record(record)
        return super()._process_desired_zone(desired)


class Broken(YamlProvider):
    """Fails when it comes to writing, and says its token."""

    def __init__(self, *args, token, **kwargs):
        super().__init__(*args, **kwargs)
        self.token = token

    def _apply(self, plan):
        raise RuntimeError(f"401 for {self.token}")


class InterruptedAfter(YamlProvider):
    """Ctrl-C comes at the first read after a write."""

    times = 1
    written = False

    def _apply(self, plan):
        super()._apply(plan)
        type(self).written = True

    def populate(self, zone, *args, **kwargs):
        if self.written and type(self).times:
            type(self).times -= 1
            os.kill(os.getpid(), signal.SIGINT)
        return super().populate(zone, *args, **kwargs)


class InterruptedBefore(InterruptedAfter):
    """The same at the read before the write of another target."""

    def populate(self, zone, *args, **kwargs):
        InterruptedAfter.times = 0 if self.id == "files" else 1
        return super().populate(zone, *args, **kwargs)


class Interrupted(YamlProvider):
    """Ctrl-C comes while it writes."""

    def _apply(self, plan):
        os.kill(os.getpid(), signal.SIGINT)
        raise RuntimeError("interrupted too late")
'''


def two_targets(stage: Stage, first: str, second: str) -> None:
    """The zone goes to both of these providers, each with files of its own."""
    stage.write("providers.py", PROVIDERS)
    stage.set("PYTHONPATH", str(stage.folder))
    stage.set("DNS_TOKEN", f"{CANARY}-token")
    stage.write("more/example.com.yaml", yaml.safe_dump(ZONE))
    providers = {
        "files": {"class": first, "directory": "zones"},
        "more": {"class": second, "directory": "more"},
    }
    for provider in providers.values():
        if provider["class"].endswith("Broken"):
            provider["token"] = "env/DNS_TOKEN"
    zone = {"sources": ["files"], "targets": ["files", "more"]}
    stage.write("octodns.yaml", yaml.safe_dump({"providers": providers, "zones": {"example.com.": zone}}))


FILES = "octodns.provider.yaml.YamlProvider"


def test_a_provider_that_fails_stops_no_other(stage: Stage, folder: Path) -> None:
    two_targets(stage, "providers.Broken", FILES)
    ended = stage.spawn("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (6, "not_published")
    assert [(item["target"], item["state"]) for item in ended.document["published"]] == [
        ("files", "failed"),
        ("files", "failed"),
        ("more", "done"),
        ("more", "done"),
    ]
    assert "images" in yaml.safe_load(stage.read("more/example.com.yaml"))


def test_ctrl_c_while_publishing_tells_what_is_done_and_what_is_not(stage: Stage, folder: Path) -> None:
    two_targets(stage, "providers.Interrupted", FILES)
    ended = stage.spawn("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (6, "interrupted")
    assert [(item["target"], item["state"], item["error"]) for item in ended.document["published"]] == [
        ("files", "failed", "interrupted; a re-read shows that the record was not written"),
        ("files", "failed", "interrupted; a re-read shows that the record was not written"),
        ("more", "not_started", None),
        ("more", "not_started", None),
    ]
    assert yaml.safe_load(stage.read("more/example.com.yaml")) == ZONE


@pytest.mark.parametrize("first", ["providers.InterruptedAfter", "providers.InterruptedBefore"])
def test_ctrl_c_after_a_write_hides_nothing_that_was_written(stage: Stage, folder: Path, first: str) -> None:
    two_targets(stage, first, first if first.endswith("Before") else FILES)
    ended = stage.spawn("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (6, "interrupted")
    assert [(item["target"], item["state"]) for item in ended.document["published"]] == [
        ("files", "done"),
        ("files", "done"),
        ("more", "not_started"),
        ("more", "not_started"),
    ]
    assert "images" in zone_file(folder)
    assert yaml.safe_load(stage.read("more/example.com.yaml")) == ZONE


def test_a_plan_that_touches_another_name_is_refused(stage: Stage, folder: Path) -> None:
    stage.write("providers.py", PROVIDERS)
    stage.set("PYTHONPATH", str(stage.folder))
    configure(stage, **{"class": "providers.Meddling"})
    ended = stage.spawn("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", ZONE)
    assert ended.document["message"] == (
        "files: example.com: the provider would also change mail.example.com. A; nothing was written"
    )


def test_a_provider_that_fails_is_told_without_its_secret(stage: Stage, folder: Path) -> None:
    stage.write("providers.py", PROVIDERS)
    stage.set("PYTHONPATH", str(stage.folder))
    stage.set("DNS_TOKEN", f"{CANARY}-token")
    configure(stage, **{"class": "providers.Broken", "token": "env/DNS_TOKEN"})
    ended = stage.spawn("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (1, "not_published")
    assert [(item["state"], item["error"]) for item in ended.document["published"]] == [
        ("failed", "RuntimeError: 401 for …")
    ] * 2


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "octodns.yaml: No such file or directory"),
        ("providers: [", "octodns.yaml: ParserError: "),
        ("", "octodns.yaml: the configuration is not a mapping"),
        ("providers: {}", "octodns.yaml: the configuration has no `zones`"),
        ("providers: []\nzones: {}", "octodns.yaml: `providers` is not a mapping"),
        ("providers: {x: }\nzones: {}", "octodns.yaml: `x` below `providers` is not a mapping"),
        ("providers: {x: {class: no.such.Provider}}\nzones: {}", "octodns.yaml: "),
        ("providers: {x: {class: octodns.provider.yaml.YamlProvider}}\nzones: {}", "octodns.yaml: "),
    ],
    ids=[
        "missing",
        "not YAML",
        "empty",
        "no zones",
        "list of providers",
        "empty provider",
        "unknown class",
        "setting missing",
    ],
)
def test_a_configuration_that_cannot_be_used_ends_with_65(
    stage: Stage, folder: Path, config: str | None, message: str
) -> None:
    (stage.folder / "octodns.yaml").unlink()
    if config is not None:
        stage.write("octodns.yaml", config)
    ended = stage.spawn("dns", "sync", "--auto-approve", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (65, "invalid_config")
    assert ended.document["message"].startswith(message)
    assert "Traceback" not in ended.err


MASTER = """$TTL 3600
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
@ MX 10 mail
@ TXT "v=spf1 -all"
@ CAA 0 issue "ca.example"
ns A 127.0.0.1
mail A 192.0.2.1
* A 192.0.2.9
www 60 CNAME elsewhere.example.net.
images 120 CNAME old-cdn.example.net.
_sip._tcp SRV 0 5 5060 sip
sub NS ns.other.example.
sub DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000
"""


@pytest.mark.parametrize("more", [[], ["--allow-zone-rewrite"]], ids=["", "allowed"])
def test_zone_files_that_would_be_written_anew_are_left_alone(stage: Stage, tmp_path: Path, more: list[str]) -> None:
    """octodns-bind does not read the zone file that it writes."""
    pytest.importorskip("octodns_bind")
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    zone = tmp_path / "example.com."
    zone.write_text(MASTER)
    provider = {"class": "octodns_bind.ZoneFileProvider", "directory": str(tmp_path)}
    zones = {"example.com.": {"sources": ["files"], "targets": ["files"]}}
    stage.write("octodns.yaml", json.dumps({"providers": {"files": provider}, "zones": zones}))
    ended = stage.run("dns", "sync", "--auto-approve", "--format", "json", *more)
    assert (ended.code, ended.document["reason"], zone.read_text()) == (5, "cannot_publish", MASTER)
    assert "ZoneFileProvider cannot be used" in ended.document["message"]
    assert "`reconciler dns show --format bind`" in ended.document["message"]


@needs_bind
def test_a_real_dns_server_gets_our_records_and_keeps_every_other_name(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    pytest.importorskip("octodns_bind")
    stage.environment("web", NAME)
    stage.manifest(web=NAME)
    stage.set("TSIG", TSIG)
    with bind(tmp_path_factory.mktemp("bind"), {"example.com": MASTER}) as port:
        provider = {
            "class": "octodns_bind.Rfc2136Provider",
            "host": "127.0.0.1",
            "port": port,
            "key_name": "update.",
            "key_secret": "env/TSIG",
            "key_algorithm": "hmac-sha256",
        }
        zones = {"example.com.": {"sources": ["bind"], "targets": ["bind"]}}
        stage.write("octodns.yaml", json.dumps({"providers": {"bind": provider}, "zones": zones}))
        before = transferred(port)
        first = stage.run("dns", "sync", "--auto-approve", "--format", "json")
        after = transferred(port)
        second = stage.run("dns", "sync")
        check = stage.run("dns", "check", "--dns-server", f"127.0.0.1:{port}")
    wanted = needed(stage, "web")
    assert (first.code, [item["before"] for item in first.document["published"]]) == (0, ["old-cdn.example.net", None])
    assert before - after == {f"{NAME}. 120 CNAME old-cdn.example.net."}
    assert after - before == {
        f"{NAME}. 120 CNAME {wanted[NAME]}.",
        f"_acme-challenge.{NAME}. 300 CNAME {wanted[f'_acme-challenge.{NAME}']}.",
    }
    assert (second.out, check.code) == ("Published: nothing, every record is there.\n", 0)
    assert TSIG not in first.out + first.err
    assert stage.sent() == [("GET", DOMAIN)] * 4  # the first sync reads again before it writes
