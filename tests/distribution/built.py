"""The wheel and the sdist, installed in empty environments and used from another folder.

Takes minutes and a package index, so it is no part of the suite: `.ci/run` calls it by its name.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from reconciler import __version__

ROOT = Path(__file__).parent.parent.parent
SCHEMAS = ("manifest", "plan", "report", "custom-domain")


def run(*command: str | Path, cwd: Path, code: int = 0) -> str:
    """The standard output of a command that must end with `code`, away from this checkout and its environment."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME"}
    }
    ended = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=kept, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert ended.returncode == code, f"{command}: {ended.returncode}\n{ended.stdout}{ended.stderr}"
    return ended.stdout


def python(version: str) -> str:
    """An interpreter of this version that really runs, beside the one that runs this. Skips the test where there is none."""
    if sys.version.startswith(f"{version}."):
        pytest.skip(f"Python {version} runs this already")
    found = shutil.which(f"python{version}")
    if found and subprocess.run([found, "-c", "import venv"], capture_output=True).returncode == 0:
        return found
    pytest.skip(f"no python{version} here")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


def install(interpreter: str, package: Path, extra: str, folder: Path) -> Path:
    """The console script of the package, installed with one extra in an empty environment."""
    run(interpreter, "-m", "venv", folder, cwd=folder.parent)
    run(folder / "bin" / "pip", "install", "-q", f"{package}{extra}", cwd=folder.parent)
    return folder / "bin" / "reconciler"


def quickstart() -> list[str]:
    """What the README has its readers call, after `reconciler`."""
    line = re.search(
        r"^python3 -m venv .*&& \.venv/bin/reconciler (.*)$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
    assert line is not None
    return shlex.split(line[1])


@pytest.mark.parametrize(
    ("kind", "version"),
    [("*.whl", None), ("*.tar.gz", None), ("*.whl", "3.11"), ("*.whl", "3.12"), ("*.whl", "3.13")],
    ids=["wheel", "sdist", "wheel on 3.11", "wheel on 3.12", "wheel on 3.13"],
)
def test_the_quickstart_runs_from_another_folder(kind: str, version: str | None, built: Path, tmp_path: Path) -> None:
    interpreter = python(version) if version else sys.executable
    (package,) = built.glob(kind)
    reconciler = install(interpreter, package, "[emulator]", tmp_path / "venv")
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(ROOT / "examples", elsewhere / "examples")
    run(reconciler, *quickstart(), cwd=elsewhere)
    # Done means that nothing is left to do.
    run(reconciler, "plan", "-f", "examples/quickstart", "--emulator", "--detailed-exitcode", cwd=elsewhere)
    assert run(reconciler, "--version", cwd=elsewhere) == f"imgwire-reconciler, version {__version__}\n"
    for name in SCHEMAS:
        shipped = json.loads(run(reconciler, "schema", name, cwd=elsewhere))
        assert shipped == json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text())


def test_without_extras_everything_but_the_emulator_works(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    reconciler = install(sys.executable, wheel, "", tmp_path / "venv")
    run(reconciler, "init", cwd=tmp_path)
    run(reconciler, "validate", cwd=tmp_path)
    told = json.loads(run(reconciler, "plan", "--format", "json", "--emulator", cwd=tmp_path, code=1))
    assert (told["reason"], told["hint"]) == (
        "emulator_missing",
        "pip install '.[emulator]' in a clone of the repository",
    )


def test_the_wheel_holds_the_package_and_its_schemas_and_nothing_else(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        every = {name for name in archive.namelist() if ".dist-info/" not in name}
    pages = {name for name in every if ".data/data/share/man/man1/" in name}
    assert {Path(name).name for name in pages} == {path.name for path in (ROOT / "man").glob("*.1")}
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "reconciler").rglob("*.py")}
    schemas = {f"reconciler/schemas/{name}.schema.json" for name in SCHEMAS}
    package |= {
        str(path.relative_to(ROOT)) for path in (ROOT / "reconciler" / "render" / "html" / "templates").iterdir()
    }
    docs = {f"reconciler/docs/{name}.md" for name in ("diagnostics", "reasons")}
    assert every - pages == package | schemas | docs | {"reconciler/py.typed"}


def test_the_sdist_holds_what_its_tests_need(built: Path) -> None:
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2].partition("/")[0] for name in archive.getnames()}
    assert {"reconciler", "schemas", "examples", "tests", "docs", "README.md", "CHANGELOG.md", "LICENSE"} <= names
