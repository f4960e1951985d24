"""A how-to page can be followed on an emulator as it is printed: from the hostnames that its first lines name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .pages import SHELLS, blocks
from .shell import Shell, matches

if TYPE_CHECKING:
    from emulator_fixture import Running

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs" / "howto").glob("*.md"))
NEEDS_MORE = {
    "keys.md": "the id of an Environment differs",
    "rollback.md": "a Git repository",
    "interrupted.md": "a killed run",
}
FOLLOWED = [path for path in PAGES if path.name not in NEEDS_MORE]
START = re.compile(
    r"^Try it without an account: \[start an emulator\]\(\.\./emulator\.md#try-a-how-to-page\) (with(?:out)? .*)\.$",
    re.MULTILINE,
)
PREPARATION = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8").partition("\n## Try a how-to page\n")[2]


def start(path: Path) -> list[str]:
    """The lines `name: hostname` that the page starts with."""
    (text,) = START.findall(path.read_text(encoding="utf-8"))
    lines = re.findall(r"`(\S+: \S+)`", text)
    assert lines or text == "without custom domains"
    return lines


@pytest.mark.parametrize("path", PAGES, ids=[path.name for path in PAGES])
def test_a_how_to_page_names_its_start(path: Path) -> None:
    start(path)


@pytest.mark.calm("the pages show how commands end when nothing fails")
@pytest.mark.parametrize("path", FOLLOWED, ids=[path.name for path in FOLLOWED])
def test_a_how_to_page_can_be_followed_without_its_hidden_preparations(
    path: Path, tmp_path: Path, emulator: Running
) -> None:
    shell = Shell(tmp_path, emulator)
    (keys,) = re.findall(r"^for name in .*?^done$", PREPARATION, re.MULTILINE | re.DOTALL)
    assert shell.run(keys)[1] == 0
    if lines := start(path):
        manifest = shell.folder / "imgwire.yaml"
        manifest.write_text("\n  ".join(["version: 1\nenvironments:", *lines]) + "\n", encoding="utf-8")
        assert shell.run("reconciler apply --auto-approve")[1] == 0
        if path.name == "import.md":
            manifest.unlink()
    for block in blocks(path.read_text(encoding="utf-8")):
        if block.reason:
            continue
        if block.title:
            shell.write(block.title, block.text)
        elif block.language == "console":
            for command in block.commands():
                output, _ = shell.run(command.line)
                assert matches(command.shown, output.replace(emulator.url, "https://api.imgwire.dev")), output
        elif block.language in SHELLS:
            assert shell.run("set -e\n" + block.text + "\nset +e")[1] == 0
