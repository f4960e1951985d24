"""Change windows, and the guards of the base revision."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from samples import uid

from cli.stage import key as key_of

if TYPE_CHECKING:
    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
OPEN = {"from": "00:00", "to": "24:00", "time_zone": "UTC"}
CLOSED = {**OPEN, "days": [DAYS[(datetime.now(UTC) + timedelta(days=3)).weekday()]]}


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web", OLD)
    return stage


def manifest(stage: Stage, path: str = "imgwire.yaml", *, limits: dict[str, Any] | None = None, **web: Any) -> None:
    environment = {"hostname": NEW, "environment_id": uid("web"), **web}
    stage.write(path, json.dumps({"version": 1, "limits": limits or {}, "environments": {"web": environment}}))


def refusals(stage: Stage, *arguments: str) -> tuple[int, list[str]]:
    ended = stage.run("plan", "--format", "json", *arguments)
    return ended.code, [block["code"] for block in ended.document["blocks"]]


def test_an_interruption_outside_all_windows_is_refused_until_the_window_is_ignored(web: Stage) -> None:
    manifest(web, limits={"change_windows": [CLOSED]})
    assert refusals(web) == (5, ["outside_change_window"])
    assert web.run("apply", "--auto-approve").code == 5
    assert web.live("web") == OLD
    assert web.run("apply", "--auto-approve", "--ignore-window").code == 0
    assert web.live("web") == NEW


def test_one_open_window_is_enough(web: Stage) -> None:
    manifest(web, limits={"change_windows": [CLOSED, OPEN]})
    assert refusals(web) == (0, [])


def test_a_change_that_interrupts_nothing_needs_no_window(stage: Stage) -> None:
    stage.environment("web", None)
    manifest(stage, limits={"change_windows": [CLOSED]})
    assert refusals(stage) == (0, [])


def test_a_saved_plan_is_held_to_the_windows_of_its_apply(web: Stage) -> None:
    manifest(web, limits={"change_windows": [OPEN]})
    assert web.run("plan", "--out", "plan.json").code == 0
    manifest(web, limits={"change_windows": [CLOSED]})
    assert web.run("apply", "plan.json").code == 5
    assert web.live("web") == OLD


def test_one_change_cannot_lift_a_protection_and_use_it(web: Stage) -> None:
    manifest(web, "base/imgwire.yaml", hostname=OLD, protect=True)
    manifest(web)
    assert refusals(web) == (0, [])
    assert refusals(web, "--base", "base") == (5, ["protection_lifted_in_same_change"])
    assert web.run("apply", "--auto-approve", "--base", "base", "--unprotect", "web").code == 5
    assert web.live("web") == OLD
    last = web.run("plan", "--base", "base").out.rstrip().rpartition("\n")[2]
    assert last.startswith(
        "Next: merge the change that lifts the protection first, then run `reconciler plan --base base`"
    )


def test_a_plan_that_is_not_saved_says_so_and_that_the_earlier_file_is_gone(web: Stage) -> None:
    manifest(web, "base/imgwire.yaml", hostname=OLD, protect=True)
    manifest(web)
    assert web.run("plan", "--out", "p.json").err == "Saved the plan to p.json.\n"
    ended = web.run("plan", "--base", "base", "--out", "p.json")
    assert ended.err.splitlines() == [
        "warning: p.json: no plan was saved, because it must not be applied as it is",
        "warning: p.json: the earlier file was removed, because this run saved no plan",
    ]
    assert not (web.folder / "p.json").exists()
    assert len(web.run("plan", "--base", "base", "--out", "p.json").err.splitlines()) == 1


def test_a_renamed_environment_keeps_the_protection_of_its_pin(web: Stage) -> None:
    manifest(web, "base.yaml", hostname=OLD, protect=True)
    text = web.read("base.yaml").replace('"web":', '"site":')
    web.write("base.yaml", text)
    manifest(web)
    assert refusals(web, "--base", "base.yaml") == (5, ["protection_lifted_in_same_change"])


@pytest.mark.parametrize("pinned", [False, True])
@pytest.mark.parametrize("variable", ["IMGWIRE_API_KEY_WEB", "IMGWIRE_API_KEY_SITE"])
def test_a_renamed_environment_keeps_its_protection_without_a_pin(web: Stage, pinned: bool, variable: str) -> None:
    """Found under its key, its hostname, or the id that live shows."""
    web.set("IMGWIRE_API_KEY_SITE", key_of("web"))
    protected: dict[str, Any] = {"hostname": OLD, "protect": True, "api_key": {"env": "IMGWIRE_API_KEY_WEB"}}
    web.manifest("base.yaml", web=protected | ({"environment_id": uid("web")} if pinned else {}))
    web.manifest(site={"hostname": None, "api_key": {"env": variable}})
    assert refusals(web, "--base", "base.yaml") == (5, ["protection_lifted_in_same_change"])
    assert web.run("apply", "--auto-approve", "--base", "base.yaml").code == 5
    assert web.live("web") == OLD


def test_a_name_in_other_case_keeps_its_protection(web: Stage) -> None:
    """Both names have the default key variable IMGWIRE_API_KEY_WEB."""
    web.manifest("base.yaml", web={"hostname": "planned.example.com", "protect": True})
    web.manifest(Web=None)
    assert refusals(web, "--base", "base.yaml") == (5, ["protection_lifted_in_same_change"])


@pytest.mark.parametrize("source", ["dir", "file", "sent"])
def test_a_key_that_the_change_itself_replaces_does_not_lift_a_protection(web: Stage, source: str) -> None:
    """`other` opens the Environment of `web` through a link in the checkout, or through its id."""
    web.environment("other", "other.example.com")
    secrets = str(web.folder / "secrets")
    web.write("secrets/web.key", key_of("web"))
    web.write("secrets/other.key", key_of("web" if source == "sent" else "other"))
    (web.folder / "keys").mkdir()
    (web.folder / "keys/other.key").symlink_to(web.folder / "secrets/web.key")
    in_base, in_head = {
        "dir": ({"api_key": {"dir": secrets}}, {"api_key": {"dir": "../keys"}}),
        "file": ({"api_key": {"file": "../keys/other.key"}}, {"api_key": {"file": "../keys/other.key"}}),
        "sent": (
            {"api_key": {"dir": secrets}},
            {"api_key": {"dir": secrets}, "environment_id": uid("web"), "send_environment_id": True},
        ),
    }[source]
    protected = {"hostname": OLD, "protect": True, "api_key": {"dir": secrets}}
    web.manifest(
        "base/imgwire.yaml", **{"web.key": protected, "other.key": {"hostname": "other.example.com", **in_base}}
    )
    web.manifest("head/imgwire.yaml", **{"other.key": {"hostname": "evil.example.com", **in_head}})
    codes = refusals(web, "-f", "head/imgwire.yaml", "--base", "base/imgwire.yaml")
    assert codes == (5, ["protection_lifted_in_same_change"])


@pytest.mark.parametrize("listed", [True, False], ids=["beside the protected one", "in its place"])
@pytest.mark.parametrize("name", ["other", "new"])
@pytest.mark.parametrize(
    "source", ["variable", "second variable", "file", "link", "sent", "relative link beside the base"]
)
def test_whatever_opens_a_protected_environment_is_found_by_what_its_own_key_reads(
    web: Stage, source: str, name: str, listed: bool
) -> None:
    """The base holds back a change of hostname, so no hostname identifies it; it has no pin."""
    web.environment("other", "other.example.com")
    web.set("IMGWIRE_SECOND", key_of("web"))
    web.write("secrets/web.key", key_of("web"))
    web.write("secrets/other.key", key_of("other"))
    (web.folder / "link.key").symlink_to(web.folder / "secrets/web.key")
    secrets = web.folder / "secrets"
    protected: dict[str, Any] = {
        "hostname": "planned.example.com",
        "protect": True,
        "api_key": {"file": str(secrets / "web.key")},
    }
    other: dict[str, Any] = {"hostname": "other.example.com", "api_key": {"file": str(secrets / "other.key")}}
    keys: dict[str, dict[str, Any]] = {
        "variable": {"api_key": {"env": "IMGWIRE_API_KEY_WEB"}},
        "second variable": {"api_key": {"env": "IMGWIRE_SECOND"}},
        "file": {"api_key": {"file": f"{secrets}/../secrets/web.key"}},
        "link": {"api_key": {"file": "link.key"}},
        "sent": {
            "api_key": {"env": "IMGWIRE_API_KEY_WEB"},
            "environment_id": uid("web"),
            "send_environment_id": True,
        },
        "relative link beside the base": {"api_key": {"file": "link.key"}},
    }
    if source == "relative link beside the base":
        other["api_key"] = {"file": "link.key"}
    web.manifest("base.yaml", web=protected, other=other)
    head = {name: {"hostname": "evil.example.com", **keys[source]}}
    web.manifest(**head, **({"web": protected | {"api_key": {"file": "missing.key"}}} if listed else {}))
    ended = web.run("apply", "--auto-approve", "--base", "base.yaml", "--env", name, "--format", "json")
    assert [block["code"] for block in ended.document["blocks"]] == ["protection_lifted_in_same_change"]
    assert (ended.code, web.live("web")) == (5, OLD)


@pytest.mark.parametrize("change", ["replaces", "moves away"])
@pytest.mark.parametrize("place", ["beside the base", "absolute, in the checkout", "in the repository above"])
@pytest.mark.parametrize("opens", ["another Environment", "an empty one"])
def test_a_key_file_of_the_base_that_the_change_can_replace_proves_nothing(
    web: Stage, place: str, opens: str, change: str
) -> None:
    """The change has put a link at the key file of the protected environment, so a read with that key sees another one."""
    web.environment("empty")
    web.environment("new")
    web.environment("other", "other.example.com")
    for name in ("web", "other", "empty", "new"):
        web.write(f"secrets/{name}.key", key_of(name))
    head, base = ("head", "head/base.yaml") if place == "beside the base" else ("head/infra", "base/imgwire.yaml")
    if place == "in the repository above":
        (web.folder / "head/.git").mkdir(parents=True)
        base = "head/base/imgwire.yaml"
    keys = web.folder / "head/keys" if place == "in the repository above" else web.folder / head / "keys"
    keys.mkdir(parents=True)
    (keys / "web.key").symlink_to(web.folder / "secrets" / f"{'empty' if opens == 'an empty one' else 'other'}.key")
    (keys / "other.key").symlink_to(web.folder / "secrets/web.key")
    written = "keys" if place == "beside the base" else str(keys)
    protected = {"hostname": OLD if change == "moves away" else "planned.example.com", "protect": True}
    other = {"api_key": {"file": f"{written}/other.key"}}
    web.manifest(
        base,
        web=protected | {"api_key": {"file": f"{written}/web.key"}},
        other=other | {"hostname": "other.example.com"},
    )
    desired: dict[str, Any] = {"other": other | {"hostname": "evil.example.com"}}
    if change == "moves away":
        new = {"hostname": OLD, "api_key": {"file": str(web.folder / "secrets/new.key")}}
        desired = {"other": other | {"hostname": None}, "new": new}
    web.manifest(f"{head}/imgwire.yaml", **desired)
    ended = web.run("apply", "-f", f"{head}/imgwire.yaml", "--base", base, "--auto-approve", "--format", "json")
    assert [block["code"] for block in ended.document["blocks"]] == ["protection_lifted_in_same_change"]
    assert (ended.code, web.live("web")) == (5, OLD)


@pytest.mark.parametrize("pinned", [True, False])
def test_keys_in_files_need_a_pin_of_what_is_protected(web: Stage, pinned: bool) -> None:
    web.environment("other", "other.example.com")
    for name in ("web", "other"):
        web.write(f"secrets/{name}.key", key_of(name))
    protected = {"hostname": OLD, "protect": True, "api_key": {"file": "secrets/web.key"}}
    protected |= {"environment_id": uid("web")} if pinned else {}
    other = {"api_key": {"file": "secrets/other.key"}}
    web.manifest("base.yaml", web=protected, other=other | {"hostname": "other.example.com"})
    web.manifest(web=protected, other=other | {"hostname": "next.example.com"})
    assert refusals(web, "--base", "base.yaml")[0] == (0 if pinned else 5)


def test_a_file_of_keys_proves_nothing_about_what_is_protected(web: Stage) -> None:
    """The change has given the key of the protected environment to another name in it."""
    web.environment("other", "other.example.com")
    web.environment("empty")
    web.unset("IMGWIRE_API_KEY_WEB")
    web.unset("IMGWIRE_API_KEY_OTHER")
    web.write("all.key", json.dumps({"web": key_of("empty"), "other": key_of("web"), "third": key_of("third")}))
    base = {"web": {"hostname": "planned.example.com", "protect": True}, "other": {"hostname": "other.example.com"}}
    web.manifest("base.yaml", **base)
    web.environment("third")
    web.unset("IMGWIRE_API_KEY_THIRD")
    web.manifest(other={"hostname": "evil.example.com"}, third={"hostname": None})
    ended = web.run("apply", "--auto-approve", "--keys", "all.key", "--base", "base.yaml", "--format", "json")
    assert (ended.code, web.live("web")) == (5, OLD)


@pytest.mark.parametrize("key", ["relative file", "pinned in this change", "variable"])
def test_a_move_into_a_protected_environment_is_allowed_while_it_is_outstanding(web: Stage, key: str) -> None:
    web.environment("target")
    web.write("web.key", key_of("web"))
    source: dict[str, Any] = {"hostname": "new.example.com"}
    if key == "relative file":
        source["api_key"] = {"file": "../web.key"}
    target = {"hostname": OLD, "protect": True}
    web.manifest("base/imgwire.yaml", web=source, target=target)
    pin = {"environment_id": uid("web")} if key == "pinned in this change" else {}
    web.manifest("head/imgwire.yaml", web=source | pin, target=target)
    assert refusals(web, "-f", "head", "--base", "base") == (0, [])


def test_a_protection_of_the_base_needs_no_other_name_to_be_lifted(web: Stage) -> None:
    web.manifest("base.yaml", web={"hostname": OLD, "protect": True})
    web.manifest(site={"hostname": NEW, "protect": True, "api_key": {"env": "IMGWIRE_API_KEY_WEB"}})
    assert refusals(web, "--base", "base.yaml", "--unprotect", "site") == (5, ["protection_lifted_in_same_change"])


def test_an_unreadable_protected_environment_may_be_any_that_is_not_as_it_was(web: Stage) -> None:
    web.environment("other", "other.example.com")
    web.manifest(
        "base.yaml",
        shop={"hostname": "shop.example.com", "protect": True, "api_key": {"env": "IMGWIRE_NOT_SET"}},
        other="other.example.com",
    )
    web.manifest(web=OLD, other="changed.example.com")
    assert refusals(web, "--base", "base.yaml") == (0, [])
    web.set("IMGWIRE_THIRD", key_of("other"))
    web.manifest(web=OLD, other={"hostname": "changed.example.com", "api_key": {"env": "IMGWIRE_THIRD"}})
    assert refusals(web, "--base", "base.yaml") == (5, ["protection_lifted_in_same_change"])


def test_a_plan_that_a_limit_of_the_base_refuses_is_not_saved(web: Stage) -> None:
    manifest(web, "base.yaml", limits={"max_interruptions": 0})
    manifest(web, limits={"max_interruptions": 9})
    assert web.run("plan", "--base", "base.yaml", "--out", "plan.json").code == 5
    assert not (web.folder / "plan.json").exists()
    assert web.run("plan", "--base", "base.yaml", "--max-interruptions", "1", "--out", "plan.json").code == 0
    assert (web.folder / "plan.json").exists()


def test_a_renamed_environment_that_nothing_identifies_keeps_its_protection(web: Stage) -> None:
    """The key is the fallback, there is no pin, and live has neither hostname."""
    web.set("IMGWIRE_API_KEY", key_of("web"))
    web.manifest("base.yaml", production={"hostname": "held-back.example.com", "protect": True})
    web.manifest(site="new.example.com")
    assert refusals(web, "--base", "base.yaml") == (5, ["protection_lifted_in_same_change"])


def test_a_new_environment_beside_a_protected_one_may_be_replaced(web: Stage) -> None:
    web.environment("other", "other.example.com")
    protected = {"hostname": "other.example.com", "protect": True}
    web.manifest("base.yaml", other=protected)
    web.manifest(web=NEW, other=protected)
    assert refusals(web, "--base", "base.yaml") == (0, [])
    assert refusals(web, "--base", "base.yaml", "--env", "web") == (0, [])


def test_swapped_keys_do_not_lift_a_protection(web: Stage) -> None:
    web.environment("other", "other.example.com")
    keys = [{"env": "IMGWIRE_API_KEY_WEB"}, {"env": "IMGWIRE_API_KEY_OTHER"}]
    web.manifest(
        "base.yaml",
        web={"hostname": OLD, "protect": True, "api_key": keys[0]},
        other={"hostname": "other.example.com", "api_key": keys[1]},
    )
    web.manifest(
        web={"hostname": "other.example.com", "protect": True, "api_key": keys[1]},
        other={"hostname": None, "api_key": keys[0]},
    )
    assert refusals(web, "--base", "base.yaml") == (5, ["protection_lifted_in_same_change"])


def test_a_hostname_may_move_into_a_protected_environment(web: Stage) -> None:
    web.environment("target")
    entries = {"web": None, "target": {"hostname": OLD, "protect": True}}
    web.manifest("base.yaml", **entries)
    web.manifest(**entries)
    assert refusals(web, "--base", "base.yaml") == (0, [])


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_interruptions": 0}, "too_many_interruptions"),
        ({"allowed_domains": ["example.org", "old.example.com"]}, "domain_not_allowed_in_base"),
        ({"change_windows": [CLOSED]}, "outside_change_window"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_the_limits_of_the_base_revision_count_too(web: Stage, limits: dict[str, Any], code: str) -> None:
    manifest(web, "base.yaml", limits=limits, hostname=OLD)
    manifest(web)
    assert refusals(web, "--base", "base.yaml") == (5, [code])


def test_an_invalid_base_is_an_error_with_its_place(web: Stage) -> None:
    manifest(web)
    web.write("base.yaml", "version: 2\n")
    ended = web.run("plan", "--base", "base.yaml")
    assert ended.code == 65
    assert "base.yaml:1:10: error[unsupported-version]" in ended.err


@pytest.mark.parametrize("paths", [["web.yaml", "other.yaml"], ["other.yaml", "web.yaml"]], ids=" ".join)
def test_a_base_revision_of_several_files_counts_as_a_whole(web: Stage, paths: list[str]) -> None:
    web.environment("other", "other.example.com")
    web.manifest("web.yaml", web={"hostname": OLD, "protect": True})
    web.manifest("other.yaml", other={"hostname": "other.example.com"})
    web.manifest(web={"hostname": NEW}, other={"hostname": "other.example.com"})
    base = [word for path in paths for word in ("--base", path)]
    assert refusals(web, *base) == (5, ["protection_lifted_in_same_change"])
