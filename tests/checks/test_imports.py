"""Imports follow the picture in docs/architecture.md, each library stays in its place, and a command imports what it uses."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent.parent
PACKAGE = ROOT / "reconciler"
FOLDERS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists())
TOP = {
    "reconciler.version",
    "reconciler.schema_files",
    "reconciler.files",
    "reconciler.program",
}  # version, schemas, file access and what the process is, for everybody

# A library is imported where its work is done and nowhere else; `cli` wires, so it may meet more of them.
LIBRARIES = {
    "certifi": {"api"},
    "click": {"cli"},
    "deepdiff": {"planning"},
    "dns": {"dns", "emulator"},
    "httpcore": {"api"},
    "httpx": {"api", "operations", "dns"},
    "idna": {"manifest", "api"},
    "jinja2": {"render"},
    "jsonschema": {"manifest", "documents"},
    "markupsafe": {"render"},
    "octodns": {"dns"},
    "publicsuffixlist": {"manifest", "emulator"},
    "rich": {"cli", "render"},
    "starlette": {"emulator"},
    "uvicorn": {"emulator"},
    "yaml": {"manifest", "cli"},
}
DISTRIBUTIONS = {"dns": "dnspython", "yaml": "pyyaml"}
NEVER_IMPORTED = {"sniffio", "tzdata"}  # httpcore and zoneinfo import them


def imports(path: Path) -> Iterator[str]:
    """Every module that the file imports anywhere, types included, by its full name."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            yield str(node.module)


def imported_by(folder: str) -> set[tuple[str, str]]:
    return {(path.name, name) for path in (PACKAGE / folder).rglob("*.py") for name in imports(path)}


def third_party(name: str) -> str | None:
    top = name.partition(".")[0]
    return None if top == "reconciler" or top in sys.stdlib_module_names else top


BELOW = {"model": set[str](), "planning": {"model", "documents"}, "render": {"model", "documents"}}
"""What a folder may import beside itself, where that is not the model alone."""


@pytest.mark.parametrize("folder", [name for name in FOLDERS if name not in {"cli", "operations"}])
def test_a_folder_imports_itself_and_what_is_drawn_below_it_only(folder: str) -> None:
    assert wrong_imports(folder, BELOW.get(folder, {"model"}) | {folder}) == set()


def test_documents_open_no_file() -> None:
    assert {
        (file, name) for file, name in imported_by("documents") if name in {"os", "pathlib", "reconciler.files"}
    } == set()


def test_operations_import_no_command_line() -> None:
    assert wrong_imports("operations", set(FOLDERS) - {"cli"}) == set()


def wrong_imports(folder: str, allowed: set[str]) -> set[tuple[str, str]]:
    return {
        (file, name)
        for file, name in imported_by(folder)
        if name.partition(".")[0] == "reconciler" and name not in TOP and name.split(".")[1] not in allowed
    }


def test_operations_use_no_terminal_no_signals_and_no_process_environment() -> None:
    modules = {name.partition(".")[0] for _, name in imported_by("operations")}
    assert modules & {"click", "rich", "sys", "signal", "getpass", "readline"} == set()
    environment = {
        path.name
        for path in (PACKAGE / "operations").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} and ast.unparse(node.value) == "os"
    }
    assert environment == set()


def graph() -> dict[str, set[str]]:
    """What each module imports of this package, anywhere in it, types included."""
    modules = {
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
        for path in PACKAGE.rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for name, path in modules.items():
        found[name] = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                inner = {f"{node.module}.{alias.name}" for alias in node.names}
                found[name] |= {item if item in modules else str(node.module) for item in inner}
            elif isinstance(node, ast.Import):
                found[name] |= {alias.name for alias in node.names}
        found[name] &= modules.keys() - {name}
    return found


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Also not in functions or for types: a circle is one noun in two files."""
    left = graph()
    while leaves := {name for name, targets in left.items() if not targets & left.keys()}:
        left = {name: targets for name, targets in left.items() if name not in leaves}
    assert {name: sorted(targets & left.keys()) for name, targets in left.items()} == {}


def test_the_model_imports_the_standard_library_only() -> None:
    assert {name for _, name in imported_by("model") if third_party(name)} == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_library_stays_in_its_place(folder: str) -> None:
    found = {library for _, name in imported_by(folder) if (library := third_party(name))}
    assert found <= {library for library, places in LIBRARIES.items() if folder in places}


def test_every_library_is_declared_and_every_dependency_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [*project["dependencies"], *project["optional-dependencies"]["dns"]]
    declared += project["optional-dependencies"]["emulator"]
    names = {re.split(r"[^A-Za-z0-9_.-]", line)[0].lower() for line in declared}
    assert names - NEVER_IMPORTED == {DISTRIBUTIONS.get(name, name) for name in LIBRARIES}


def test_the_picture_names_every_folder() -> None:
    drawn = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert {name for name in FOLDERS if f"`{name}/`" not in drawn} == set()


def loaded_by(*arguments: str, cwd: Path | None = None) -> set[str]:
    """The packages that are loaded when the command ends, which must end well."""
    look = (
        "import sys\n"
        "from reconciler.cli.main import main\n"
        "try:\n    main.main(sys.argv[1:])\n"
        "except SystemExit as end:\n    assert not end.code, end.code\n"
        "sys.stderr.write('\\n'.join(name for name in sys.modules if '.' not in name))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", look, *arguments], capture_output=True, text=True, check=True, cwd=cwd, timeout=30
    )
    return set(ended.stderr.split()) - sys.stdlib_module_names - {"__main__", "__mp_main__"} - _FROM_THE_MACHINE


# What an editable install and .pth files load into every interpreter.
_FROM_THE_MACHINE = set(
    subprocess.run(
        [sys.executable, "-c", "import sys; print('\\n'.join(sys.modules))"], capture_output=True, text=True, check=True
    ).stdout.split()
)


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], []], ids=" ".join)
def test_the_first_words_import_click_and_the_standard_library_only(arguments: list[str]) -> None:
    assert loaded_by(*(arguments or ["--help"])) == {"reconciler", "click"}


def test_printing_a_schema_imports_click_and_the_standard_library_only() -> None:
    assert {name for name in loaded_by("schema", "plan") if name in LIBRARIES} == {"click"}


QUICKSTART = ("-f", str(ROOT / "examples" / "quickstart"))


def test_validate_imports_no_network() -> None:
    assert loaded_by("validate", *QUICKSTART) & {"httpx", "deepdiff", "rich", "starlette", "dns", "asyncio"} == set()


def test_a_plan_without_a_difference_imports_no_deepdiff(tmp_path: Path) -> None:
    assert "deepdiff" in loaded_by("apply", *QUICKSTART, "--emulator", "--auto-approve", cwd=tmp_path)
    loaded = loaded_by("plan", *QUICKSTART, "--emulator", cwd=tmp_path)
    assert "httpx" in loaded
    assert loaded & {"deepdiff", "uvicorn", "dns", "octodns"} == set()
