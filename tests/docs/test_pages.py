"""Every shell block of README and docs is run, in its page's order, and shows the output that the tool really has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .pages import SHELLS, blocks, pages
from .shell import Shell, Values, matches

if TYPE_CHECKING:
    from emulator_fixture import Running

ROOT = Path(__file__).parents[2]
PAGES = [path for path in pages(ROOT) if path.exists()]


def _has_commands(path: Path) -> bool:
    return any(block.language in SHELLS and not block.reason for block in blocks(path.read_text(encoding="utf-8")))


RUN = [path for path in PAGES if _has_commands(path)]


@pytest.mark.calm("the pages show how commands end when nothing fails")
@pytest.mark.parametrize("path", RUN, ids=[str(path.relative_to(ROOT)) for path in RUN])
def test_a_page_shows_what_its_commands_print(
    path: Path, tmp_path: Path, emulator: Running, request: pytest.FixtureRequest
) -> None:
    text = path.read_text(encoding="utf-8")
    shell = Shell(tmp_path, emulator)
    edits: list[tuple[int, int, str]] = []
    wrong: list[str] = []
    values = Values()
    for block in blocks(text):
        where = f"{path.name}:{block.line}"
        if block.reason:
            continue
        if block.title:
            shell.write(block.title, block.text)
        elif block.language == "console":
            new = ""
            for command in block.commands():
                output, _ = shell.run(command.line)
                output = output.replace(emulator.url, "https://api.imgwire.dev")
                kept = matches(command.shown, output)
                if not kept:
                    wrong.append(f"{where}: $ {command.line}\n--- shown\n{command.shown}\n--- printed\n{output}\n")
                shown = values.printed(command.shown, output) if kept else f"{output}\n" if output else ""
                new += f"$ {command.line}\n{shown}"
            edits.append((block.start, block.end, new))
        elif block.language == "setup" or block.language in SHELLS:
            output, code = shell.run("set -e\n" + block.text + "\nset +e")
            assert code == 0, f"{where}: the block ended with {code}:\n{output}"
    wrong += [f"{path.name}: {value} is shown for two different values" for value in values.ambiguous]
    if wrong and request.config.getoption("--update-golden"):
        for start, end, new in reversed(edits):
            text = text[:start] + new + text[end:]
        path.write_text(text, encoding="utf-8")
    assert not wrong, "\n".join(wrong) + "\n--update-golden writes the output into the page; read the diff"


@pytest.mark.parametrize("path", PAGES, ids=[str(path.relative_to(ROOT)) for path in PAGES])
def test_a_block_that_is_not_run_has_a_reason(path: Path) -> None:
    unread = path.read_text(encoding="utf-8").count("```console\n") - sum(
        block.language == "console" for block in blocks(path.read_text(encoding="utf-8"))
    )
    assert unread == 0, "an indented console block is not found; write it at the left margin"
