"""The request log: in memory, and as NDJSON in a file if there is one."""

from __future__ import annotations

import json
import re
from collections import deque
from contextlib import suppress
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_MAX_ENTRIES = 200_000
_KEY = re.compile(r"\b(sk|ck|session)_[\w-]+", re.ASCII)


class LogError(Exception):
    """The log file cannot be written. `str()` is one line fit for people."""


class RequestLog:
    """One entry a request, in the order of the responses. Contains no key, only the first digits of a key's digest."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_MAX_ENTRIES)
        self._file: IO[str] | None = None
        self._count = 0

    def entries(self) -> list[dict[str, Any]]:
        """The latest entries, oldest first; at most 200,000 are kept in memory."""
        return list(self._entries)

    def write_to(self, path: Path) -> None:
        """Append every entry to this file too, one JSON object a line. Raises LogError."""
        try:
            self._file = path.open("a", encoding="utf-8", buffering=1)
        except OSError as error:
            raise LogError(f"{path}: cannot be written: {error.strerror}") from None

    def add(self, entry: dict[str, Any]) -> None:
        """Append an entry; its `n` counts from 1. Raises LogError where the file cannot be written."""
        self._count += 1
        entry = {"n": self._count, **entry}
        self._entries.append(entry)
        if self._file is not None:
            try:
                self._file.write(json.dumps(entry) + "\n")
            except OSError as error:
                raise LogError(f"{self._file.name}: cannot be written: {error.strerror}") from None

    def clear(self) -> None:
        """Forget the entries in memory and count from 1 again."""
        self._entries.clear()
        self._count = 0

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            with suppress(OSError):  # what could not be written was reported when it was added
                self._file.close()
            self._file = None


def mask_keys(text: str) -> str:
    """The text without anything that looks like a key."""
    return _KEY.sub(r"\1_…", text)
