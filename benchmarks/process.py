"""Runs processes and measures them: wall and CPU seconds, peak memory."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Usage:
    """Wall and CPU (user and system) in seconds, peak resident memory in MiB."""

    wall: float
    cpu: float
    memory: float


def run(command: Sequence[str], *, cwd: Path, env: Mapping[str, str] | None = None) -> Usage:
    """Run a process to its end. Raises RuntimeError with its standard error where it does not end with 0."""
    environment = {**{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}, **(env or {})}
    errors = cwd / "stderr"
    with errors.open("wb") as stderr:
        start = time.perf_counter()
        process = subprocess.Popen(command, cwd=cwd, env=environment, stdout=subprocess.DEVNULL, stderr=stderr)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}\n{errors.read_text()[-2000:]}")
    return Usage(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """A server process; yields the first line that it prints, its address."""
    root = Path(__file__).parent.parent
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()
