"""The log of requests, for tests to hold a report against: in memory and, if asked, as NDJSON in a file."""

from __future__ import annotations

import json
import re
from collections import deque
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_KEPT = 200_000
_KEY = re.compile(r"\b(sk|ck|session)_[\w-]+", re.ASCII)


class RequestLog:
    """One entry a request, in order of arrival of the answers. Holds no key, only the first digits of a key's digest."""

    def __init__(self) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._file: IO[str] | None = None
        self._count = 0

    def entries(self) -> list[dict[str, Any]]:
        """The latest entries, oldest first; at most 200,000 are kept in memory."""
        return list(self._entries)

    def write_to(self, path: Path) -> None:
        """From now on append every entry to this file too, one JSON object a line."""
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def add(self, entry: dict[str, Any]) -> None:
        """Take an entry; its `n` counts from 1."""
        self._count += 1
        entry = {"n": self._count, **entry}
        self._entries.append(entry)
        if self._file is not None:
            self._file.write(json.dumps(entry) + "\n")

    def clear(self) -> None:
        """Forget the entries in memory and count from 1 again."""
        self._entries.clear()
        self._count = 0

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None


def mask_keys(text: str) -> str:
    """The text without anything that looks like a key."""
    return _KEY.sub(r"\1_…", text)
