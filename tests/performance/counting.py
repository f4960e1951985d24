"""Runs a command in this process and counts what it does: `python counting.py OUTPUT ARGUMENT…`.

Writes a JSON object: `calls` of functions, Python's and C's, and `written` bytes, to files, terminals and sockets.
"""

from __future__ import annotations

import cProfile
import json
import sys
from pathlib import Path

from reconciler.cli.main import main


def written() -> int:
    """Bytes that this process has written so far (Linux)."""
    fields = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(fields["wchar"])


if __name__ == "__main__":
    output, *arguments = sys.argv[1:]
    sys.argv = ["reconciler", *arguments]
    profile = cProfile.Profile()
    before = written()
    profile.enable()
    try:
        main()
    except SystemExit as end:
        profile.disable()
        calls = sum(entry.callcount for entry in profile.getstats())
        Path(output).write_text(json.dumps({"exit": end.code, "calls": calls, "written": written() - before}))
