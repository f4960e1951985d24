"""Standard output against standard error, formats and reports, where manifests come from, and what narrows a run."""

from __future__ import annotations

import json
import os
import re
import stat
from typing import TYPE_CHECKING

import pytest

from cli.stage import DOMAIN
from reconciler.emulator.faults import Kind
from reconciler.render.formats import FORMATS

if TYPE_CHECKING:
    from cli.stage import Stage

OLD, NEW = "old.example.com", "new.example.com"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NEED_AN_ARGUMENT = {"import", "show"}  # see test_import and test_show
CLI_COMMANDS = [command.split() for command in FORMATS if command not in NEED_AN_ARGUMENT]


@pytest.fixture
def web(stage: Stage) -> Stage:
    stage.environment("web", OLD)
    stage.manifest(web=NEW)
    return stage


def test_a_plan_is_data_and_goes_to_standard_output_alone(web: Stage) -> None:
    ended = web.run("plan")
    assert "  ~ web\n      - old.example.com   CONNECTED, goes offline at step 1, permanently\n" in ended.out
    assert ended.err == ""


def test_apply_shows_its_plan_on_standard_error_and_its_report_on_standard_output(web: Stage) -> None:
    ended = web.run("apply", "--auto-approve")
    assert "replace" in ended.err
    assert ended.out.startswith("DNS records to publish:\n")
    assert ended.out.count("done") == 1  # each step is on standard error
    assert [line.split()[:3] for line in ended.err.splitlines() if line.startswith("done ")] == [
        ["done", "delete", "web"],
        ["done", "create", "web"],
        ["done", "verify", "web"],
    ]


def test_apply_in_one_log_prints_each_step_and_each_record_once(web: Stage) -> None:
    ended = web.run("apply", "--auto-approve")
    log = ended.err + ended.out
    assert [len(re.findall(rf"^ *done +{op} ", log, re.MULTILINE)) for op in ("delete", "create", "verify")] == [1] * 3
    assert [log.count(words) for words in ("DNS records to publish:", "DNS records to remove:", "Next: ")] == [1] * 3


def test_verbose_apply_lists_every_step_in_its_report_too(web: Stage) -> None:
    assert web.run("apply", "--auto-approve", "-v").out.startswith("  done  delete  web")


def test_what_is_wrong_goes_to_standard_error_alone(web: Stage) -> None:
    web.write("imgwire.yaml", "version: 1\nenvironments: {}\n")
    ended = web.run("plan")
    assert (ended.out, "error[no-environments]" in ended.err) == ("", True)


def test_for_validate_what_is_wrong_is_the_data(web: Stage) -> None:
    web.write("imgwire.yaml", "version: 1\nenvironments: {}\n")
    ended = web.run("validate")
    assert ("error[no-environments]" in ended.out, ended.err) == (True, "")


@pytest.mark.parametrize("command", CLI_COMMANDS, ids=" ".join)
@pytest.mark.parametrize("trouble", ["none", "usage", "manifest", "no manifest", "unreachable", "no key", "no access"])
def test_json_is_one_valid_document_whatever_happens(web: Stage, command: list[str], trouble: str) -> None:
    arguments = [*command, "--format", "json"]
    match trouble:
        case "usage":
            arguments.append("--no-such-option")
        case "manifest":
            web.write("imgwire.yaml", "version: 2")
        case "no manifest":
            arguments += ["-f", "nowhere.yaml"]
        case "unreachable" if command != ["validate"]:
            arguments += ["--api-url", "http://127.0.0.1:9", "--retries", "0"]
        case "no key":
            web.unset("IMGWIRE_API_KEY_WEB")
        case "no access":
            web.fault(Kind.STATUS, status=401, error_type="InvalidTokenError", times=None)
    ended = web.run(*arguments)
    document = ended.document
    assert document["format"] == f"imgwire-reconciler/{'plan' if command == ['plan'] else 'report'}"
    assert document["outcome"]
    content = ("message", "diagnostics", "environments", "checks")
    assert any(document.get(field) for field in content) or command == ["validate"]
    expected = {"usage": 64, "manifest": 65, "no manifest": 65}
    if trouble in expected:
        assert ended.code == expected[trouble]


def test_json_is_one_valid_document_after_a_defect_of_the_tool(web: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("reconciler.operations.propose.build_plan", broken)
    ended = web.run("plan", "--format", "json")
    assert (ended.code, ended.document["reason"]) == (1, "internal_error")
    assert "boom" not in ended.err
    assert "boom" in web.run("plan", "-vv").err


def test_json_is_one_valid_document_when_no_command_is_named(web: Stage) -> None:
    assert web.run("destroy", "--format=json").document["command"] is None
    assert web.run("plan", "--format", "json", "--format", "xml").document["reason"] == "usage"


@pytest.mark.parametrize(
    "command", [item for item in CLI_COMMANDS if item not in (["apply"], ["dns", "sync"])], ids=" ".join
)
def test_every_format_can_be_printed_and_written_beside_another(web: Stage, command: list[str]) -> None:
    for format_ in FORMATS[" ".join(command)]:
        printed = web.run(*command, "--format", format_).out
        ended = web.run(*command, "--report", f"{format_}=report")
        assert timeless(printed) == timeless(web.read("report"))
        assert ended.err == ""


def test_one_apply_can_be_reported_in_every_format(web: Stage) -> None:
    reports = [f"--report={format_}=report.{format_}" for format_ in FORMATS["apply"]]
    ended = web.run("apply", "--auto-approve", *reports)
    assert web.read("report.text") == ended.out
    assert json.loads(web.read("report.json"))["outcome"] == "ok"
    assert "\n### Imgwire apply: ok (" in web.read("report.markdown")


def timeless(text: str) -> str:
    """The text without the times at which it was made and ends to hold: a second may pass between two runs."""
    return re.sub(r"\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", "…", text)


def test_reports_are_written_whatever_the_outcome(web: Stage) -> None:
    web.write("imgwire.yaml", "version: 2")
    reports = ["--report", "json=a.json", "--report", "markdown=b.md", "--report", "text=c.txt"]
    ended = web.run("plan", *reports)
    assert (ended.code, ended.out) == (65, "")
    assert json.loads(web.read("a.json"))["reason"] == "invalid_manifest"
    assert "unsupported-version" in web.read("b.md")
    assert web.read("c.txt") == ended.err


def test_a_report_that_cannot_be_written_is_told_and_costs_the_good_exit_code(web: Stage) -> None:
    ended = web.run("plan", "--report", "json=nowhere/report.json")
    assert (ended.code, ended.out != "") == (1, True)
    assert ended.err == "error: could not write the json report to nowhere/report.json: No such file or directory\n"
    document = web.run("plan", "--report", "json=nowhere/report.json", "--format", "json").document
    assert (document["exit_code"], document["reason"]) == (1, "report_not_written")
    assert web.run("validate", "--report", "json=nowhere/report.json").out == "Valid: 1 environment in 1 file.\n"


def test_a_report_replaces_a_file_whole_and_keeps_its_mode(web: Stage) -> None:
    path = web.write("report.md", "x" * 100_000)
    path.chmod(0o640)
    assert web.run("plan", "--report", "markdown=report.md").code == 0
    assert "\n### Imgwire plan: 1 to replace\n" in web.read("report.md")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(item.name for item in web.folder.iterdir()) == ["imgwire.yaml", "report.md"]


def test_a_reader_that_goes_away_is_no_reason_for_a_traceback(web: Stage) -> None:
    read, write = os.pipe()
    os.close(read)
    ended = web.spawn("plan", stdout=write)
    os.close(write)
    assert (ended.code, ended.err) == (0, "")


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
    ids=["a pipe", "FORCE_COLOR", "NO_COLOR", "NO_COLOR wins"],
)
def test_colour_is_for_terminals_and_for_those_who_ask(web: Stage, variables: dict[str, str], coloured: bool) -> None:
    plain = web.run("plan").out
    for name, value in variables.items():
        web.set(name, value)
    ended = web.run("plan")
    assert bool(COLOUR.search(ended.out)) == coloured
    assert COLOUR.sub("", ended.out) == plain


def test_colour_never_reaches_a_report_or_json(web: Stage) -> None:
    web.set("FORCE_COLOR", "1")
    assert "\x1b" not in web.run("plan", "--format", "json", "--report", "text=plan.txt").out
    assert "\x1b" not in web.read("plan.txt")


@pytest.mark.calm("counts retries")
def test_log_lines_can_be_json(web: Stage) -> None:
    web.fault(Kind.STATUS, status=503, times=1)
    ended = web.run("plan", "-vv", "--log-format", "json", "--out", "plan.json")
    lines = [json.loads(line) for line in ended.err.splitlines()]
    assert [line["kind"] for line in lines] == ["call", "retry", "call", "info"]
    assert all({"time", "kind", "text"} <= set(line) for line in lines)
    requests = [[line[name] for name in ("environment", "method", "status", "attempt")] for line in lines[:3]]
    assert requests == [["web", "GET", 503, 1], ["web", "GET", 503, 1], ["web", "GET", 200, 2]]
    assert all(0 <= line["duration"] < 60 for line in lines[:3])


def test_json_log_lines_of_steps_have_fields(web: Stage) -> None:
    ended = web.run("apply", "--auto-approve", "--log-format", "json", "--format", "json", "--max-interruptions", "9")
    steps = [line for line in map(json.loads, ended.err.splitlines()) if "op" in line]
    assert [(line["environment"], line["op"], line["state"], line["error"]) for line in steps] == [
        (step["environment"], step["op"], step["state"], None) for step in ended.document["steps"]
    ]
    assert all(line["duration"] >= 0 and line["hostname"] for line in steps)


def test_log_lines_can_be_json_when_a_run_fails(web: Stage) -> None:
    for arguments in (["apply"], ["plan", "-f", "nowhere.yaml"], ["plan", "--api-url", "http://example.com"]):
        ended = web.run(*arguments, "--log-format", "json")
        assert ended.code != 0
        assert [json.loads(line)["kind"] for line in ended.err.splitlines()]


@pytest.mark.calm("counts retries")
def test_v_tells_of_retries_and_vv_of_every_request(web: Stage) -> None:
    def told(*options: str) -> list[str]:
        web.fault(Kind.STATUS, status=503, times=1)
        return [line.partition(" in ")[0] for line in web.run("plan", *options).err.splitlines()]

    assert told() == []
    (retry,) = told("-v")
    assert retry.startswith("retry: ")
    assert "503" in retry
    assert len(told("-vv")) == 3


def test_a_manifest_may_come_from_standard_input(web: Stage) -> None:
    ended = web.spawn("plan", "-f", "-", "--format", "json", stdin=web.read("imgwire.yaml"))
    assert (ended.code, ended.document["source"]["files"][0]["path"]) == (0, "<stdin>")
    assert ended.document["environments"][0]["location"]["file"] == "<stdin>"


def test_a_folder_means_every_manifest_below_it_in_sorted_order(web: Stage) -> None:
    for path in ("all/b.yaml", "all/a/z.yml", "all/a.yaml"):
        name = re.sub(r"\W", "", path)
        web.environment(name)
        web.manifest(path, **{name: f"{name}.example.com"})
    web.write("all/notes.txt", "nothing of ours")
    document = web.run("plan", "-f", "all", "--format", "json").document
    assert [item["path"] for item in document["source"]["files"]] == ["all/a.yaml", "all/a/z.yml", "all/b.yaml"]
    assert document["summary"]["environments"] == 3


def test_files_are_merged_and_a_hostname_may_be_wanted_once_in_all(web: Stage) -> None:
    web.manifest("a.yaml", a=NEW)
    web.manifest("b.yaml", b=NEW)
    document = (ended := web.run("validate", "-f", "a.yaml", "-f", "b.yaml", "--format", "json")).document
    assert (ended.code, [item["code"] for item in document["diagnostics"]]) == (65, ["hostname-claimed-twice"])


def labelled(stage: Stage) -> None:
    for name in ("blog", "shop", "web"):
        stage.environment(name)
    stage.manifest(
        blog={"hostname": "blog.example.com", "labels": {"team": "words"}},
        shop={"hostname": "shop.example.com", "labels": {"team": "money", "tier": "one"}},
        web={"hostname": "web.example.com", "labels": {"team": "words", "tier": "one"}},
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--env", "web"], ["web"]),
        (["--env", "web", "--env", "blog"], ["blog", "web"]),
        (["--selector", "team=words"], ["blog", "web"]),
        (["--selector", "team=words", "--selector", "tier=one"], ["web"]),
        (["--env", "blog", "--env", "shop", "--selector", "tier=one"], ["shop"]),
    ],
    ids=" ".join,
)
def test_a_selection_reads_and_touches_only_what_it_names(
    stage: Stage, options: list[str], expected: list[str]
) -> None:
    labelled(stage)
    document = stage.run("status", *options, "--format", "json").document
    assert [item["name"] for item in document["environments"]] == expected
    assert len(stage.sent()) == len(expected)
    selection = document["source"]["selection"]
    assert len(selection["environments"]) + len(selection["selectors"]) == len(options) / 2


def test_a_name_that_the_manifest_does_not_list_is_an_error(stage: Stage) -> None:
    labelled(stage)
    document = (ended := stage.run("plan", "--env", "wep", "--format", "json")).document
    assert (ended.code, [item["code"] for item in document["diagnostics"]]) == (65, ["unknown-environment"])
    assert "web" in document["diagnostics"][0]["hint"]


def test_a_selection_that_would_cut_a_move_in_half_is_refused(stage: Stage) -> None:
    stage.environment("blue", "www.example.com")
    stage.environment("green")
    stage.manifest(blue=None, green="www.example.com")
    for name, other in (("blue", "green"), ("green", "blue")):
        for command in (["plan"], ["apply", "--auto-approve"]):
            document = (ended := stage.run(*command, "--env", name, "--format", "json")).document
            assert (ended.code, document["reason"]) == (5, "selection_cuts_move")
            assert f"--env {other}" in [block["override"] for block in document["blocks"]]
    assert {method for method, _ in stage.sent()} == {"GET"}
    assert stage.run("apply", "--auto-approve", "--env", "blue", "--env", "green").code == 0
    assert (stage.live("blue"), stage.live("green")) == (None, "www.example.com")


def test_an_environment_that_is_not_listed_is_not_ours(stage: Stage) -> None:
    stage.environment("theirs", "theirs.example.com")
    stage.environment("web")
    stage.manifest(web=NEW)
    assert stage.run("apply", "--auto-approve").code == 0
    assert {entry["key"] for entry in stage.requests()} == {"web"}
    assert stage.live("theirs") == "theirs.example.com"


def test_the_records_to_publish_are_shown_after_a_create_and_by_dns_show(web: Stage) -> None:
    applied = web.run("apply", "--auto-approve", "--format", "json").document["dns"]
    shown = web.run("dns", "show", "--format", "json").document["dns"]
    assert [record["purpose"] for record in shown] == ["routing", "validation"]
    assert applied == shown
    zone = web.run("dns", "show", "--format", "bind").out.splitlines()
    assert zone[0] == "; web: new.example.com"
    assert zone[1:] == [f"{record['name']}. IN CNAME {record['value']}." for record in shown]


def test_init_creates_the_folder_of_the_manifest(web: Stage) -> None:
    assert web.run("init", "teams/web/imgwire.yaml").code == 0
    assert web.run("validate", "teams/web/imgwire.yaml").code == 0
    ended = web.run("init", "teams/web/imgwire.yaml/x.yaml")
    assert ended.code == 1
    assert "could not write teams/web/imgwire.yaml/x.yaml: " in ended.err


def test_init_never_overwrites(web: Stage) -> None:
    before = web.read("imgwire.yaml")
    ended = web.run("init")
    assert (ended.code, ended.out, web.read("imgwire.yaml")) == (1, "", before)
    assert web.run("init", "other.yaml").code == 0
    assert web.run("validate", "-f", "other.yaml").code == 0


def test_the_emulator_inside_the_process_needs_no_key_and_no_network(web: Stage) -> None:
    for name in ("IMGWIRE_API_KEY_WEB", "IMGWIRE_API_BASE_URL"):
        web.unset(name)
    assert web.run("apply", "--emulator", "--auto-approve").code == 0
    known = web.run("plan", "--emulator", "--detailed-exitcode")
    assert (known.code, "new state file" in known.err) == (0, False)
    mistyped = web.run("apply", "--emulator", "plan.json", "--expect-digest", f"sha256:{'0' * 64}")
    assert (mistyped.code, "new state file: plan.json" in mistyped.err) == (5, True)
    assert (web.folder / ".imgwire-emulator.json").exists()
    assert web.sent() == []


def test_a_state_that_is_not_the_emulators_is_left_alone(web: Stage) -> None:
    for path in ("imgwire.yaml", ".", "nowhere/state.json"):
        ended = web.run("plan", "--emulator", path, "--format", "json")
        assert (ended.code, ended.document["reason"]) == (1, "emulator_state")
    assert json.loads(web.read("imgwire.yaml"))["version"] == 1


def test_requests_in_flight_stay_within_the_limit_and_all_are_made(stage: Stage) -> None:
    names = [f"e{number}" for number in range(40)]
    for name in names:
        stage.environment(name)
    stage.manifest(**{name: f"{name}.example.com" for name in names})
    assert stage.run("plan", "--parallelism", "3").code == 0
    assert stage.sent() == [("GET", DOMAIN)] * 40


def test_dns_show_does_not_call_what_it_could_not_read_absent(web: Stage) -> None:
    web.fault(Kind.STATUS, status=500, times=None)
    for format_ in FORMATS["dns show"]:
        ended = web.run("dns", "show", "--retries", "0", "--format", format_)
        assert ended.code == 8
        assert "error: web: " in ended.err
        assert ended.out == "" or ended.document["complete"] is False


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_the_terminal_cannot_write_is_escaped(web: Stage, encoding: str) -> None:
    web.manifest(web="例え.example.com")
    web.set("PYTHONIOENCODING", encoding)
    ended = web.spawn("plan")
    assert ended.code == 0
    assert "(\\u4f8b\\u3048.example.com)" in ended.out
    web.write("imgwire.yaml", "version: 1\nenvironments: {例え: www.example.com}\n")
    assert web.spawn("validate").code == 65


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full here")  # noqa: PTH110
@pytest.mark.parametrize(
    "command", [["plan"], ["plan", "--format", "json"], ["--help"], ["schema", "plan"]], ids=" ".join
)
def test_a_full_disk_under_standard_output_is_an_error_in_words(web: Stage, command: list[str]) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    ended = web.spawn(*command, stdout=full)
    os.close(full)
    assert ended.code == 1
    assert "No space left on device" in ended.err


@pytest.mark.parametrize(
    ("arguments", "written", "read"),
    [
        (["plan", "--report", "json=imgwire.yaml"], "imgwire.yaml", "imgwire.yaml"),
        (["validate", "--report", "json=imgwire.yaml"], "imgwire.yaml", "imgwire.yaml"),
        (["plan", "-f", ".", "--report", "json=new.yaml"], "new.yaml", "."),
        (["plan", "-f", ".", "--report", "json=new.yml"], "new.yml", "."),
        (["plan", "--out", "a", "--report", "markdown=a"], "a", "a"),
        (["plan", "--out", ".imgwire-emulator.json", "--emulator"], ".imgwire-emulator.json", ".imgwire-emulator.json"),
        (["apply", "old.json", "--report", "json=old.json"], "old.json", "old.json"),
        (["drift", "--baseline", "old.json", "--report", "html=old.json"], "old.json", "old.json"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_no_output_takes_the_place_of_what_is_read(stage: Stage, arguments: list[str], written: str, read: str) -> None:
    stage.environment("web", "images.example.com")
    stage.manifest(web="images.example.com")
    for name in ("old.json", ".imgwire-emulator.json"):
        stage.write(name, "{}")
    before = {path.name: path.read_bytes() for path in stage.folder.iterdir() if path.is_file()}
    ended = stage.run(*arguments)
    assert (ended.code, ended.err.splitlines()[0]) == (64, f"error: {written} would overwrite {read}")
    assert {path.name: path.read_bytes() for path in stage.folder.iterdir() if path.is_file()} == before
    assert stage.sent() == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--format", "json", "--report", "json=/dev/stdout"], 64),
        (["--format", "json", "--report", "text=/dev/fd/1"], 64),
        (["--format", "json", "--out", "/dev/stdout"], 64),
        (["--report", "json=/dev/stdout", "--report", "markdown=/dev/fd/1"], 64),
        (["--report", "json=/dev/stdout"], 0),
        (["--format", "json", "--report", "json=/dev/fd/2"], 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_standard_output_has_one_document(stage: Stage, arguments: list[str], code: int) -> None:
    stage.environment("web", "images.example.com")
    stage.manifest(web="images.example.com")
    ended = stage.spawn("plan", *arguments)
    assert ended.code == code
    if "--format" in arguments:
        assert json.loads(ended.out)["exit_code"] == code
