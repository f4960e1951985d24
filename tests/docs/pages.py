"""The parts of a Markdown page that the tests run: shell blocks, files, and hidden preparations.

- A `console` block shows commands after `$ ` and the output of each. A line that ends with a backslash goes on.
- A `sh` block shows commands without output. Each of them must succeed.
- A block of any language with `title="NAME"` is a file that the reader writes.
- `<!-- setup … -->` prepares what the reader has already, and `<!-- not run: REASON -->` exempts the next block.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

SHELLS = ("console", "sh", "bash", "shell")
_FENCE = re.compile(
    r"^<!-- setup\n(?P<setup>.*?)^-->$"
    r"|^(?:<!-- not run: (?P<reason>[^\n]+) -->\n)?"
    r"^```(?P<language>\w+)(?: title=\"(?P<title>[^\"]+)\"|[^\n]*)?\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of a `console` block, and the lines that the page shows below it."""

    line: str
    shown: str


@dataclass(frozen=True, slots=True)
class Block:
    """`start` and `end` are offsets of `text` in the page. `language` is `setup` for a hidden preparation."""

    language: str
    text: str
    start: int
    end: int
    line: int
    title: str | None = None
    reason: str | None = None

    def commands(self) -> list[Command]:
        """The commands of a `console` block with the output that is shown for each."""
        commands: list[Command] = []
        parts = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        assert parts[0] == "", f"line {self.line}: a console block begins with a command"
        for part in parts[1:]:
            match = re.match(r"((?:.*\\\n)*.*)\n?", part)
            assert match is not None
            commands.append(Command(match[1], part[match.end() :]))
        return commands


def blocks(text: str) -> list[Block]:
    """The blocks of a page in their order."""
    found = []
    for match in _FENCE.finditer(text):
        name = "setup" if match["setup"] is not None else "text"
        start, end = match.span(name)
        language = match["language"] or "setup"
        line = text.count("\n", 0, start)
        found.append(Block(language, match[name], start, end, line, match["title"], match["reason"]))
    return found


def pages(root: Path) -> list[Path]:
    """Every page that the project publishes."""
    return [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
