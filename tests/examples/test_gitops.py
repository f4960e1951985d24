"""The sample repository, walked as its README leads: first commit, pull request, merge, drift and its end."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from samples import uid

from examples.test_pipelines import ROOT, Runner
from reconciler.emulator.auth import Account
from reconciler.emulator.faults import Fault, Kind
from reconciler.model.environments import Secret

if TYPE_CHECKING:
    from pathlib import Path

    from emulator_fixture import Running

SAMPLE = ROOT / "examples" / "gitops"
NAMES = ("shop", "web-production", "web-staging")
README = (SAMPLE / "README.md").read_text(encoding="utf-8")
MARKER = "<!-- imgwire-reconciler:plan -->"


def workflow(name: str, job: str) -> dict[str, str]:
    """The shell steps of a job by name."""
    content = yaml.safe_load((SAMPLE / ".github" / "workflows" / f"imgwire-{name}.yml").read_text(encoding="utf-8"))
    return {step["name"]: step["run"] for step in content["jobs"][job]["steps"] if "name" in step}


class Repository(Runner):
    """The sample as a Git repository with a remote, and what GitHub would do with it."""

    def __init__(self, folder: Path, emulator: Running) -> None:
        super().__init__(folder, emulator)
        shutil.rmtree(self.folder)
        shutil.copytree(SAMPLE, self.folder)
        self.plant_links()
        identity = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "A"), ("EMAIL", "a@example.com"))
        }
        self.environment |= {
            **identity,
            "GIT_CONFIG_GLOBAL": "/dev/null",
            "IMGWIRE_API_KEYS": json.dumps({name: f"sk_{name}" for name in NAMES}),
        }
        for name in NAMES:
            emulator.world.auth.register([Account(name, Secret(f"sk_{name}"), uid(name))])
        self.shell(
            f"git init -q --bare {folder}/remote.git; git init -q -b main; git remote add origin {folder}/remote.git"
        )
        self.remote = folder / "remote.git"

    def shell(self, script: str) -> None:
        assert self.step(script)[0] == 0

    def section(self, number: int) -> None:
        """Type what the section of the README shows."""
        text = re.split(r"^## ", README, flags=re.MULTILINE)[number]
        assert text.startswith(f"{number}. ")
        for block in re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            self.shell(block)

    def protect(self) -> None:
        """From now on the remote refuses a push to main, as a protected branch does."""
        hook = self.remote / "hooks" / "update"
        hook.write_text('#!/bin/sh\n[ "$1" != refs/heads/main ]\n')
        hook.chmod(0o755)

    def merge(self, branch: str) -> None:
        """What the merge button does."""
        self.shell(f"git --git-dir={self.remote} update-ref refs/heads/main refs/heads/{branch}")

    def pull_request(self) -> tuple[int, dict[str, str]]:
        """What happens with a pull request: its plan against the target branch, and the comment."""
        assert self.step(workflow("plan", "validate")["Validate"])[0] == 0
        self.shell("rm -rf base; mkdir -p base; git archive main | tar -x -C base")
        steps = workflow("plan", "plan")
        code, outputs = self.step(steps["Plan"])
        comment = {"MARKER": MARKER, "PULL_REQUEST": "3", "CHANGES": outputs["changes"]}
        assert self.step(steps["Comment"], **comment)[0] == 0
        self.shell("rm -rf base")
        return code, outputs

    def apply(self) -> str:
        """What happens after a push to main, once somebody has approved: `changes`."""
        code, outputs = self.step(workflow("apply", "plan")["Plan"])
        assert code == 0
        if outputs["changes"] == "true":
            assert self.step(workflow("apply", "apply")["Apply"], DIGEST=outputs["digest"])[0] == 0
        return outputs["changes"]

    def night(self) -> tuple[int, str]:
        steps = workflow("drift", "drift")
        code, outputs = self.step(steps["Drift"])
        content = yaml.safe_load((SAMPLE / ".github" / "workflows" / "imgwire-drift.yml").read_text(encoding="utf-8"))
        if f"== '{outputs['drift']}'" in content["jobs"]["drift"]["steps"][-1]["if"]:
            assert self.step(steps["Issue"], DRIFT=outputs["drift"])[0] == 0
        return code, outputs["drift"]

    def hostnames(self) -> dict[str, str | None]:
        domains = {name: self.emulator.world.domains.find(uid(name)) for name in NAMES}
        return {name: domain and domain.hostname for name, domain in domains.items()}


@pytest.fixture
def repository(tmp_path: Path, emulator: Running) -> Repository:
    return Repository(tmp_path, emulator)


def test_the_readme_leads_from_the_first_commit_to_a_drift_alert(repository: Repository) -> None:
    repository.section(1)
    repository.section(2)
    assert repository.apply() == "true"
    assert repository.hostnames() == {
        "shop": "shop-images.example.com",
        "web-production": "images.example.com",
        "web-staging": "images-staging.example.com",
    }
    assert repository.apply() == "false"

    repository.section(3)
    repository.protect()
    repository.section(4)
    code, outputs = repository.pull_request()
    assert (code, outputs["replace"], outputs["interruptions"]) == (0, "1", "1")
    assert (code, len(repository.gh["comments"])) == (0, 1)
    assert repository.gh["comments"][0].startswith(f"{MARKER}\n")
    assert "shop-cdn.example.com" in repository.gh["comments"][0]
    repository.pull_request()
    assert len(repository.gh["comments"]) == 1

    repository.merge("shop-hostname")
    repository.section(5)
    assert repository.apply() == "true"
    assert repository.hostnames()["shop"] == "shop-cdn.example.com"

    assert repository.night() == (0, "false")
    repository.emulator.world.domains.delete(uid("web-staging"))
    assert repository.night() == (0, "true")
    assert "web-staging" in repository.gh["issue"]
    repository.emulator.world.faults.add(Fault(Kind.STATUS, status=401, times=3))
    assert repository.night() == (7, "unknown")
    assert repository.gh["issue"] is not None
    assert repository.apply() == "true"
    assert repository.night() == (0, "false")
    assert (repository.gh["issue"], repository.gh["closed"]) == (None, 1)


def test_a_protected_branch_refuses_a_push_to_main(repository: Repository) -> None:
    repository.section(2)
    repository.protect()
    assert repository.step("git commit -q --allow-empty -m change && git push -q")[0] != 0


def test_a_required_check_runs_on_every_pull_request() -> None:
    (line,) = re.findall(r"^3\. Require the status checks (.*?)\.", README, re.MULTILINE)
    checks = re.findall(r"`([\w-]+)`", line)
    assert checks == ["validate", "plan", "plan-fork"]
    content = yaml.safe_load((SAMPLE / ".github" / "workflows" / "imgwire-plan.yml").read_text(encoding="utf-8"))
    assert content[True]["pull_request"] is None  # no filter; YAML 1.1 reads `on` as true
    assert set(checks) == set(content["jobs"])


def test_a_pull_request_cannot_lift_a_protection_and_use_it(repository: Repository) -> None:
    repository.section(2)
    repository.apply()
    repository.shell("sed -i 's/protect: true/protect: false/; s/images.example.com/cdn.example.com/' imgwire/web.yaml")
    code, outputs = repository.pull_request()
    assert (code, outputs["reason"]) == (5, "protection_lifted_in_same_change")


def test_a_pull_request_of_a_fork_is_planned_without_keys_from_the_last_night(repository: Repository) -> None:
    repository.section(2)
    repository.apply()
    assert repository.night() == (0, "false")
    repository.section(4)
    repository.environment["IMGWIRE_API_KEYS"] = ""
    repository.environment["IMGWIRE_API_BASE_URL"] = "http://127.0.0.1:9"  # nothing listens there
    steps = workflow("plan", "plan-fork")
    code, outputs = repository.step(steps["Baseline"])
    assert (code, outputs["run"]) == (0, "11")
    code, outputs = repository.step(steps["Plan"])
    assert (code, outputs["changes"], outputs["replace"], outputs["digest"]) == (0, "true", "1", "")


def test_two_interruptions_in_one_pull_request_are_refused(repository: Repository) -> None:
    repository.section(2)
    repository.apply()
    repository.shell("sed -i 's/images-/new-/' imgwire/web.yaml && sed -i 's/shop-images/shop-cdn/' imgwire/shop.yaml")
    code, outputs = repository.pull_request()
    assert (code, outputs["reason"]) == (5, "too_many_interruptions")


def test_every_owner_rule_names_a_path_of_the_sample() -> None:
    rules: list[Any] = [line.split() for line in (SAMPLE / "CODEOWNERS").read_text(encoding="utf-8").splitlines()]
    assert rules
    for path, *owners in rules:
        assert (SAMPLE / path.strip("/")).exists()
        assert owners


def test_the_sample_can_be_tried_on_one_machine(repository: Repository, tmp_path: Path) -> None:
    """The block of the README as it is typed, but for where the tool's repository and the emulator are."""
    (block,) = re.findall(r"^## Try it without GitHub\n.*?^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    block = block.replace("examples/gitops", str(SAMPLE)).replace("../imgwire-trial", str(tmp_path / "trial"))
    block = block.replace("http://127.0.0.1:8321", repository.environment["IMGWIRE_API_BASE_URL"])
    block = block.replace("sk_production", "sk_web-production").replace("sk_staging", "sk_web-staging")
    repository.shell(block.replace('echo "exit code $?"', "test $? = 2"))
    assert "shop-cdn.example.com" in (tmp_path / "trial" / "issue.md").read_text(encoding="utf-8")
