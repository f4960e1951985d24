"""What a step of a GitHub workflow passes on: outputs, summary and annotations."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.emulator.faults import Kind
from reconciler.render.github import OUTPUTS

if TYPE_CHECKING:
    from pathlib import Path

    from cli.stage import Stage

HOST, NEW = "img.example.com", "new.example.com"


@pytest.fixture
def step(stage: Stage) -> Stage:
    """A step of a workflow, with an environment `web` that is ready."""
    stage.environment("web", HOST)
    stage.manifest(web=HOST)
    stage.set("GITHUB_OUTPUT", str(stage.write("outputs", "earlier=1\n")))
    stage.set("GITHUB_STEP_SUMMARY", str(stage.write("summary", "earlier\n")))
    stage.set("GITHUB_WORKSPACE", str(stage.folder))
    return stage


def outputs(step: Stage) -> dict[str, str]:
    first, *lines = step.read("outputs").splitlines()
    assert first == "earlier=1"
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize(
    ("manifest", "arguments", "code", "some"),
    [
        ({"web": HOST}, ["plan"], 0, {"changes": "false", "replace": "0", "reason": "in_sync"}),
        ({"web": NEW}, ["plan"], 0, {"changes": "true", "replace": "1", "outcome": "changes", "interruptions": "1"}),
        ({"web": NEW}, ["plan", "--detailed-exitcode"], 2, {"changes": "true", "exit_code": "2"}),
        (
            {"web": NEW},
            ["apply", "--auto-approve", "--no-dns"],
            0,
            {"changes": "true", "unserved": "0", "replace": "1"},
        ),
        ({"web": NEW}, ["apply"], 5, {"changes": "true", "outcome": "refused"}),
        ({"web": HOST}, ["verify", "--no-dns"], 0, {"outcome": "ok", "changes": "false"}),
        ({"web": HOST}, ["validate"], 0, {"outcome": "ok", "changes": ""}),
        ({"web": "-"}, ["plan"], 65, {"outcome": "data", "changes": "", "create": ""}),
        ({"web": HOST}, ["drift"], 0, {"drift": "false", "findings": "0", "fingerprint": ""}),
        ({"web": NEW}, ["drift"], 2, {"drift": "true", "findings": "1", "exit_code": "2"}),
        ({"web": "-"}, ["drift"], 65, {"drift": "unknown", "findings": ""}),
        ({"web": NEW}, ["drift", "--baseline", "none"], 65, {"drift": "unknown"}),
        ({"web": HOST}, ["plan", "--no-such-option"], 64, {"outcome": "usage", "reason": "usage", "changes": ""}),
        ({"web": HOST}, ["drift", "--parallelism", "none"], 64, {"drift": "unknown"}),
    ],
)
def test_every_output_is_written_on_every_exit(
    step: Stage, manifest: dict[str, Any], arguments: list[str], code: int, some: dict[str, str]
) -> None:
    step.manifest(**manifest)
    assert step.run(*arguments, "--format", "github").code == code
    written = outputs(step)
    extra = {"drift", "findings"} if arguments[0] == "drift" else set()
    assert set(written) == {*OUTPUTS, *extra}
    assert written["exit_code"] == str(code)
    assert written | some == written
    summary = step.read("summary")
    assert summary.startswith("earlier\n")
    assert "### Imgwire" in summary


def test_a_report_in_github_format_writes_the_outputs_too(step: Stage) -> None:
    assert step.run("plan", "--report", "github=annotations").code == 0
    assert outputs(step)["outcome"] == "ok"


def test_no_outputs_are_written_in_other_formats(step: Stage) -> None:
    assert step.run("drift").code == 0
    assert (step.read("outputs"), step.read("summary")) == ("earlier=1\n", "earlier\n")


def test_drift_is_unknown_in_an_outage(step: Stage) -> None:
    step.fault(Kind.STATUS, status=503)
    assert step.run("drift", "--format", "github", "--retries", "0").code == 8
    assert (outputs(step)["drift"], outputs(step)["unreadable"], outputs(step)["changes"]) == ("unknown", "1", "")


def test_a_bug_writes_the_outputs(step: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.operations.plan.propose", lambda *_: 1 / 0)
    assert step.run("plan", "--format", "github").code == 1
    assert (outputs(step)["reason"], outputs(step)["exit_code"]) == ("internal_error", "1")


def test_the_plan_path_is_written_only_if_a_plan_was_saved(step: Stage) -> None:
    step.run("plan", "--format", "github", "--out", "plan.json")
    assert outputs(step)["plan_path"] == "plan.json"
    step.write("outputs", "earlier=1\n")
    step.manifest(web="-")
    step.run("plan", "--format", "github", "--out", "plan.json")
    assert outputs(step)["plan_path"] == ""


@pytest.mark.parametrize("variable", ["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"])
def test_1_where_the_step_files_cannot_be_written(step: Stage, variable: str) -> None:
    step.set(variable, "no/such/folder")
    ended = step.run("drift", "--format", "github")
    what = "step outputs" if variable == "GITHUB_OUTPUT" else "step summary"
    assert ended.code == 1
    assert f"could not write the {what} to no/such/folder: No such file or directory" in ended.err


def test_annotations_are_relative_to_the_workspace(step: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    step.write("infra/imgwire.yaml", "version: 1\nenvironments:\n  web: example.com\n")
    monkeypatch.chdir(step.folder / "infra")
    assert "file=infra/imgwire.yaml,line=3," in step.run("validate", "--format", "github").out
    assert '"infra/imgwire.yaml"' in step.run("validate", "--format", "codeclimate").out
    assert '"uri": "infra/imgwire.yaml"' in step.run("validate", "--format", "sarif").out
    assert '"path": "infra/imgwire.yaml"' in step.run("validate", "--format", "rdjson").out


def test_the_last_of_ten_annotations_counts_the_rest_at_the_first_omitted_problem(step: Stage) -> None:
    step.manifest()
    lines = [f"  e{number}: example{number}.com\n" for number in range(25)]
    step.write("imgwire.yaml", "version: 1\nenvironments:\n" + "".join(lines))
    annotations = step.run("validate", "--format", "github").out.splitlines()
    assert len(annotations) == 10
    assert re.search(r"line=12,.*::16 more errors", annotations[-1])


def test_the_log_has_every_problem_beside_the_annotations(step: Stage) -> None:
    step.manifest()
    lines = [f"  e{number}: example{number}.com\n" for number in range(25)]
    step.write("imgwire.yaml", "version: 1\nenvironments:\n" + "".join(lines))
    log = step.run("validate", "--format", "github").err
    assert log.count("error[apex-hostname]") == 25
    assert "25 errors in 1 file" in log


def test_the_log_has_the_plan_beside_the_annotations(step: Stage) -> None:
    step.manifest(web=NEW)
    ended = step.run("plan", "--format", "github")
    assert ended.out == ""
    assert "Plan: 1 to replace." in ended.err


def test_the_log_has_the_end_of_an_apply_and_each_step_once(step: Stage) -> None:
    step.manifest(web=NEW)
    ended = step.run("apply", "--auto-approve", "--no-dns", "--format", "github")
    assert ended.out == ""
    assert "Applied: 3 done." in ended.err
    assert len(re.findall(r"^ *done +create", ended.err, re.MULTILINE)) == 1


def test_a_plan_annotates_what_apply_will_refuse(step: Stage) -> None:
    step.manifest(web={"hostname": NEW, "protect": True})
    ended = step.run("plan", "--format", "github")
    assert ended.code == 5
    assert re.match(r"::error file=imgwire.yaml,line=1,.*title=protected::", ended.out)


def test_the_summary_of_a_step_has_at_most_one_mebibyte(step: Stage) -> None:
    step.write("summary", "x" * (1024 * 1024 - 150) + "\n")
    step.manifest(web=NEW)
    step.run("plan", "--format", "github")
    assert 1024 * 1024 - 150 < (step.folder / "summary").stat().st_size <= 1024 * 1024


def test_the_widget_of_gitlab_counts_a_replace_as_an_update(step: Stage) -> None:
    step.manifest(web=NEW)
    assert step.run("plan", "--report", "gitlab=tf.json").code == 0
    assert json.loads(step.read("tf.json")) == {"create": 0, "update": 1, "delete": 0}


def test_the_widget_of_gitlab_gets_no_counts_of_an_incomplete_plan(step: Stage) -> None:
    step.fault(Kind.STATUS, status=503)
    assert step.run("plan", "--report", "gitlab=tf.json", "--retries", "0").code == 8
    assert step.read("tf.json") == "{}\n"


def test_a_report_with_a_plus_is_appended(step: Stage, tmp_path: Path) -> None:
    step.write("page.md", "before\n")
    assert step.run("plan", "--report", "markdown=+page.md").code == 0
    assert step.read("page.md").startswith("before\n")
    assert "### Imgwire plan" in (tmp_path / "page.md").read_text()
    assert step.run("plan", "--report", "markdown=+page.md", "--report", "json=page.md").code == 64
