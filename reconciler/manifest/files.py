"""Reads a file of unknown size and kind without waiting or filling the memory."""

from __future__ import annotations

import os


def read_at_most(path: str, most: int) -> tuple[bytes, int]:
    """The first `most` bytes of a file, and its mode as `stat` tells it. Raises OSError or ValueError.

    A pipe is read to its end; one that nobody writes to is empty instead of making the run wait.
    """
    with open(path, "rb", opener=_open) as file:
        os.set_blocking(file.fileno(), True)
        return file.read(most), os.fstat(file.fileno()).st_mode


def _open(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
