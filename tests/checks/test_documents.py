"""README, help texts, examples, changelog and version agree with the code and with each other."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from reconciler import __version__
from reconciler.cli.main import COMMANDS, main
from reconciler.manifest.loader import load

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def section(title: str) -> str:
    """What is below a heading of the README, to the next heading."""
    return README.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def commands(group: click.Group, path: tuple[str, ...] = ()) -> dict[str, click.Command]:
    """Every command by its whole name, groups included."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[" ".join((*path, name))] = command
        if isinstance(command, click.Group):
            found |= commands(command, (*path, name))
    return found


ALL = commands(main)


def test_the_readme_names_every_command() -> None:
    named = set(re.findall(r"`(?:reconciler )?([a-z]+)[^`]*`", section("Five everyday commands")))
    assert set(COMMANDS) - named == set()


def test_the_readme_shows_only_options_that_exist() -> None:
    options = {
        option
        for command in [main, *ALL.values()]
        for param in command.params
        for option in (*param.opts, *param.secondary_opts)
    }
    shown = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", README))
    elsewhere = {"--help", "--version"}
    assert shown - options - elsewhere == set()


@pytest.mark.parametrize("name", ["", *ALL])
def test_every_help_tells_what_the_command_does_and_every_option_what_it_is_for(name: str) -> None:
    ended = CliRunner().invoke(main, [*name.split(), "--help"])
    assert ended.exit_code == 0
    assert ended.output.startswith(f"Usage: main {name}".rstrip())
    command = ALL[name] if name else main
    assert command.help
    assert [param.name for param in command.params if isinstance(param, click.Option) and not param.help] == []
    assert max(map(len, ended.output.splitlines())) <= 100


@pytest.mark.parametrize("name", ["plan", "drift", "status", "import"])
def test_commands_that_only_read_say_so(name: str) -> None:
    assert "Only GET requests are sent" in " ".join((ALL[name].help or "").split())


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_every_example_is_valid() -> None:
    examples = sorted((ROOT / "examples").rglob("imgwire.yaml"))
    assert examples
    for path in examples:
        assert load([str(path)]).warnings == ()


def test_the_readmes_manifest_is_valid(tmp_path: Path) -> None:
    (text,) = re.findall(r'```yaml title="imgwire.yaml"\n(.*?)```', section("The manifest"), re.DOTALL)
    path = tmp_path / "imgwire.yaml"
    path.write_text(text, encoding="utf-8")
    assert len(load([str(path)]).manifest.environments) == 3


def test_the_changelog_has_a_place_for_what_comes_next() -> None:
    titles = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert titles[0].strip("[]") == "Unreleased"
    released = [re.fullmatch(r"\[?(\d+\.\d+\.\d+)\]? - \d{4}-\d\d-\d\d", title) for title in titles[1:]]
    assert None not in released
    assert [match[1] for match in released if match][:1] in ([], [__version__])


def test_the_version_is_told_in_one_place() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert "version" in project["project"]["dynamic"]
    assert project["tool"]["hatch"]["version"]["path"] == "reconciler/version.py"
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__)
    ended = CliRunner().invoke(main, ["--version"])
    assert ended.output == f"imgwire-reconciler, version {__version__}\n"


def test_ci_runs_the_readmes_own_lines() -> None:
    script = ROOT / ".ci" / "run"
    if not script.exists():
        pytest.skip("a source distribution has no .ci")
    pattern = re.search(r"^line=\$\(grep -xE '(.*)' README.md\)", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert pattern is not None
    lines = [line for line in README.splitlines() if re.fullmatch(pattern[1], line)]
    assert lines == ["python3 -m venv .venv && .venv/bin/pip install -q -e '.[test]' && .venv/bin/pytest -n auto"]
    assert (
        "python3 -m venv .venv && .venv/bin/pip install -q '.[emulator]' && "
        ".venv/bin/reconciler apply -f examples/quickstart --emulator --auto-approve" in README.splitlines()
    )
