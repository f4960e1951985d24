"""Record a real run as an animated picture: `python scripts/recording.py` writes `docs/assets/recording.svg`.

The commands run on a terminal against the emulator, in a temporary folder. The picture uses no script and nothing from
another host. Needs pexpect and pyte (`pip install -e '.[test]'`).
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pyte

if TYPE_CHECKING:
    from collections.abc import Iterator

COLUMNS, ROWS = 100, 30
TARGET = Path(__file__).parents[1] / "docs" / "assets" / "recording.svg"
_CELL, _LINE, _PAD, _BAR = 8.4, 19, 16, 34  # pixels: width of a character, height of a line, margin, title bar
_COLOURS = {
    "default": "#d6deeb",
    "black": "#7f8c98",
    "red": "#ff6b6b",
    "green": "#7fd88f",
    "brown": "#f2c55c",  # the name that pyte gives to yellow
    "blue": "#82aaff",
    "magenta": "#c792ea",
    "cyan": "#7fdbca",
    "white": "#ffffff",
}
_OLD = "version: 1\nenvironments:\n  production: images.example.com\n"
_NEW = """\
version: 1
environments:
  production: img.example.com   # was images.example.com
  staging: images-staging.example.com
"""
# What is typed, and for how many seconds the result stays.
SESSION = [
    ("cat imgwire.yaml", 3.0),
    ("reconciler validate", 2.0),
    ("clear", 0.0),
    ("reconciler plan --emulator", 8.0),
    ("clear", 0.0),
    ("reconciler apply --emulator", 9.0),
    ("clear", 0.0),
    ("reconciler verify --emulator", 4.0),
    ("reconciler drift --emulator", 6.0),
]


@dataclass(frozen=True, slots=True)
class Frame:
    """What the terminal shows for `seconds`: rows of (text, colour, bold) runs."""

    rows: tuple[tuple[tuple[str, str, bool], ...], ...]
    seconds: float

    @property
    def text(self) -> str:
        """The rows without colour."""
        return "\n".join("".join(text for text, _, _ in row).rstrip() for row in self.rows).rstrip()


def record() -> list[Frame]:
    """Run the session and return what the terminal showed."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "imgwire.yaml"
        manifest.write_text(_OLD, encoding="utf-8")
        for _ in _run("reconciler apply --emulator", folder):
            pass
        manifest.write_text(_NEW, encoding="utf-8")
        screen = pyte.Screen(COLUMNS, ROWS)
        stream = pyte.Stream(screen)
        frames = []
        for command, seconds in SESSION:
            stream.feed("\x1b[36m$\x1b[0m ")
            frames.append(_frame(screen, 0.6))
            stream.feed(f"\x1b[1m{command}\x1b[0m\r\n")
            frames.append(_frame(screen, 0.9))
            if command == "clear":
                screen.reset()
                del frames[-2:]
                continue
            for output in _run(command, folder):
                stream.feed(output)
                if "'yes'" in output[-40:]:
                    frames.append(_frame(screen, 5.0))
            frames.append(_frame(screen, seconds))
        return frames


def _run(command: str, folder: str) -> Iterator[str]:
    """The output of a command on a terminal, in the order in which it came. A question is answered with `yes`."""
    kept = {name: value for name, value in os.environ.items() if name in ("LANG", "HOME")}
    child = pexpect.spawn(
        "bash",
        ["-c", command],
        cwd=folder,
        env=kept | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TERM": "xterm-256color"},
        dimensions=(ROWS, COLUMNS),
        encoding="utf-8",
        timeout=60,
    )
    while child.expect([r"'yes'[^\n]*: ", pexpect.EOF]) == 0:
        yield str(child.before) + str(child.after)
        child.sendline("yes")
    yield str(child.before)
    child.close()
    if child.exitstatus != 0:
        raise SystemExit(f"{command}: exit code {child.exitstatus}")


def _frame(screen: pyte.Screen, seconds: float) -> Frame:
    rows = []
    for number in range(ROWS):
        line = screen.buffer[number]
        runs: list[tuple[str, str, bool]] = []
        for column in range(COLUMNS):
            cell = line[column]
            if runs and runs[-1][1:] == (cell.fg, cell.bold):
                runs[-1] = (runs[-1][0] + cell.data, cell.fg, cell.bold)
            else:
                runs.append((cell.data, cell.fg, cell.bold))
        rows.append(tuple(runs))
    return Frame(tuple(rows), seconds)


def draw(frames: list[Frame]) -> str:
    """The frames as an animated SVG. Readers who want no motion, and viewers that know no animation, see the last one."""
    width, height = round(2 * _PAD + COLUMNS * _CELL), _BAR + 2 * _PAD + ROWS * _LINE
    total = sum(frame.seconds for frame in frames)
    rules, groups, start = [], [], 0.0
    for number, frame in enumerate(frames):
        first, last = 100 * start / total, 100 * (start + frame.seconds) / total
        rules.append(
            f"@keyframes f{number} {{ 0% {{ visibility: {'visible' if start == 0 else 'hidden'} }} "
            f"{first:.3f}% {{ visibility: visible }} {last:.3f}%, 100% {{ visibility: hidden }} }}"
        )
        hidden = "" if number == len(frames) - 1 else ' visibility="hidden"'
        groups.append(f'<g{hidden} style="animation-name: f{number}">\n{_rows(frame)}</g>')
        start += frame.seconds
    style = (
        f"text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; white-space: pre }}\n"
        f".b {{ font-weight: 700 }}\n"
        f"@media (prefers-reduced-motion: no-preference) {{ g {{ animation: {total:.1f}s step-end infinite }} }}\n"
        + "\n".join(rules)
    )
    dots = "".join(f'<circle cx="{_PAD + 4 + 20 * n}" cy="17" r="6" fill="#4a5568"/>' for n in range(3))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="A terminal: a manifest, its plan, apply and verify">\n<style>\n{style}\n</style>\n'
        f'<rect width="{width}" height="{height}" rx="9" fill="#1b2330"/>{dots}\n' + "\n".join(groups) + "\n</svg>\n"
    )


def _rows(frame: Frame) -> str:
    lines = []
    for number, row in enumerate(frame.rows):
        column = 0
        for text, colour, bold in row:
            shown = text.rstrip()
            if shown.strip():
                lead = len(shown) - len(shown.lstrip())
                x = _PAD + (column + lead) * _CELL
                y = _BAR + _PAD + number * _LINE
                length = len(shown.lstrip()) * _CELL
                fill = _COLOURS.get(colour, f"#{colour}" if len(colour) == 6 else _COLOURS["default"])
                kind = ' class="b"' if bold else ""
                lines.append(
                    f'<text{kind} x="{x:.1f}" y="{y}" fill="{fill}" textLength="{length:.1f}" '
                    f'data-at="{number},{column + lead}">{escape(shown.lstrip())}</text>\n'
                )
            column += len(text)
    return "".join(lines)


def stable(picture: str) -> str:
    """The picture without what differs in every run: digests, the targets of DNS records, and durations."""
    return re.sub(r"[0-9a-f]{64}|[0-9a-f]{8,32}(?=\.dcv\.)|\d+(\.\d+)? m?s\b", "", picture)


if __name__ == "__main__":
    new = draw(record())
    if not TARGET.exists() or stable(TARGET.read_text(encoding="utf-8")) != stable(new):
        TARGET.write_text(new, encoding="utf-8")
