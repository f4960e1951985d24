"""`python -m reconciler` in a repository of somebody else runs nothing from it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STARTED = "import os; os.write(2, b'HOSTILE ' + __name__.encode() + b'\\n')\nraise SystemExit(99)\n"


def module_names(folder: Path) -> list[str]:
    """Every top-level module that a run could import, but for those that Python itself imports before any program starts."""
    (folder / "probe.py").write_text("import sys\nprint(*sys.modules)")
    probe = subprocess.run([sys.executable, "-m", "probe"], cwd=folder, capture_output=True, text=True, check=True)
    installed = {path.name.removesuffix(".py") for path in Path(sys.prefix).glob("lib/python3*/site-packages/*")}
    names = sys.stdlib_module_names | installed - {"reconciler", "usercustomize", "sitecustomize"}
    return sorted(name for name in names - set(probe.stdout.split()) if name.isidentifier())


@pytest.mark.parametrize(
    "arguments", [["validate"], ["plan", "--emulator"], ["schema", "plan"], ["--version"]], ids=" ".join
)
def test_no_module_of_the_working_folder_is_imported(tmp_path: Path, arguments: list[str]) -> None:
    for name in module_names(tmp_path):
        (tmp_path / f"{name}.py").write_text(STARTED)
    (tmp_path / "imgwire.yaml").write_text("version: 1\nenvironments: {web: images.example.com}\n")
    ended = subprocess.run(
        [sys.executable, "-m", "reconciler", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    assert "HOSTILE" not in ended.stderr
    assert ended.returncode == 0, ended.stderr
