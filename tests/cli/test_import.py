"""From what is live to manifest entries that would change nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from samples import uid

from cli.stage import DOMAIN, key
from reconciler.emulator.auth import Account
from reconciler.emulator.faults import Kind
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from cli.stage import Stage

HOST = "web.example.com"
WHOLE = f"""\
version: 1

environments:
  api:
    environment_id: {uid("api")}
    hostname: api.example.com
    protect: true
  web:
    environment_id: {uid("web")}
    hostname: web.example.com
    protect: true
"""


@pytest.fixture
def live(stage: Stage) -> Stage:
    """Two environments with a custom domain each, and no manifest."""
    stage.environment("web", HOST)
    stage.environment("api", "api.example.com")
    return stage


def left_in(stage: Stage) -> list[str]:
    return [path.name for path in stage.folder.iterdir()]


def test_a_whole_manifest_is_printed_and_only_get_is_sent(live: Stage) -> None:
    ended = live.run("import", "web", "api", "web")
    assert (ended.code, ended.out, ended.err) == (0, WHOLE, "Checked: the plan for `api`, `web` is empty.\n")
    assert live.sent() == [("GET", DOMAIN)] * 2
    assert left_in(live) == []
    live.write("imgwire.yaml", ended.out)
    assert live.run("plan", "--detailed-exitcode").code == 0


def test_what_is_printed_may_be_sent_to_the_default_manifest(live: Stage) -> None:
    live.write("imgwire.yaml", "")  # as a shell does for `> imgwire.yaml`
    assert live.run("import", "api", "web").out == WHOLE


def test_it_is_written_where_there_is_no_manifest_yet(live: Stage) -> None:
    ended = live.run("import", "api", "web", "--write", "-f", "sites.yaml")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "Checked: the plan for `api`, `web` is empty.\nAdded `api`, `web` to sites.yaml.\n"
    assert live.read("sites.yaml") == WHOLE


def entry(name: str, indent: str = "  ") -> str:
    return (
        f"{indent}{name}:\n{indent}  environment_id: {uid(name)}\n"
        f"{indent}  hostname: {name}.example.com\n{indent}  protect: true\n"
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("version: 1\nenvironments:\n  a: a.example.com\n", "", id="at the end of the file"),
        pytest.param("version: 1\nenvironments:\n  a: a.example.com # why\n", "", id="behind a comment on the line"),
        pytest.param(
            "environments:\n  a:\n    hostname: null\n    # of a\n  # b: b.example.com\n",
            "\n# the end\nversion: 1\n",
            id="behind comments that are indented, before those that are not",
        ),
        pytest.param(
            "version: 1\nenvironments:\n  a: {hostname: null,\n   protect: true}\n", "...\n", id="an end mark"
        ),
        pytest.param("\ufeffenvironments:\n  a: null\n", "limits: {}\nversion: 1\n", id="a byte order mark"),
        pytest.param("version: 1\nenvironments:\n\n  a:\n    hostname:\n      null\n", "\n\n", id="blank lines behind"),
    ],
)
def test_every_byte_of_a_manifest_is_kept(live: Stage, before: str, after: str) -> None:
    live.environment("a", "a.example.com")
    live.write("imgwire.yaml", before + after)
    assert live.run("import", "web", "--write").code == 0
    assert live.read("imgwire.yaml") == before + entry("web") + after


@pytest.mark.parametrize(
    ("before", "added"),
    [
        pytest.param(b"version: 1\nenvironments:\n  a: null", b"\n" + entry("web").encode(), id="no line break"),
        pytest.param(
            b"version: 1\r\nenvironments:\r\n  a: null\r\n",
            entry("web").replace("\n", "\r\n").encode(),
            id="line breaks of Windows",
        ),
        pytest.param(
            b"  version: 1\n  environments:\n      a: null\n", entry("web", "      ").encode(), id="indented as it is"
        ),
    ],
)
def test_it_is_written_as_the_file_is(live: Stage, before: bytes, added: bytes) -> None:
    path = live.folder / "imgwire.yaml"
    path.write_bytes(before)
    path.chmod(0o640)
    assert live.run("import", "web", "--write").code == 0
    assert path.read_bytes() == before + added
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ("version: 1\nenvironments: {a: null}\n", "cannot_add"),
        ("{version: 1, environments: {a: null}}", "cannot_add"),
        ("version: 1\nenvironments: {\n  a: null }\n", "cannot_add"),
    ],
)
def test_5_where_text_cannot_be_added_and_it_is_said_what_to_paste(live: Stage, manifest: str, reason: str) -> None:
    live.write("imgwire.yaml", manifest)
    ended = live.run("import", "web", "--write", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (5, reason)
    assert ended.document["hint"] == "put this below `environments:` yourself:\n" + entry("web").rstrip("\n")
    assert live.read("imgwire.yaml") == manifest


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        pytest.param(
            "a:\n    hostname: null\n    labels:\n      kept: |+\n        text\n\n", 1, id="a blank line of a text"
        ),
        pytest.param("a: {hostname: null,\nprotect: false}\n", 65, id="what YAML 1.1 lets stand further out"),
    ],
)
def test_nothing_is_written_where_adding_would_change_what_is_there(live: Stage, entry: str, code: int) -> None:
    manifest = f"version: 1\nenvironments:\n  {entry}"
    live.write("imgwire.yaml", manifest)
    assert live.run("import", "web", "--write").code == code
    assert live.read("imgwire.yaml") == manifest


def test_a_name_that_is_listed_already_is_refused_with_its_place(live: Stage) -> None:
    live.manifest(web=HOST)
    document = (ended := live.run("import", "web", "api", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "already_listed")
    assert document["message"] == "`web` is in the manifest already, at imgwire.yaml:1:33"
    assert live.sent() == []


def test_what_has_no_custom_domain_fails_and_the_others_are_printed(live: Stage) -> None:
    live.environment("bare")
    ended = live.run("import", "bare", "api", "web")
    assert (ended.code, ended.out) == (1, WHOLE)
    assert ended.err == (
        "error: `bare` has no custom domain, so there is nothing to import\n"
        "Checked: the plan for `api`, `web` is empty.\n"
    )


def test_nothing_is_written_unless_all_is(live: Stage) -> None:
    live.environment("bare")
    ended = live.run("import", "bare", "web", "--write")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith(
        "error: nothing was written, because not every environment could be imported: `web` can be, without the others\n"
    )
    assert left_in(live) == []


def test_7_and_8_for_what_cannot_be_read(live: Stage) -> None:
    live.unset("IMGWIRE_API_KEY_WEB")
    ended = live.run("import", "web", "api")
    assert (ended.code, "api.example.com" in ended.out, "key-missing" in ended.err) == (7, True, True)
    live.fault(Kind.STATUS, status=503, times=None)
    ended = live.run("import", "api", "--retries", "0")
    assert (ended.code, ended.out) == (8, "")
    assert "error: `api` could not be read: GET /api/v1/custom_domain/: 503" in ended.err


def test_one_name_may_use_the_key_of_a_manifest_with_one_environment(live: Stage) -> None:
    live.unset("IMGWIRE_API_KEY_WEB")
    live.set("IMGWIRE_API_KEY", key("web"))
    assert live.run("import", "web").out == "version: 1\n\nenvironments:\n" + entry("web")


def test_a_key_that_would_not_be_found_is_named(live: Stage) -> None:
    live.environment("a")
    live.unset("IMGWIRE_API_KEY_WEB")
    live.set("IMGWIRE_API_KEY", key("web"))
    live.write("imgwire.yaml", "version: 1\nenvironments:\n  a: null\n")
    assert live.run("import", "web", "--write").code == 0
    assert "    api_key: {env: IMGWIRE_API_KEY}\n" in live.read("imgwire.yaml")
    live.write("imgwire.yaml", "version: 1\ndefaults: {api_key: {env: IMGWIRE_OTHER}}\nenvironments:\n  a: null\n")
    assert live.run("import", "api", "--write").code == 0
    assert "    api_key: {env: IMGWIRE_API_KEY_API}\n" in live.read("imgwire.yaml")


def test_an_environment_that_loses_its_key_to_company_is_told(live: Stage) -> None:
    live.manifest(lonely=None)
    live.environment("lonely")
    live.unset("IMGWIRE_API_KEY_LONELY")
    live.set("IMGWIRE_API_KEY", key("lonely"))
    ended = live.run("import", "web")
    assert ended.code == 0
    assert ended.err.endswith(
        "warning: `lonely` finds its key in IMGWIRE_API_KEY only while the manifest lists no other: set"
        " IMGWIRE_API_KEY_LONELY\n"
    )


def test_5_for_keys_that_are_equal(live: Stage) -> None:
    live.set("IMGWIRE_API_KEY_API", key("web"))
    document = (ended := live.run("import", "web", "api", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "shared_key")
    live.manifest(web=HOST)
    document = (ended := live.run("import", "api", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "shared_key")
    assert document["message"] == "`api` has the same key as `web`, which the manifest lists already"
    assert live.sent() == []


def test_5_for_two_names_of_one_environment(live: Stage) -> None:
    live.world.auth.register([Account("again", Secret(key("again")), uid("web"))])
    live.set("IMGWIRE_API_KEY_AGAIN", key("again"))
    document = (ended := live.run("import", "web", "again", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "environment_shared")
    live.manifest(other={"hostname": None, "environment_id": uid("web")})
    document = (ended := live.run("import", "again", "--format", "json")).document
    assert (ended.code, document["reason"]) == (5, "environment_shared")
    assert document["message"] == f"`other` and `again` are one and the same Environment, {uid('web')}"


def test_65_where_the_manifest_claims_the_hostname_for_another(live: Stage) -> None:
    live.manifest(a=HOST)
    ended = live.run("import", "web", "--write", "--format", "json")
    (found,) = ended.document["diagnostics"]
    assert (ended.code, found["code"], found["file"]) == (65, "hostname-claimed-twice", "imgwire.yaml")
    assert found["message"] == f"`a` already has the hostname `{HOST}`, which is live in `web`"


@pytest.mark.parametrize("hostname", ["example.com", "*.example.com", "un_der.example.com"])
def test_a_hostname_that_the_rules_refuse_is_not_written(live: Stage, hostname: str) -> None:
    live.change("web", hostname=hostname)
    ended = live.run("import", "web", "--write")
    assert (ended.code, left_in(live)) == (5, [])


@pytest.mark.parametrize("hostname", ["x: y", "ex\nample.com", "'a'.example.com"])
def test_what_is_no_hostname_at_all_is_not_even_read(live: Stage, hostname: str) -> None:
    live.change("web", hostname=hostname)
    ended = live.run("import", "web", "--write", "--retries", "0")
    assert (ended.code, left_in(live)) == (8, [])


@pytest.mark.parametrize("name", ["on", "null", "1e3", "2026-01-01", "2026-99-99", "0x1f", "a.b"])
def test_names_that_yaml_would_read_as_something_else_are_quoted(stage: Stage, name: str) -> None:
    ended = stage.run("apply", "--emulator", "--auto-approve", "-f", str(stage.write("m.json", _manifest(name))))
    assert ended.code == 0
    assert stage.run("import", name, "--emulator", "--write").code == 0
    assert stage.run("plan", "--emulator", "--detailed-exitcode").code == 0


def _manifest(name: str) -> str:
    return json.dumps({"version": 1, "environments": {name: HOST}})


@pytest.mark.parametrize("name", ["sk_live", "hostname", "a b", "", "x" * 129])
def test_64_for_what_cannot_be_a_name(live: Stage, name: str) -> None:
    document = (ended := live.run("import", name, "--format", "json")).document
    assert (ended.code, document["reason"]) == (64, "usage")


@pytest.mark.parametrize("files", [["-f", "a.yaml", "-f", "b.yaml"], ["-f", "."], ["-f", "-"]])
def test_64_where_it_is_open_which_file_to_write(live: Stage, files: list[str]) -> None:
    assert live.run("import", "web", "--write", *files).code == 64


def test_65_for_a_manifest_that_is_not_there_or_wrong(live: Stage) -> None:
    assert live.run("import", "web", "-f", "nowhere.yaml", "--format", "json").document["exit_code"] == 65
    live.write("imgwire.yaml", "version: 2")
    assert live.run("import", "web", "--write", "--format", "json").document["exit_code"] == 65
    assert live.sent() == []


def test_the_report_tells_what_is_live(live: Stage) -> None:
    document = live.run("import", "web", "--format", "json").document
    assert (document["command"], document["outcome"], document["reason"]) == ("import", "ok", "in_sync")
    (environment,) = document["environments"]
    assert (environment["name"], environment["action"], environment["protect"]) == ("web", "none", True)
    assert environment["environment_id"] == environment["live"]["environment_id"] == uid("web")


def test_an_environment_that_is_not_ready_is_imported_too(live: Stage) -> None:
    live.change("web", status="PENDING")
    assert live.run("import", "web").code == 0


def test_import_from_the_emulator_inside_the_process_finds_what_apply_created_there(stage: Stage) -> None:
    stage.manifest(web="web.example.com")
    assert stage.run("apply", "--emulator", "--auto-approve").code == 0
    (stage.folder / "imgwire.yaml").unlink()
    ended = stage.run("import", "web", "--emulator")
    assert (ended.code, "hostname: web.example.com" in ended.out) == (0, True)


@pytest.mark.parametrize(
    ("hostname", "code"),
    [
        ("img_1.example.com", "invalid-hostname"),
        ("example.com", "apex-hostname"),
        ("github.io", "public-suffix"),
    ],
)
def test_a_hostname_that_the_rules_refuse_is_printed_as_a_comment(live: Stage, hostname: str, code: str) -> None:
    live.change("web", hostname=hostname)
    ended = live.run("import", "api", "web")
    assert ended.code == 5
    kept, _, comment = ended.out.partition("  # ")
    assert kept == "version: 1\n\nenvironments:\n" + entry("api")
    assert comment.startswith(f"Not allowed in a manifest: {code}.\n")
    assert f"  # web:\n  #   environment_id: {uid('web')}\n  #   hostname: {hostname}\n" in ended.out
    assert (
        f"error: a manifest cannot have the hostname of `web`, `{hostname}`: {code}; its entry is commented out"
        in ended.err
    )
    live.write("imgwire.yaml", ended.out)
    assert live.run("plan", "--detailed-exitcode").code == 0
    (live.folder / "imgwire.yaml").unlink()
    written = live.run("import", "api", "web", "--write", "--format", "json")
    assert (written.code, written.document["reason"]) == (5, "hostname_refused")
    assert left_in(live) == []


def test_an_import_of_refused_hostnames_alone_is_all_comments(live: Stage) -> None:
    live.change("web", hostname="img_1.example.com")
    ended = live.run("import", "web")
    assert ended.code == 5
    assert [line for line in ended.out.splitlines() if not line.startswith("  # ")] == [
        "version: 1",
        "",
        "environments:",
    ]


def test_a_hostname_outside_the_allowed_domains_is_printed_as_a_comment(live: Stage) -> None:
    live.write(
        "imgwire.yaml",
        "version: 1\nlimits: {allowed_domains: [example.org]}\nenvironments: {shop: shop.example.org}\n",
    )
    ended = live.run("import", "web")
    assert ended.code == 5
    assert "  # Not allowed in a manifest: domain-not-allowed." in ended.out


def test_a_refused_live_hostname_can_be_deleted(live: Stage) -> None:
    live.change("web", hostname="img_1.example.com")
    live.manifest(web=None)
    assert live.run("apply", "--auto-approve").code == 0
    assert live.live("web") is None


def test_a_name_behind_the_flag_for_the_emulator_is_no_state_file(stage: Stage) -> None:
    stage.manifest(blue="blue.example.com", green="green.example.com")
    assert stage.run("apply", "--emulator", "--auto-approve").code == 0
    (stage.folder / "imgwire.yaml").unlink()
    ended = stage.run("import", "--emulator", "blue", "green")
    assert ended.code == 0
    assert "blue.example.com" in ended.out
    assert not (stage.folder / "blue").exists()
