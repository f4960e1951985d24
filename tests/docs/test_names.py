"""The pages use only commands, options, exit codes and words that exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from reconciler.cli.main import main

from .pages import pages

ROOT = Path(__file__).parents[2]
PAGES = [path for path in pages(ROOT) if path.exists()]
FOREIGN = {  # options of other programs, in the tables that compare and in shell lines
    "--check",
    "--doit",
    "--env-file",
    "--dry-run",
    "--for",
    "--force",
    "--strict",
    "--upgrade",
    "--update-golden",
    "--no-edit",
    "--help",
    "--version",
}


def _commands(group: click.Group, prefix: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        assert command is not None
        found[f"{prefix}{name}"] = command
        if isinstance(command, click.Group):
            found |= _commands(command, f"{prefix}{name} ")
    return found


COMMANDS = _commands(main)
OPTIONS = {
    option
    for command in [main, *COMMANDS.values()]
    for parameter in command.params
    for option in (*parameter.opts, *parameter.secondary_opts)
}


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_a_page_names_only_options_that_exist(path: Path) -> None:
    text = re.sub(r"<!--.*?-->", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert named - OPTIONS - FOREIGN == set()


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_a_page_names_only_commands_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"`reconciler ([a-z]+)|^\$ reconciler ([a-z]+)", text, re.MULTILINE))
    words = {first or second for first, second in named}
    assert words - {name.partition(" ")[0] for name in COMMANDS} == set()
