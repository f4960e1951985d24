"""`apply --publish`: one command from no custom domain to a ready one, and nothing lost where publishing fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

pytest.importorskip("octodns")

from dns_servers import TSIG, bind, needs_bind, transferred
from lookups.server import Zone, served_aside
from samples import uid

from cli.stage import DOMAIN, TEST
from cli.test_dns_sync import NAME, ZONE, configure, needed, zone_file
from cli.test_dns_sync_safety import PROVIDERS
from reconciler.emulator.switches import Switches
from reconciler.model.proposal import Approved

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Ended, Stage
    from reconciler.model.proposal import Proposal

ACME = f"_acme-challenge.{NAME}"
MASTER = "$TTL 60\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\nns A 127.0.0.1\nmail A 192.0.2.1\n"


@pytest.fixture
def folder(stage: Stage) -> Path:
    """Zone files as the DNS provider, and an environment without a custom domain."""
    stage.environment("web")
    stage.manifest(web=NAME)
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE))
    stage.write("providers.py", PROVIDERS)
    stage.set("PYTHONPATH", str(stage.folder))
    configure(stage)
    return stage.folder / "zones"


def apply(stage: Stage, *more: str) -> Ended:
    return stage.spawn("apply", "--auto-approve", "--publish", "octodns.yaml", "--format", "json", *more)


def states(ended: Ended) -> list[tuple[str, str]]:
    return [(item["name"], item["state"]) for item in ended.document["published"]]


@needs_bind
def test_one_command_leads_from_no_domain_to_a_ready_one(
    stage: Stage, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stage.environment("web")
    stage.manifest(web=NAME)
    stage.set("TSIG", TSIG)
    with bind(tmp_path_factory.mktemp("bind"), {"example.com": MASTER}) as port:
        server = f"127.0.0.1:{port}"
        stage.world.switches = Switches(check="dns")
        stage.world.dns_server = server
        provider = {
            "class": "octodns_bind.Rfc2136Provider",
            "host": "127.0.0.1",
            "port": port,
            "key_name": "update.",
            "key_secret": "env/TSIG",
            "key_algorithm": "hmac-sha256",
        }
        zones = {"example.com.": {"sources": ["dns"], "targets": ["dns"]}}
        stage.write("octodns.yaml", json.dumps({"providers": {"dns": provider}, "zones": zones}))
        before = transferred(port)
        ended = apply(stage, "--wait", "1m", "--dns-server", server)
        after = transferred(port)
    assert ended.code == 0, ended.err
    assert states(ended) == [(NAME, "done"), (ACME, "done")]
    assert after - before == {f"{name}. 300 CNAME {value}." for name, value in needed(stage, "web").items()}
    assert before - after == set()
    assert [item["verdict"] for item in ended.document["dns"]] == ["ok", "ok"]
    assert [item["state"] for item in ended.document["steps"]] == ["done", "done"]
    assert stage.sent().count(("POST", TEST)) == 1
    (live,) = ended.document["environments"]
    assert (live["live"]["status"], live["live"]["certificate_status"]) == ("CONNECTED", "ACTIVE")


def test_the_records_are_announced_before_consent(stage: Stage, folder: Path) -> None:
    old = {"images": {"ttl": 60, "type": "CNAME", "value": "old.example.net."}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | old))
    ended = stage.spawn("apply", "--publish", "octodns.yaml")
    assert (ended.code, zone_file(folder)) == (5, ZONE | old)
    announced = [line for line in ended.err.splitlines() if "after the create, at files: example.com: " in line]
    assert [line.rpartition(": ")[2] for line in announced] == [
        f"{NAME} CNAME to a name below imgwire.dev, instead of old.example.net",
        f"{ACME} CNAME to a name below imgwire.dev",
    ]


def test_the_records_of_each_create_are_published(stage: Stage, folder: Path) -> None:
    names = [f"e{number}" for number in range(5)]
    for name in names:
        stage.environment(name)
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    ended = apply(stage)
    assert (ended.code, {state for _, state in states(ended)}) == (0, {"done"})
    assert set(zone_file(folder)) - set(ZONE) == {*names, *(f"_acme-challenge.{name}" for name in names)}


def test_a_conflict_is_found_before_anything_is_written(stage: Stage, folder: Path) -> None:
    other = ZONE | {"images": {"type": "A", "value": "192.0.2.7"}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(other))
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", other)
    assert "has an A record, 192.0.2.7, and a CNAME cannot coexist with it" in ended.document["message"]
    assert {method for method, _ in stage.sent()} == {"GET"}


def test_a_provider_that_cannot_be_reached_stops_the_apply_before_it_writes(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Unreadable", "error": "refused"})
    ended = apply(stage)
    assert (ended.code, stage.live("web")) == (8, None)
    assert {method for method, _ in stage.sent()} == {"GET"}


def test_a_configuration_that_cannot_be_used_stops_the_apply(stage: Stage, folder: Path) -> None:
    (stage.folder / "octodns.yaml").unlink()
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], stage.live("web")) == (65, "invalid_config", None)


def test_publishing_that_fails_undoes_no_create(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Halfway"})
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], stage.live("web")) == (6, "not_published", NAME)
    assert states(ended) == [(NAME, "done"), (ACME, "failed")]
    assert [item["name"] for item in ended.document["dns"]] == [NAME, ACME]


@pytest.mark.parametrize(("created", "writes"), [(None, ["DELETE", "POST"]), ("new.example.com", ["POST"])])
@pytest.mark.parametrize("provider", ["Halfway", "Slow"])
def test_a_record_that_cannot_be_published_starts_no_further_delete(
    stage: Stage, folder: Path, provider: str, created: str | None, writes: list[str]
) -> None:
    """The first replace, or a plain create, counts only once its records are published, however long that takes."""
    configure(stage, **{"class": f"providers.{provider}"})
    names = ["web", "other", "third", "fourth"]
    for name in names:
        stage.environment(name, f"old-{name}.example.com")
    stage.environment("new")
    more = {"new": created} if created else {}
    stage.manifest(**{name: f"{name}.example.com" for name in names}, **more)
    ended = apply(stage, "--max-interruptions", "4")
    assert ended.code == 6
    assert [method for method, path in stage.sent() if path == DOMAIN and method != "GET"] == writes
    held = [step["error"]["kind"] for step in ended.document["steps"] if step["state"] == "not_started"]
    assert held[0] == "not_published"


@pytest.fixture
def unpublished(stage: Stage, folder: Path) -> Stage:
    """An earlier run has created the domain and has published none of its records."""
    assert stage.run("apply", "--auto-approve", "--no-dns").code == 0
    stage.change("web", status="PENDING", certificate_status="PENDING")
    return stage


def test_what_a_killed_run_has_created_and_not_published_is_published_by_the_next_one(
    unpublished: Stage, folder: Path
) -> None:
    """The create is done then, so the plan has only its check."""
    before = len(unpublished.sent())
    ended = apply(unpublished)
    assert (ended.code, states(ended)) == (0, [(NAME, "done"), (ACME, "done")])
    assert set(zone_file(folder)) == {*ZONE, "images", "_acme-challenge.images"}
    assert {method for method, path in unpublished.sent()[before:] if path == DOMAIN} == {"GET"}


def test_without_consent_no_such_record_is_published(unpublished: Stage, folder: Path) -> None:
    ended = unpublished.spawn("apply", "--publish", "octodns.yaml", "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "no_consent", ZONE)
    assert f"{NAME}." in ended.err
    digest = f"sha256:{'0' * 64}"
    ended = unpublished.spawn("apply", "--publish", "octodns.yaml", "--expect-digest", digest, "--format", "json")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "cannot_publish", ZONE)
    assert states(ended) == [(NAME, "refused"), (ACME, "refused")]


def test_a_plan_file_approves_no_record_that_it_does_not_have(unpublished: Stage, folder: Path) -> None:
    unpublished.environment("other")
    unpublished.manifest(web=NAME, other="other.example.com")
    assert unpublished.run("plan", "--out", "p.json").code == 0
    ended = unpublished.spawn("apply", "p.json", "--publish", "octodns.yaml")
    assert (ended.code, set(zone_file(folder)) & {"images", "other"}) == (6, {"other"})
    assert f"{NAME}: not approved" in ended.err


def test_a_plan_file_approves_the_records_of_its_own_creates_in_a_later_run(stage: Stage, folder: Path) -> None:
    stage.environment("web", OLD)
    assert stage.run("plan", "--out", "p.json").code == 0
    configure(stage, **{"class": "providers.Halfway"})
    again = ("apply", "p.json", "--publish", "octodns.yaml", "--format", "json")
    ended = stage.spawn(*again)
    assert (ended.code, states(ended)) == (6, [(NAME, "done"), (ACME, "failed")])
    stage.change("web", status="PENDING", certificate_status="PENDING")
    configure(stage)
    ended = stage.spawn(*again)
    assert (ended.code, states(ended)) == (0, [(ACME, "done")])
    assert set(zone_file(folder)) == {*ZONE, "images", "_acme-challenge.images"}


def test_a_name_that_cannot_be_published_holds_no_record_of_another_environment(
    unpublished: Stage, folder: Path
) -> None:
    unpublished.environment("other", "other.example.com", status="PENDING", certificate_status="PENDING")
    unpublished.manifest(web=NAME, other="other.example.com")
    taken = ZONE | {"images": {"type": "A", "value": "192.0.2.1"}}
    unpublished.write("zones/example.com.yaml", yaml.safe_dump(taken))
    ended = apply(unpublished)
    assert (ended.code, set(zone_file(folder))) == (0, {*taken, "other", "_acme-challenge.other"})
    assert f"warning: {NAME} is not published" in ended.err


def test_a_record_that_another_writer_has_changed_since_it_was_shown_is_kept(
    unpublished: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failover = ZONE | {"images": {"type": "CNAME", "value": "failover.example.net."}}

    async def approve(proposal: Proposal) -> Approved:
        (folder / "example.com.yaml").write_text(yaml.safe_dump(failover), encoding="utf-8")
        return Approved(proposal.digest)

    monkeypatch.setattr("reconciler.cli.approval.PlanApproval.__call__", lambda _self, proposal: approve(proposal))
    monkeypatch.syspath_prepend(str(folder.parent))
    ended = unpublished.run("apply", "--publish", "octodns.yaml", "--format", "json")
    assert (ended.code, zone_file(folder)) == (5, failover)  # nothing was written
    assert f"{NAME} was not shown so before the approval: it is a CNAME to failover.example.net now" in ended.err


@pytest.mark.usefixtures("reads_do_not_lag")
def test_records_of_a_domain_that_is_deleted_before_the_approval_are_not_published(
    unpublished: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def approve(proposal: Proposal) -> Approved:
        unpublished.world.domains.delete(uid("web"))
        return Approved(proposal.digest)

    monkeypatch.setattr("reconciler.cli.approval.PlanApproval.__call__", lambda _self, proposal: approve(proposal))
    monkeypatch.syspath_prepend(str(folder.parent))
    ended = unpublished.run("apply", "--publish", "octodns.yaml")
    assert (ended.code, zone_file(folder)) == (5, ZONE)
    assert "web: its custom domain has changed since it was shown" in ended.err


@pytest.mark.parametrize(("value", "replaced"), [("old.example.net.", False), ("cdn-proxy.eu.imgwire.dev.", True)])
def test_only_a_cname_to_imgwire_is_replaced_by_such_a_record(
    unpublished: Stage, folder: Path, value: str, replaced: bool
) -> None:
    """Elsewhere it may serve what is still to be moved; that stops no other environment."""
    unpublished.environment("other", "old.example.com")
    unpublished.manifest(web=NAME, other="other.example.com")
    unpublished.write("zones/example.com.yaml", yaml.safe_dump(ZONE | {"images": {"type": "CNAME", "value": value}}))
    ended = apply(unpublished)
    assert (ended.code, unpublished.live("other")) == (0, "other.example.com")
    assert (zone_file(folder)["images"]["value"] != value) is replaced
    assert (f"{NAME} is not published: it is a CNAME to old.example.net" in ended.err) is not replaced


def test_a_zone_that_cannot_be_read_for_such_a_record_ends_the_run(unpublished: Stage, folder: Path) -> None:
    configure(unpublished, **{"class": "providers.Unreadable", "error": "refused"})
    ended = apply(unpublished)
    assert (ended.code, ended.document["reason"]) == (8, "cannot_publish")


@pytest.mark.parametrize("dcv", ["record", "hostname", "placeholder", "delegated"])
def test_every_documented_or_usual_validation_target_is_published(stage: Stage, folder: Path, dcv: Any) -> None:
    stage.world.switches = Switches(dcv=dcv)
    ended = apply(stage)
    assert (ended.code, states(ended)) == (0, [(NAME, "done"), (ACME, "done")])


def test_an_unusual_target_is_not_published_unseen(stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.emulator.domains._DELEGATION_HOST", "collector.example.net")
    stage.world.switches = Switches(dcv="delegated")
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (6, "not_published", ZONE)
    assert f"{NAME}.collector.example.net is not below imgwire.dev: check it, then run dns sync" in ended.err


def test_another_record_that_changes_while_publishing_is_reported(stage: Stage, folder: Path) -> None:
    configure(stage, **{"class": "providers.Careless"})
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], stage.live("web")) == (6, "other_records_changed", NAME)
    assert "another record changed while publishing: mail.example.com" in ended.err
    assert [(item["name"], item["after"]) for item in ended.document["other_changes"]] == [
        ("mail.example.com.", "300 192.0.2.66")
    ]


FLAKY = """
from octodns.provider.yaml import YamlProvider

class Flaky(YamlProvider):
    \"\"\"Cannot be read, counted from 1: these times, or from this time on.\"\"\"

    def __init__(self, *args, fails=(), fails_from=99, **kwargs):
        self.reads, self.fails, self.fails_from = 0, fails, fails_from
        super().__init__(*args, **kwargs)

    def populate(self, zone, target=False, lenient=False):
        Flaky.reads = getattr(Flaky, "reads", 0) + target
        if target and (Flaky.reads in self.fails or Flaky.reads >= self.fails_from):
            raise OSError("down")
        return super().populate(zone, target, lenient)
"""


def test_a_provider_that_cannot_be_read_once_is_read_again(stage: Stage, folder: Path) -> None:
    stage.write("flaky.py", FLAKY)
    configure(stage, **{"class": "flaky.Flaky", "fails": [3, 4]})
    ended = apply(stage)
    assert (ended.code, states(ended)) == (0, [(NAME, "done"), (ACME, "done")])
    assert set(zone_file(folder)) == {*ZONE, "images", "_acme-challenge.images"}


def test_a_target_that_is_down_keeps_no_record_from_the_other_one(stage: Stage, folder: Path) -> None:
    stage.write("flaky.py", FLAKY)
    files = {"class": "octodns.provider.yaml.YamlProvider", "directory": "zones"}
    down = {"class": "flaky.Flaky", "directory": "zones", "fails_from": 3}
    zone = {"sources": ["files"], "targets": ["down", "files"]}
    providers = {"files": files, "down": down}
    stage.write("octodns.yaml", yaml.safe_dump({"providers": providers, "zones": {"example.com.": zone}}))
    ended = apply(stage)
    assert (ended.code, ended.document["reason"]) == (6, "not_published")
    assert set(zone_file(folder)) == {*ZONE, "images", "_acme-challenge.images"}
    assert {item["state"] for item in ended.document["published"] if item["target"] == "down"} == {"refused"}


def test_a_signal_while_a_provider_is_read_ends_the_run_in_one_line(stage: Stage, folder: Path) -> None:
    stage.write(
        "slow.py",
        "import os, signal, time\n"
        "from octodns.provider.yaml import YamlProvider\n"
        "class Slow(YamlProvider):\n"
        "    def populate(self, *args, **kwargs):\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        time.sleep(10)\n",
    )
    configure(stage, **{"class": "slow.Slow"})
    ended = stage.spawn("apply", "--auto-approve", "--publish", "octodns.yaml")
    assert (ended.code, ended.err) == (130, "error: interrupted before anything was written\n")


def test_a_plan_without_creates_needs_no_provider(stage: Stage, folder: Path) -> None:
    assert apply(stage).code == 0
    (stage.folder / "octodns.yaml").unlink()
    assert apply(stage).code == 0


def test_a_domain_is_not_checked_while_dns_lacks_its_records(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web=NAME)
    with served_aside(Zone()) as zone:
        ended = stage.run("apply", "--auto-approve", "--dns-server", str(zone.server), "--format", "json")
    assert (ended.code, ("POST", TEST) in stage.sent(), ("POST", DOMAIN) in stage.sent()) == (0, False, True)
    steps: list[Any] = ended.document["steps"]
    assert [(step["op"], step["state"]) for step in steps] == [("create", "done"), ("verify", "skipped")]
    assert steps[1]["error"]["kind"] == "dns_not_ready"
    assert steps[1]["error"]["message"] == f"not checked after the create: DNS lacked {NAME} and {ACME}"


OLD = "old.example.com"
OLD_ACME = f"_acme-challenge.{OLD}"


def replaced(stage: Stage, folder: Path, **zone: str) -> dict[str, Any]:
    """`web` has a published hostname, and another Environment has the desired one: the zone, with the values of `zone`."""
    stage.environment("web", OLD)
    stage.environment("other", NAME)
    published = {name.removesuffix(".example.com"): value for name, value in needed(stage, "web").items()} | zone
    content = ZONE | {name: {"ttl": 60, "type": "CNAME", "value": f"{value}."} for name, value in published.items()}
    (folder / "example.com.yaml").write_text(yaml.safe_dump(content))
    stage.manifest(web=NAME)
    return content


def test_the_new_validation_record_of_a_restored_hostname_is_published(stage: Stage, folder: Path) -> None:
    before = replaced(stage, folder)
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], stage.live("web")) == (6, "conflict", OLD)
    target = needed(stage, "web")[OLD_ACME]
    assert before["_acme-challenge.old"]["value"] != f"{target}."
    record = {"ttl": 60, "type": "CNAME", "value": f"{target}."}
    assert zone_file(folder) == before | {"_acme-challenge.old": record}
    assert states(ended) == [(OLD_ACME, "done")]


@pytest.mark.usefixtures("reads_do_not_lag")
def test_a_restored_hostname_whose_zone_cannot_be_read_starts_no_further_delete(stage: Stage, folder: Path) -> None:
    before = replaced(stage, folder)
    stage.environment("zoo", "zoo.example.com")
    stage.manifest(web=NAME, zoo="new.example.com")
    stage.write("flaky.py", FLAKY)
    configure(stage, **{"class": "flaky.Flaky", "fails_from": 3})
    ended = apply(stage)
    assert (ended.code, stage.live("web"), stage.live("zoo")) == (6, OLD, "zoo.example.com")
    assert (states(ended), zone_file(folder)) == ([(OLD_ACME, "refused")], before)


@pytest.mark.parametrize("name", ["_acme-challenge.old", "old"])
def test_a_record_of_a_restored_hostname_that_points_elsewhere_by_now_is_kept(
    stage: Stage, folder: Path, name: str
) -> None:
    before = replaced(stage, folder, **{name: "shop.example.net"})
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], stage.live("web")) == (6, "conflict", OLD)
    assert zone_file(folder)[name] == before[name]
    assert {item["name"] for item in ended.document["dns"]} == {OLD, OLD_ACME}


def test_a_restored_hostname_whose_zone_is_not_configured_is_only_listed(stage: Stage, folder: Path) -> None:
    stage.environment("web", "old.example.org")
    stage.environment("other", NAME)
    ended = apply(stage)
    assert (ended.code, ended.document["reason"], states(ended)) == (6, "conflict", [])
    assert {item["hostname"] for item in ended.document["dns"]} == {"old.example.org"}
