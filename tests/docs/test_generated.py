"""The generated pages are what the code and the schemas say now."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def documentation() -> ModuleType:
    """The package `scripts/documentation`, which is no installed one."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        return importlib.import_module("documentation")
    finally:
        sys.path.pop(0)


def test_every_generated_page_is_current(documentation: ModuleType) -> None:
    wanted = documentation.generated()
    stale = [path for path, text in wanted.items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert stale == [], "run `python scripts/documentation` and commit what it writes"
    existing = {f"man/{path.name}" for path in (ROOT / "man").iterdir()}
    assert existing == {path for path in wanted if path.startswith("man/")}


def test_the_manual_pages_are_correct_roff() -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not installed")
    for path in sorted((ROOT / "man").iterdir()):
        ended = subprocess.run([groff, "-man", "-Tutf8", "-ww", "-z", path], capture_output=True, text=True)
        assert (ended.returncode, ended.stderr) == (0, ""), path.name


def test_every_dependency_has_its_licence_on_the_page() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = {
        re.split(r"[<>=\[ ]", spec)[0] for spec in [*project["dependencies"], *extras["dns"], *extras["emulator"]]
    }
    listed = set(
        re.findall(r"^\| ([a-z0-9-]+) \|", (ROOT / "docs/licences.md").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert needed - listed == set(), "run `python scripts/licences.py`"
