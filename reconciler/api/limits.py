"""Whether the process may open as many connections as `--parallelism` asks for."""

from __future__ import annotations

from pathlib import Path

from reconciler.model.errors import TooFewFiles

_OTHERS = 32  # descriptors besides connections: streams, files, name look-ups, a second address that is tried


def allow_connections(count: int) -> None:
    """Raise the soft limit of open files as far as `count` connections need. Raises TooFewFiles where the hard limit forbids."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + _open_files() + _OTHERS
    if soft == resource.RLIM_INFINITY or needed <= soft:
        return
    if hard == resource.RLIM_INFINITY or needed <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
        return
    room = max(1, hard - _open_files() - _OTHERS)
    raise TooFewFiles(
        f"{count} connections need {needed} open files, and the limit is {hard}",
        hint=f"use --parallelism {room}, or raise the limit: ulimit -n {needed}",
    )


def _open_files() -> int:
    try:
        return sum(1 for _ in Path("/dev/fd").iterdir())
    except OSError:
        return _OTHERS
