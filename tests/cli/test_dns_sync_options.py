"""The options of `dns sync`: zones, TTL, replacing, ahead of an apply, and deleting what is stale."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

pytest.importorskip("octodns")

from samples import uid

from cli.stage import key
from cli.test_dns_sync import NAME, ZONE, folder, needed, zone_file
from reconciler.cli.approval import PublishApproval
from reconciler.model.probe import Probe, ProbeVerdict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cli.stage import Ended, Stage

__all__ = ["folder"]

ACME = f"_acme-challenge.{NAME}"
TARGET = "cdn-proxy.imgwire.dev"


def sync(stage: Stage, *more: str) -> Ended:
    return stage.run("dns", "sync", "--auto-approve", "--format", "json", *more)


def states(ended: Ended) -> list[tuple[str, str | None, str | None, str]]:
    return [(item["name"], item["before"], item["after"], item["state"]) for item in ended.document["published"]]


def test_a_zone_that_is_not_named_is_left_alone(stage: Stage, folder: Path) -> None:
    stage.environment("other", "images.example.org")
    stage.manifest(web=NAME, other="images.example.org")
    stage.write("zones/example.org.yaml", yaml.safe_dump({"www": {"type": "A", "value": "192.0.2.1"}}))
    config = yaml.safe_load(stage.read("octodns.yaml"))
    config["zones"]["example.org."] = config["zones"]["example.com."]
    stage.write("octodns.yaml", yaml.safe_dump(config))
    ended = sync(stage, "--zone", "Example.Org.")
    assert (ended.code, zone_file(folder)) == (0, ZONE)
    assert set(yaml.safe_load(stage.read("zones/example.org.yaml"))) == {"www", "images", "_acme-challenge.images"}


def test_a_zone_that_the_configuration_does_not_have_is_a_usage_error(stage: Stage, folder: Path) -> None:
    ended = sync(stage, "--zone", "example.net")
    assert (ended.code, ended.document["message"], ended.document["hint"]) == (
        64,
        "octodns.yaml has no zone example.net",
        "its zones are example.com",
    )


def test_new_records_get_the_ttl_and_existing_ones_keep_theirs(stage: Stage, folder: Path) -> None:
    old = {"images": {"ttl": 60, "type": "CNAME", "value": "old.example.net."}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | old))
    assert sync(stage, "--ttl", "30").code == 0
    records = zone_file(folder)
    assert (records["images"]["ttl"], records["_acme-challenge.images"]["ttl"]) == (60, 30)


@pytest.mark.parametrize(
    "other",
    [{"type": "A", "value": "192.0.2.7"}, [{"type": "A", "value": "192.0.2.7"}, {"type": "TXT", "value": "x"}]],
    ids=["an address", "several records"],
)
def test_other_records_are_replaced_in_one_step_where_the_name_is_given(stage: Stage, folder: Path, other: Any) -> None:
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | {"images": other}))
    refused = sync(stage)
    assert refused.code == 5
    assert f"reconciler dns sync --replace {NAME}" in refused.document["message"]
    ended = sync(stage, "--replace", NAME)
    assert (ended.code, zone_file(folder)["images"]) == (
        0,
        {"ttl": 300, "type": "CNAME", "value": f"{needed(stage, 'web')[NAME]}."},
    )
    assert "~ update  files  images.example.com." in ended.err
    assert "deletes: A 192.0.2.7" in ended.err


def test_a_delegation_is_never_replaced(stage: Stage, folder: Path) -> None:
    stage.write(
        "zones/example.com.yaml", yaml.safe_dump(ZONE | {"images": {"type": "NS", "value": "ns.other.example."}})
    )
    assert sync(stage, "--replace", NAME).code == 5


def test_the_routing_record_is_added_ahead_of_a_replace(stage: Stage, folder: Path) -> None:
    stage.manifest(web="new.example.com")
    assert sync(stage).document["published"] == []
    ended = sync(stage, "--ahead")
    assert (ended.code, states(ended)) == (0, [("new.example.com", None, TARGET, "done")])
    assert zone_file(folder) == ZONE | {"new": {"ttl": 300, "type": "CNAME", "value": f"{TARGET}."}}
    assert "new.example.com will point to Imgwire before it is a custom domain" in ended.err


def test_after_a_record_ahead_the_next_step_is_apply(stage: Stage, folder: Path) -> None:
    stage.manifest(web="new.example.com")
    ended = stage.run("dns", "sync", "--auto-approve", "--ahead")
    assert (ended.code, "Next: run `reconciler apply`." in ended.out) == (0, True)


def test_a_record_ahead_never_replaces_one_that_serves(stage: Stage, folder: Path) -> None:
    old = {"new": {"ttl": 60, "type": "CNAME", "value": "old-cdn.example.net."}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(ZONE | old))
    stage.manifest(web="new.example.com")
    ended = sync(stage, "--ahead")
    assert (ended.code, zone_file(folder)) == (5, ZONE | old)
    assert "new.example.com points to old-cdn.example.net" in ended.document["message"]


def test_a_hostname_that_moves_keeps_its_record_until_then(stage: Stage, folder: Path) -> None:
    stage.environment("other")
    stage.manifest(web={"hostname": None}, other=NAME)
    ended = sync(stage, "--ahead", "--target", TARGET)
    assert (ended.code, ended.document["published"], zone_file(folder)) == (0, [], ZONE)


def test_a_first_create_needs_a_target(stage: Stage, folder: Path) -> None:
    stage.environment("other")
    stage.manifest(web=NAME, other="first.example.com")
    assert "first.example.com" not in str(sync(stage, "--ahead").document["published"])
    ended = sync(stage, "--ahead", "--target", f"{TARGET}.")
    assert (ended.code, states(ended)) == (0, [("first.example.com", None, TARGET, "done")])


def receipt_then_delete(stage: Stage) -> None:
    """A baseline that knows the domain of `web`, which its plan, `plan.json`, then deletes."""
    assert sync(stage).code == 0
    assert stage.run("drift", "--report", "json=before.json").code == 0
    stage.manifest(web={"hostname": None})
    assert stage.run("plan", "--out", "plan.json").code == 0
    assert stage.run("apply", "plan.json", "--auto-approve").code == 0


def test_a_receipt_of_the_delete_itself_keeps_the_records_with_a_warning(stage: Stage, folder: Path) -> None:
    """It has what was live after the delete, so not the targets of the records."""
    assert sync(stage).code == 0
    stage.manifest(web={"hostname": None})
    assert stage.run("apply", "--auto-approve", "--receipt", "r.json").code == 0
    ended = sync(stage, "--delete-stale", "--baseline", "r.json", "--believe-absent")
    assert (ended.code, "images" in zone_file(folder)) == (0, True)
    assert "records of `web` are kept: the baseline has only what was live after its delete." in ended.err


def test_what_is_only_deleted_is_not_called_published(stage: Stage, folder: Path) -> None:
    receipt_then_delete(stage)
    options = ("--delete-stale", "--baseline", "plan.json", "--believe-absent")
    ended = stage.run("dns", "sync", "--auto-approve", *options)
    assert (ended.code, "Deleted: 2 done.\n" in ended.out, "Next:" in ended.out) == (0, True, False)


@pytest.mark.parametrize("baseline", ["plan.json", "before.json"])
def test_records_of_a_domain_that_is_gone_are_deleted(stage: Stage, folder: Path, baseline: str) -> None:
    receipt_then_delete(stage)
    assert "images" in zone_file(folder)
    ended = sync(stage, "--delete-stale", "--baseline", baseline, "--believe-absent")
    assert ended.code == 0
    assert [(name, after, state) for name, _, after, state in states(ended)] == [
        (NAME, None, "done"),
        (ACME, None, "done"),
    ]
    assert zone_file(folder) == ZONE
    assert "- delete  files  images.example.com." in ended.err


def test_nothing_is_deleted_without_the_option(stage: Stage, folder: Path) -> None:
    receipt_then_delete(stage)
    assert sync(stage).code == 0
    assert "images" in zone_file(folder)


@pytest.mark.parametrize("change", ["unlisted", "other key", "other empty key", "other pin"])
def test_records_of_an_environment_that_is_not_read_any_more_are_kept(stage: Stage, folder: Path, change: str) -> None:
    """Not listed does not mean gone: its domain may be live."""
    assert sync(stage).code == 0
    assert stage.run("drift", "--report", "json=before.json").code == 0
    stage.environment("other", "other.example.com")
    key = {"api_key": {"env": "IMGWIRE_API_KEY_OTHER"}}
    match change:
        case "unlisted":
            stage.manifest(other="other.example.com")
        case "other key":
            stage.manifest(web={"hostname": "other.example.com", **key})
        case "other empty key":
            stage.environment("empty")
            stage.manifest(web={"hostname": None, "api_key": {"env": "IMGWIRE_API_KEY_EMPTY"}})
        case _:
            stage.environment("empty")
            empty = {"hostname": None, "api_key": {"env": "IMGWIRE_API_KEY_EMPTY"}}
            stage.manifest(web={**empty, "environment_id": uid("empty")})
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert ended.code == 0
    assert zone_file(folder)["images"]["value"] == f"{TARGET}."
    assert "records of `web` are kept" in ended.err


def test_a_stale_record_with_another_target_is_kept(stage: Stage, folder: Path) -> None:
    receipt_then_delete(stage)
    other = ZONE | {"images": {"type": "CNAME", "value": "elsewhere.example.net."}}
    stage.write("zones/example.com.yaml", yaml.safe_dump(other))
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, ended.document["published"], zone_file(folder)) == (0, [], other)


def test_a_hostname_that_moved_to_an_environment_of_another_manifest_keeps_both_records(
    stage: Stage, folder: Path
) -> None:
    """Its validation record has the value of that environment; the routing record has the same target everywhere."""
    receipt_then_delete(stage)
    moved = zone_file(folder)
    moved["_acme-challenge.images"]["value"] = "other.dcv.imgwire.dev."
    stage.write("zones/example.com.yaml", yaml.safe_dump(moved))
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, ended.document["published"], zone_file(folder)) == (0, [], moved)


@pytest.mark.parametrize(
    ("verdict", "kept"),
    [(verdict, verdict in {"serving", "certificate_expiring"}) for verdict in ProbeVerdict],
    ids=list(ProbeVerdict),
)
def test_a_hostname_that_still_serves_keeps_its_records(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch, verdict: ProbeVerdict, kept: bool
) -> None:
    async def probed(hostnames: Iterable[tuple[str, str]], *_: object) -> tuple[Probe, ...]:
        assert list(hostnames) == [("web", NAME)]
        return (Probe("web", NAME, verdict, ""),)

    receipt_then_delete(stage)
    before = zone_file(folder)
    monkeypatch.setattr("reconciler.operations.stale.lookup_for", lambda *_: object())
    monkeypatch.setattr("reconciler.dns.probe.probe_all", probed)
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, zone_file(folder)) == (0, before if kept else ZONE)
    assert ("records of `web` are kept: its hostname still serves" in ended.err) is kept


def test_ahead_of_a_first_create_the_target_is_asked_for(stage: Stage, folder: Path) -> None:
    stage.environment("new")
    stage.manifest(new="new.example.com")
    ended = sync(stage, "--ahead")
    assert (ended.code, ended.document["published"], zone_file(folder)) == (0, [], ZONE)
    assert "new.example.com is not published ahead: no live domain shows its target. Name it with --target" in ended.err


def test_an_environment_that_was_renamed_and_pinned_is_known_by_its_id(stage: Stage, folder: Path) -> None:
    receipt_then_delete(stage)
    stage.set("IMGWIRE_API_KEY_SITE", key("web"))
    stage.manifest(site={"hostname": None, "environment_id": uid("web")})
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert [(name, after, state) for name, _, after, state in states(ended)] == [
        (NAME, None, "done"),
        (ACME, None, "done"),
    ]


def test_a_baseline_cannot_name_any_other_cname_of_the_zone(stage: Stage, folder: Path) -> None:
    receipt_then_delete(stage)
    forged = stage.read("before.json").replace(NAME, "www.example.com").replace(TARGET, "elsewhere.example.net")
    stage.write("before.json", forged)
    before = zone_file(folder)
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, ended.document["published"], zone_file(folder)) == (0, [], before)


def test_a_domain_that_moved_keeps_its_records(stage: Stage, folder: Path) -> None:
    assert sync(stage).code == 0
    assert stage.run("drift", "--report", "json=before.json").code == 0
    stage.environment("other")
    stage.manifest(web={"hostname": None}, other=NAME)
    assert stage.run("apply", "--auto-approve").code == 0
    before = zone_file(folder)
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, zone_file(folder)["images"]) == (0, before["images"])
    assert all(item["after"] is not None for item in ended.document["published"])


@pytest.mark.parametrize("narrowed", [True, False], ids=["left out", "unreadable"])
def test_nothing_is_deleted_where_an_environment_is_not_known(stage: Stage, folder: Path, narrowed: bool) -> None:
    receipt_then_delete(stage)
    before = zone_file(folder)
    stage.manifest(web={"hostname": None}, other="other.example.com")
    more = ["--env", "web"] if narrowed else []
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", *more)
    assert (ended.code, zone_file(folder)) == (5, before)
    assert ended.document["message"].startswith("--delete-stale needs every environment")


@pytest.mark.parametrize("baseline", ["plan.json", "before.json"])
def test_records_of_an_absent_domain_are_kept_unless_that_is_believed(
    stage: Stage, folder: Path, baseline: str
) -> None:
    """A wrong key would look the same, and a plan does not show that it was applied."""
    receipt_then_delete(stage)
    before = zone_file(folder)
    ended = stage.run("dns", "sync", "--auto-approve", "--delete-stale", "--baseline", baseline)
    assert (ended.code, zone_file(folder)) == (0, before)
    assert "records of `web` are kept: no custom domain is there" in ended.err


def test_records_of_a_renamed_domain_are_deleted(stage: Stage, folder: Path) -> None:
    """Its Environment has another domain now, which is the proof."""
    assert sync(stage).code == 0
    assert stage.run("drift", "--report", "json=before.json").code == 0
    stage.manifest(web="new.example.com")
    assert stage.run("apply", "--auto-approve").code == 0
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert ended.code == 0
    assert {NAME, ACME} == {name for name, _, after, _ in states(ended) if after is None}


def test_nothing_is_deleted_with_a_baseline_of_another_api(stage: Stage, folder: Path) -> None:
    receipt_then_delete(stage)
    document = json.loads(stage.read("before.json"))
    document["source"]["api_url"] = "https://api.imgwire.dev"
    stage.write("before.json", json.dumps(document))
    before = zone_file(folder)
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "other_api_url", before)


@pytest.mark.parametrize("command", [["dns", "sync"], ["apply", "--publish", "octodns.yaml"]], ids=" ".join)
def test_made_up_records_of_the_emulator_are_not_published(stage: Stage, folder: Path, command: list[str]) -> None:
    assert stage.run("apply", "--emulator", "--auto-approve", "--no-dns").code == 0
    stage.manifest(web="new.example.com")
    ended = stage.run(*command, "--emulator", "--auto-approve", "--format", "json")
    assert (ended.code, zone_file(folder)) == (64, ZONE)
    assert ended.document["message"].startswith("--emulator publishes no DNS records")


def test_records_of_an_environment_that_apply_has_still_to_change_are_kept(stage: Stage, folder: Path) -> None:
    """Absent and desired: a wrong key would look the same, and then the old hostname is live."""
    receipt_then_delete(stage)
    stage.manifest(web="new.example.com")
    before = zone_file(folder)
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, ended.document["published"], zone_file(folder)) == (0, [], before)
    assert "records of `web` are kept: the plan has changes for it" in ended.err


def test_a_domain_that_comes_back_while_consent_is_asked_keeps_its_records(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receipt_then_delete(stage)
    before = zone_file(folder)
    approve = PublishApproval.__call__

    async def slowly(self: PublishApproval, publications: Any) -> Any:
        stage.environment("web", NAME)
        return await approve(self, publications)

    monkeypatch.setattr(PublishApproval, "__call__", slowly)
    ended = sync(stage, "--delete-stale", "--baseline", "before.json", "--believe-absent")
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "changed", before)


def test_a_domain_that_is_replaced_while_consent_is_asked_gets_no_records(
    stage: Stage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or anyone could claim the hostname that they are for."""
    approve = PublishApproval.__call__

    async def slowly(self: PublishApproval, publications: Any) -> Any:
        stage.world.domains.delete(uid("web"))
        stage.environment("web", "new.example.com")
        return await approve(self, publications)

    monkeypatch.setattr(PublishApproval, "__call__", slowly)
    ended = sync(stage)
    assert (ended.code, ended.document["reason"], zone_file(folder)) == (5, "changed", ZONE)


@pytest.mark.parametrize(
    "options", [["--delete-stale"], ["--baseline", "x"], ["--target", "x"], ["--believe-absent"]], ids=" ".join
)
def test_options_that_need_another_one(stage: Stage, folder: Path, options: list[str]) -> None:
    assert stage.run("dns", "sync", *options).code == 64


@pytest.mark.parametrize(
    ("hostname", "message"),
    [
        (NAME, "Published: nothing, every record is there.\n"),
        ("new.example.com", "Published: nothing, no custom domain is live as desired: run apply first.\n"),
        ({"hostname": None}, "Published: nothing, no custom domain is desired.\n"),
    ],
    ids=["in sync", "replace", "none"],
)
def test_a_run_without_anything_to_publish_says_why(stage: Stage, folder: Path, hostname: Any, message: str) -> None:
    assert sync(stage).code == 0
    stage.manifest(web=hostname)
    assert stage.run("dns", "sync").out == message


def test_a_run_before_the_first_create_says_so(stage: Stage, folder: Path) -> None:
    stage.environment("other")
    stage.manifest(other="first.example.com")
    assert stage.run("dns", "sync").out == "Published: nothing, no custom domain is live: run apply first.\n"
