"""Completion scripts load in their shells, and names are found in manifests that are being edited."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler.cli import completion
from reconciler.cli.main import main
from reconciler.manifest import candidates

if TYPE_CHECKING:
    from pathlib import Path

BROKEN = """\
version: 1
environments:
  web-prod:
    hostname: images.example.com
    labels: {team: web, tier: "1"}
  # staging: no
  "staging eu": images-staging.example.com
  sandbox:
    labels:
      team: api
    hostname: [unclosed
  half
"""


def test_names_and_labels_are_found_in_a_broken_manifest() -> None:
    assert candidates.environment_names(BROKEN) == ["web-prod", "staging eu", "sandbox"]
    assert set(candidates.label_pairs(BROKEN)) == {"team=web", "tier=1", "team=api"}


def test_candidates_come_from_the_files_of_the_command_line(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(BROKEN, encoding="utf-8")
    ctx = click.Context(click.Command("plan"))
    ctx.params["files"] = (str(tmp_path), str(tmp_path / "missing.yaml"))
    assert [item.value for item in completion.environments(ctx, "s")] == ["sandbox", "staging eu"]
    assert [item.value for item in completion.labels(ctx, "team=")] == ["team=api", "team=web"]


@pytest.mark.parametrize("shell", completion.SHELLS)
def test_a_completion_script_is_valid_for_its_shell(shell: str, tmp_path: Path) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(completion.script(shell), encoding="utf-8")
    subprocess.run([shell, "-n", str(path)], check=True, timeout=30)


@pytest.mark.parametrize(
    ("words", "incomplete", "expected"),
    [
        (["plan", "--env"], "w", {"web-prod"}),
        (["apply", "--unprotect"], "sand", {"sandbox"}),
        (["drift", "--selector"], "team=", {"team=web", "team=api"}),
        (["explain"], "stale_", {"stale_plan"}),
        ([], "pl", {"plan"}),
    ],
)
def test_options_complete_from_the_manifest(
    words: list[str], incomplete: str, expected: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "imgwire.yaml").write_text(BROKEN, encoding="utf-8")
    found = ShellComplete(main, {}, "reconciler", "_RECONCILER_COMPLETE").get_completions(words, incomplete)
    assert {item.value for item in found} == expected
