"""The example pipelines: each file loads, and each shell step runs as a runner would run it, against the emulator."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from emulator_fixture import running
from samples import uid

from reconciler.emulator.auth import Account
from reconciler.emulator.faults import Fault, Kind
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator_fixture import Running

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / "examples" / "github" / "workflows"
NAMES = ("production", "staging")
HOSTS = {name: f"images-{name}.example.com" for name in NAMES}
GH = """
import json, os, sys, pathlib
arguments, state = sys.argv[1:], pathlib.Path(os.environ["GH_STATE"])
data = json.loads(state.read_text()) if state.exists() else {"comments": [], "issue": None, "closed": 0}
def after(*names):
    return next(arguments[i + 1] for i, word in enumerate(arguments) if word in names)
def body():
    return pathlib.Path(after("--field").removeprefix("body=@")).read_text()
match arguments:
    case ["api", "--paginate", *_]:
        for number, text in enumerate(data["comments"]):
            if text.startswith(os.environ["MARKER"]):
                print(number)
    case ["api", "--silent", "--method", "PATCH", url, *_]:
        data["comments"][int(url.rpartition("/")[2])] = body()
    case ["api", "--silent", "--method", "POST", *_]:
        data["comments"].append(body())
    case ["label", "create", *_]:
        pass
    case ["run", "list", *_]:
        print(11)
    case ["run", "download", "11", *_]:  # the artifact is the file that the night has left
        pass
    case ["issue", "list", *_]:
        print(7) if data["issue"] else None
    case ["issue", "create" | "edit", *_]:
        data["issue"] = pathlib.Path(after("--body-file")).read_text()
    case ["issue", "close", "7", *_]:
        data["issue"] = None
        data["closed"] += 1
    case _:
        sys.exit(f"unexpected: gh {arguments}")
state.write_text(json.dumps(data))
"""


class Runner:
    """A checkout with a manifest, an emulator as the API, and stand-ins for `gh`, `pip` and `pipx`."""

    def __init__(self, folder: Path, emulator: Running) -> None:
        self.folder, self.emulator = folder / "checkout", emulator
        self.folder.mkdir()
        (folder / "bin").mkdir()
        (folder / "gh.py").write_text(GH)
        self._program(folder / "bin" / "gh", f'#!/bin/sh\nexec "{sys.executable}" "{folder / "gh.py"}" "$@"\n')
        self._program(folder / "bin" / "reconciler", f'#!/bin/sh\nexec "{sys.executable}" -m reconciler "$@"\n')
        for name in ("pip", "pipx"):
            self._program(folder / "bin" / name, "#!/bin/sh\nexit 0\n")
        self.environment = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "HOME": str(folder),
            "CI": "true",
            "GH_STATE": str(folder / "gh.json"),
            "GITHUB_WORKSPACE": str(self.folder),
            "GITHUB_REPOSITORY": "example/infra",
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "RUNNER_TEMP": str(folder),
            "IMGWIRE_API_BASE_URL": emulator.url,
            "IMGWIRE_API_KEYS": json.dumps({name: f"sk_{name}" for name in NAMES}),
        }
        for name in NAMES:
            emulator.world.auth.register([Account(name, Secret(f"sk_{name}"), uid(name))])
        self.manifest(**HOSTS)
        self.plant_links()

    def plant_links(self) -> None:
        """A change may commit a link with the name of a file that a step writes: no step may follow it."""
        for name in ("plan.md", "comment.md", "drift.md"):
            (self.folder / name).symlink_to("/proc/self/environ")

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def manifest(self, **environments: Any) -> None:
        (self.folder / "imgwire.yaml").write_text(json.dumps({"version": 1, "environments": environments}))

    def live(self) -> dict[str, str | None]:
        domains = {name: self.emulator.world.domains.find(uid(name)) for name in NAMES}
        return {name: domain and domain.hostname for name, domain in domains.items()}

    @property
    def gh(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(Path(self.environment["GH_STATE"]).read_text())
        return found

    def step(self, script: str, **variables: str) -> tuple[int, dict[str, str]]:
        """Run a step: its exit code and outputs."""
        outputs = self.folder.parent / "outputs"
        outputs.write_text("")
        ended = subprocess.run(
            ["bash", "-eo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self.environment, "GITHUB_OUTPUT": str(outputs), "GITHUB_PATH": os.devnull, **variables},
            capture_output=True,
            text=True,
            timeout=120,
        )
        sys.stderr.write(ended.stdout + ended.stderr)  # shown when the test fails
        return ended.returncode, dict(line.split("=", 1) for line in outputs.read_text().splitlines())


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Runner]:
    with running() as emulator:
        yield Runner(tmp_path, emulator)


def workflow(name: str, job: str) -> dict[str, str]:
    """The shell steps of a job by name, id or place."""
    steps = yaml.safe_load((WORKFLOWS / name).read_text())["jobs"][job]["steps"]
    return {
        step.get("name") or step.get("id") or str(place): step["run"]
        for place, step in enumerate(steps)
        if "run" in step
    }


def all_files() -> list[Path]:
    folders = sorted([*(ROOT / "examples").rglob("*.y*ml"), *(ROOT / "examples").rglob(".*.y*ml")])
    return [ROOT / "action.yml", ROOT / ".pre-commit-hooks.yaml", *folders]


@pytest.mark.parametrize("path", all_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_yaml_file_loads_safely(path: Path) -> None:
    assert list(yaml.safe_load_all(path.read_text()))


@pytest.mark.parametrize("path", sorted(WORKFLOWS.iterdir()), ids=lambda path: path.name)
def test_every_workflow_pins_its_actions_and_grants_little(path: Path) -> None:
    content = yaml.safe_load(path.read_text())
    assert content["permissions"] == {}
    for job in content["jobs"].values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert "${{" not in step.get("run", "")  # no expression becomes shell
            assert len(step.get("uses", "@" + "0" * 40).partition("@")[2]) == 40


def test_a_pull_request_gets_one_comment_that_is_updated(runner: Runner) -> None:
    for script in workflow("imgwire-plan.yml", "validate").values():
        assert runner.step(script)[0] == 0
    steps = workflow("imgwire-plan.yml", "plan")
    for expected in ("2 to create", "1 to create"):
        code, outputs = runner.step(steps["plan"])
        assert (code, outputs["changes"]) == (0, "true")
        marker = {"MARKER": "<!-- imgwire plan of imgwire.yaml -->", "PULL_REQUEST": "3"}
        assert runner.step(steps["Comment"], CHANGES=outputs["changes"], **marker)[0] == 0
        (comment,) = runner.gh["comments"]
        assert expected in comment
        runner.manifest(production=HOSTS["production"])


def test_a_pull_request_without_changes_gets_no_comment(runner: Runner) -> None:
    runner.manifest(production=None)
    steps = workflow("imgwire-plan.yml", "plan")
    _, outputs = runner.step(steps["plan"])
    assert outputs["changes"] == "false"
    runner.step(steps["Comment"], CHANGES="false", MARKER="<!-- imgwire plan of imgwire.yaml -->", PULL_REQUEST="3")
    assert runner.gh["comments"] == []


def test_a_merge_applies_exactly_the_approved_digest(runner: Runner) -> None:
    code, outputs = runner.step(workflow("imgwire-apply.yml", "plan")["plan"])
    assert (code, outputs["changes"]) == (0, "true")
    (script,) = [script for script in workflow("imgwire-apply.yml", "apply").values() if "apply" in script]
    code, applied = runner.step(script, DIGEST="sha256:" + "0" * 64)
    assert (code, applied["outcome"], runner.live()) == (5, "refused", dict.fromkeys(NAMES))
    code, applied = runner.step(script, DIGEST=outputs["digest"])
    assert (code, applied["unserved"], runner.live()) == (0, "0", HOSTS)
    assert (runner.folder / "receipt.json").is_file()
    assert runner.step(script, DIGEST=outputs["digest"])[0] == 0


def test_one_issue_follows_the_drift_and_an_outage_does_not_close_it(runner: Runner) -> None:
    steps = workflow("imgwire-drift.yml", "drift")
    condition = yaml.safe_load((WORKFLOWS / "imgwire-drift.yml").read_text())["jobs"]["drift"]["steps"][-1]["if"]

    def night() -> tuple[int, str]:
        code, outputs = runner.step(steps["drift"])
        if f"== '{outputs['drift']}'" in condition:
            assert runner.step(steps["Issue"], DRIFT=outputs["drift"])[0] == 0
        return code, outputs["drift"]

    assert night() == (0, "true")
    assert night() == (0, "true")
    assert "production" in runner.gh["issue"]
    runner.emulator.world.faults.add(Fault(Kind.STATUS, status=401, times=2))
    assert night() == (7, "unknown")
    assert (runner.gh["issue"] is None, runner.gh["closed"]) == (False, 0)
    for name in NAMES:
        runner.emulator.world.domains.create(uid(name), HOSTS[name])
    assert night() == (0, "false")
    assert (runner.gh["issue"], runner.gh["closed"]) == (None, 1)


@pytest.mark.parametrize(("command", "code"), [("validate", 0), ("plan", 0), ("drift", 0), ("apply", 5)])
def test_the_action_runs_each_command(runner: Runner, command: str, code: int) -> None:
    steps = {step["name"]: step["run"] for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]}
    arguments = {"ARGUMENTS": "-f\nimgwire.yaml\n\n", "COMMAND": command, "LABEL": "web"}
    ended, outputs = runner.step(steps["Run"], **arguments)
    assert (ended, outputs["exit_code"]) == (code, "2" if command == "drift" else str(code))
    if command == "plan":
        comment = {"MARKER": "<!-- imgwire-reconciler:plan:web -->", "PULL_REQUEST": "3", "CHANGES": "true"}
        assert runner.step(steps["Comment"], MARKDOWN=outputs["markdown_path"], **comment)[0] == 0
        assert runner.gh["comments"][0].startswith("<!-- imgwire-reconciler:plan:web -->\n")


def test_a_command_that_fails_early_posts_no_comment_of_another_step(runner: Runner) -> None:
    steps = {step["name"]: step["run"] for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]}
    for label, arguments, code in (("web", "", 0), ("blog", "--no-such-option", 64)):
        ended, outputs = runner.step(steps["Run"], ARGUMENTS=arguments, COMMAND="plan", LABEL=label)
        comment = {"MARKER": f"<!-- imgwire-reconciler:plan:{label} -->", "PULL_REQUEST": "3", "CHANGES": "true"}
        assert (ended, runner.step(steps["Comment"], MARKDOWN=outputs["markdown_path"], **comment)[0]) == (code, 0)
    assert len(runner.gh["comments"]) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        "-f\nmy file.yaml\n--env\nproduction",
        "-f my file.yaml\n  --env   production  ",
        "--file=my file.yaml\n--env=production",
    ],
    ids=["apart", "together", "joined"],
)
def test_the_action_takes_an_option_with_its_value_on_a_line(runner: Runner, arguments: str) -> None:
    (runner.folder / "imgwire.yaml").rename(runner.folder / "my file.yaml")
    steps = {step["name"]: step["run"] for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]}
    ended, outputs = runner.step(steps["Run"], ARGUMENTS=arguments, COMMAND="drift", LABEL="web")
    assert (ended, outputs["drift"], outputs["findings"]) == (0, "true", "1")


def test_the_action_imports_nothing_from_the_checkout(runner: Runner) -> None:
    """A module of a pull request would see the keys."""
    steps = {step["name"]: step["run"] for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]}
    for name in ("venv", "subprocess", "logging", "click", "sitecustomize"):
        (runner.folder / f"{name}.py").write_text(
            "import pathlib\npathlib.Path('imported').touch()\nraise SystemExit(1)\n"
        )
    binaries = runner.folder.parent / "imgwire-reconciler" / "bin"
    script = steps["Install"].replace('"$RUNNER_TEMP/imgwire-reconciler/bin/pip" install', "echo")
    assert script != steps["Install"]  # the packages are installed already
    assert runner.step(script, GITHUB_ACTION_PATH=str(ROOT))[0] == 0
    assert (binaries / "python3").exists()
    assert runner.step(steps["Run"], COMMAND="validate", ARGUMENTS="-f\nimgwire.yaml", LABEL="web")[0] == 0
    assert not list(runner.folder.rglob("imported"))


def test_the_action_declares_every_output() -> None:
    from reconciler.render.github import OUTPUTS

    assert set(yaml.safe_load((ROOT / "action.yml").read_text())["outputs"]) == {
        *OUTPUTS,
        *("drift", "findings", "markdown_path"),
    }


def gitlab(job: str) -> str:
    content = yaml.safe_load((ROOT / "examples" / "gitlab" / ".gitlab-ci.yml").read_text())
    return "\n".join([*content["default"]["before_script"], *content[job]["script"]])


def test_a_gitlab_pipeline_checks_plans_applies_and_reports_drift(runner: Runner) -> None:
    runner.environment["CI_PROJECT_DIR"] = str(runner.folder)
    assert [runner.step(gitlab(job))[0] for job in ("validate", "plan", "drift", "apply", "drift")] == [0, 0, 2, 0, 0]
    assert json.loads((runner.folder / "gl-terraform.json").read_text()) == {"create": 2, "update": 0, "delete": 0}
    assert json.loads((runner.folder / "gl-code-quality.json").read_text()) == []
    assert (runner.folder / "drift.xml").is_file()
    assert runner.live() == HOSTS


@pytest.mark.parametrize("name", ["drift-cronjob.yaml", "apply-job.yaml"])
def test_a_kubernetes_pod_runs_without_root_and_its_arguments_work(runner: Runner, name: str) -> None:
    folder = ROOT / "examples" / "kubernetes"
    content = yaml.safe_load((folder / name).read_text())["spec"]
    pod = content.get("jobTemplate", {"spec": content})["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    assert "env" not in container  # keys come as files
    secrets, config = runner.folder / "secrets", runner.folder / "config"
    (config / "..data").mkdir(parents=True)
    secrets.mkdir()
    for environment in NAMES:
        (secrets / environment).write_text(f"sk_{environment}\n")
    manifest = (folder / "imgwire.yaml").read_text().replace("/run/secrets/imgwire", str(secrets))
    (config / "..data" / "imgwire.yaml").write_text(manifest)
    (config / "imgwire.yaml").symlink_to("..data/imgwire.yaml")
    places = {"/etc/imgwire": str(config), "/var/lib/imgwire/receipt.json": "receipt.json"}
    arguments = " ".join(places.get(word, word) for word in container["args"])
    code, _ = runner.step(f"reconciler {arguments}", IMGWIRE_API_KEYS="")
    assert code == (2 if name.startswith("drift") else 5)  # drift, and a digest that nobody approved


def test_the_shares_of_a_fleet_are_the_whole_fleet(runner: Runner) -> None:
    """Each index of the Job and of the matrix runs its share. Together they read every environment once."""
    job = yaml.safe_load((ROOT / "examples" / "kubernetes" / "drift-fleet-job.yaml").read_text())["spec"]
    (container,) = job["template"]["spec"]["containers"]
    script = container["args"][0].replace("/etc/imgwire", "imgwire.yaml")
    matrix = yaml.safe_load((WORKFLOWS / "imgwire-drift-fleet.yml").read_text())["jobs"]["drift"]["strategy"]["matrix"]
    assert matrix["shard"] == list(range(job["completions"]))
    step = workflow("imgwire-drift-fleet.yml", "drift")["Drift"]
    seen: list[str] = []
    for index in matrix["shard"]:
        code, outputs = runner.step(step, SHARD=str(index))
        names = [item["name"] for item in json.loads((runner.folder / "drift.json").read_text())["environments"]]
        assert (code, outputs["drift"]) == ((2, "true") if names else (0, "false"))
        assert runner.step(script, JOB_COMPLETION_INDEX=str(index))[0] == code
        seen += names
    assert sorted(seen) == sorted(NAMES)


def test_the_systemd_timer_starts_a_service_that_reads_keys_as_a_credential() -> None:
    folder = ROOT / "examples" / "systemd"
    service = (folder / "imgwire-drift.service").read_text()
    assert "--keys %d/keys.json" in service
    assert "LoadCredential=keys.json:" in service
    assert "OnCalendar=" in (folder / "imgwire-drift.timer").read_text()
