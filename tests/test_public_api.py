"""The public Python API: what is in it, what importing it costs, and that its examples run."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cli.stage import Stage

import reconciler

if TYPE_CHECKING:
    from emulator_fixture import Running

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "python"

PUBLIC = {
    "ApplySettings",
    "Approved",
    "Confirmation",
    "Consent",
    "Context",
    "Declined",
    "Dns",
    "ExitCode",
    "Inputs",
    "NullObserver",
    "Observer",
    "Proposal",
    "ReceiptFile",
    "Report",
    "RequestEvent",
    "Stopped",
    "Workspace",
    "apply",
    "drift",
    "propose",
    "read_baseline",
    "render_report",
    "report",
    "status",
    "verify",
}


@pytest.fixture
def stage(
    tmp_path: Path, emulator: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Stage:
    return Stage(tmp_path, emulator, monkeypatch, capsys)


def test_the_public_names_are_these_and_each_has_a_docstring() -> None:
    assert set(reconciler.__all__) == PUBLIC
    assert [name for name in sorted(PUBLIC) if not inspect.getdoc(getattr(reconciler, name))] == []
    assert set(dir(reconciler)) >= PUBLIC


def test_another_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'reconciler' has no attribute 'destroy'"):
        _ = reconciler.destroy


def test_importing_the_package_loads_nothing_but_the_standard_library() -> None:
    look = (
        "import sys; before = set(sys.modules); import reconciler; "
        "print('\\n'.join(name for name in set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout.split()
    ours = {name for name in loaded if name.partition(".")[0] == "reconciler"}
    assert ours == {"reconciler", "reconciler.version"}
    assert {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names} == ours


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.glob("*.py")))
def test_an_example_imports_public_names_only(example: str) -> None:
    lines = (EXAMPLES / example).read_text(encoding="utf-8").splitlines()
    imports = [line for line in lines if "reconciler" in line and line.startswith(("import ", "from "))]
    assert imports
    assert all(line.startswith("from reconciler import ") for line in imports)


def run(example: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(EXAMPLES / example), *arguments], capture_output=True, text=True, timeout=60
    )


def test_the_example_with_its_own_rule_applies_creates_and_declines_deletes(stage: Stage) -> None:
    stage.environment("web")
    stage.manifest(web="web.example.com")
    ended = run("apply_with_own_rule.py", "imgwire.yaml")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Applied: 2 done." in ended.stdout
    assert stage.live("web") == "web.example.com"
    stage.manifest(web=None)
    ended = run("apply_with_own_rule.py", "imgwire.yaml")
    assert (ended.returncode, ended.stdout) == (5, "")
    assert "error: custom domains that the plan deletes: 1" in ended.stderr
    assert stage.live("web") == "web.example.com"


def test_the_example_task_reports_drift(stage: Stage) -> None:
    stage.environment("web", "old.example.com")
    stage.manifest(web="web.example.com")
    ended = run("drift_task.py", "imgwire.yaml")
    assert ended.returncode == 2
    assert ended.stdout.startswith("hostname_differs: `web` has `old.example.com`")
    stage.manifest(web="old.example.com")
    assert run("drift_task.py", "imgwire.yaml").returncode == 0
    ended = run("drift_task.py", "missing.yaml")
    assert (ended.returncode, ended.stdout) == (65, "")
    assert ended.stderr.startswith("error: file-not-found: ")


async def _propose_and_render(stage: Stage) -> dict[str, object]:
    import os

    workspace = reconciler.Workspace.open(reconciler.Inputs(os.environ, (str(stage.folder / "imgwire.yaml"),)))
    async with reconciler.Context() as context:
        result = await reconciler.status(workspace, context)
        report = reconciler.report("status", workspace, context, result)
    with pytest.raises(ValueError, match="`status` has no format `yaml`"):
        reconciler.render_report(report, "yaml")
    document: dict[str, object] = json.loads(reconciler.render_report(report))
    return document


@pytest.mark.anyio
async def test_a_report_is_the_document_that_the_command_prints(stage: Stage) -> None:
    stage.environment("web", "web.example.com")
    stage.manifest(web="web.example.com")
    document = await _propose_and_render(stage)
    assert (document["command"], document["exit_code"]) == ("status", 0)
