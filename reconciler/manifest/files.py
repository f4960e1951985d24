"""Reads a file of unknown size and kind without waiting or filling the memory."""

from __future__ import annotations

import os


def read_at_most(path: str, most: int) -> tuple[bytes, int]:
    """The first `most` bytes of a file, and its mode as `stat` tells it. Raises OSError or ValueError.

    A pipe is read to its end; one that nobody writes to is empty instead of making the run wait.
    """
    number = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(number, "rb") as file:
        os.set_blocking(number, True)
        return file.read(most), os.fstat(number).st_mode
