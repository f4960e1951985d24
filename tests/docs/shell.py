"""A shell for the commands of one page: on a terminal, in a folder of its own, against an emulator that seems to be the API."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pyte

if TYPE_CHECKING:
    from emulator_fixture import Running

WIDTH = 100  # columns: what fits beside the navigation of the site, and on GitHub
_KEPT = ("LANG", "SSL_CERT_FILE")
_TOOLS = """
# For preparations: call the emulator's own API.
emulator() {
  python3 -c '
import sys, urllib.request as u
data = sys.argv[3].encode() if len(sys.argv) > 3 else None
headers = {"Content-Type": "application/json"}
u.urlopen(u.Request(sys.argv[1], data, headers, method=sys.argv[2])).read()
' "$IMGWIRE_API_BASE_URL/_emulator/$2" "$1" ${3:+"$3"}
}
"""
# What differs from run to run. Both the page and the output are compared in this form.
_VARIABLE = [
    (re.compile(r"http://127\.0\.0\.1:\d+"), "https://api.imgwire.dev"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"sha256:[0-9a-f]{64}"), "<digest>"),
    (re.compile(r"\b[0-9a-f]{8,32}(?=\.dcv\.imgwire\.dev)"), "<target>"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00:00| UTC)?"), "<time>"),
    (re.compile(r"(?<![\w.])\d+(\.\d+)? m?s\b"), "<seconds>"),
    (re.compile(r'("(?:duration|seconds|elapsed)[a-z_]*": )[\d.]+'), r"\1<seconds>"),
]


# The lines of progress: lanes run in parallel, so their order differs too.
_STEPS = re.compile(r"(?:^(?:done|FAILED|skipped) +\w+  \S+ +\S+  <seconds>.*$\n?)+", re.MULTILINE)


def comparable(text: str) -> str:
    """The text with a placeholder for everything that differs from run to run, and steps in alphabetical order."""
    for pattern, placeholder in _VARIABLE:
        text = pattern.sub(placeholder, text)
    text = "\n".join(line.rstrip() for line in text.rstrip().splitlines())
    return _STEPS.sub(lambda match: "".join(sorted(match[0].splitlines(keepends=True))), text)


def matches(shown: str, output: str) -> bool:
    """Whether a page shows this output. A line `…` of the page covers any number of lines."""
    parts = re.split(r"^…$", comparable(shown), flags=re.MULTILINE)
    pattern = r"(?:.*\n)*?".join(re.escape(part.lstrip("\n") if number else part) for number, part in enumerate(parts))
    return re.fullmatch(pattern + r"(?:.*\n?)*" * (parts[-1] == "" and len(parts) > 1), comparable(output)) is not None


class Values:
    """Digests and DNS targets differ from run to run. What is one value in the run is one on the page, and the reverse."""

    _VALUE = re.compile(r"sha256:[0-9a-f]{64}|\b[0-9a-f]{8,32}(?=\.dcv\.imgwire\.dev)")

    def __init__(self) -> None:
        self._pairs: set[tuple[str, str]] = set()

    def printed(self, shown: str, output: str) -> str:
        """What a page shows, with the values of this run."""
        found, now = self._VALUE.findall(shown), self._VALUE.findall(output)
        if len(found) != len(now):
            return shown
        self._pairs |= set(zip(found, now, strict=True))
        values = iter(now)
        return self._VALUE.sub(lambda _: next(values), shown)

    @property
    def ambiguous(self) -> list[str]:
        """The values that break the rule."""
        sides = ([left for left, _ in self._pairs], [right for _, right in self._pairs])
        return sorted({value for side in sides for value in side if side.count(value) > 1})


class Shell:
    """Variables, functions and the working folder last from one command to the next."""

    def __init__(self, folder: Path, emulator: Running) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self._state = folder / "state"
        self._state.write_text(f"cd {shlex.quote(str(self.folder))}\n{_TOOLS}", encoding="utf-8")
        self._code = 0
        binaries = Path(sys.executable).parent
        self._environment = {name: os.environ[name] for name in _KEPT if name in os.environ} | {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "xterm",
            "NO_COLOR": "1",
            "IMGWIRE_API_BASE_URL": emulator.url,
        }

    def write(self, path: str, text: str) -> None:
        """The file that a page shows."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")

    def run(self, line: str) -> tuple[str, int]:
        """What a terminal shows after the command, and its exit code. A question is answered with `yes`."""
        script = (
            f". {self._state}\n(exit {self._code})\n{line}\n"
            f'code=$?\n{{ declare -px; declare -f; echo cd "$(printf %q "$PWD")"; }} > {self._state}\nexit $code\n'
        )
        child = pexpect.spawn(
            "bash",
            ["-c", script],
            dimensions=(50, WIDTH),
            env=self._environment,  # type: ignore[arg-type]
            encoding="utf-8",
            timeout=60,
        )
        output = ""
        while child.expect([r"'yes'[^\n]*: ", pexpect.EOF]) == 0:
            output += child.before + child.after
            child.sendline("yes")
        output += child.before
        child.close()
        self._code = child.exitstatus if child.exitstatus is not None else 128 + (child.signalstatus or 0)
        return _display(output), self._code


def _display(output: str) -> str:
    """What is left to see after the control sequences have done their work."""
    screen = pyte.HistoryScreen(4 * WIDTH, 400, history=10_000)
    pyte.Stream(screen).feed(output)
    return "\n".join(line.rstrip() for line in screen.display).strip("\n")
