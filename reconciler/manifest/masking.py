"""Keeps key values out of what is shown: in messages by their look, in source lines by where they stand."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

MASK = "…"

_LOOKS_LIKE_KEY = re.compile(r"(?<![A-Za-z0-9])[sc]k_[^\s\"'`,;{}\[\]()]+|(?<=//)[^\s/@:]*:[^\s/@]*(?=@)")
_NAMES_KEY = re.compile(r"key|token|secret|passw|bearer|authorization|credential", re.IGNORECASE)
_API_KEY_LINE = re.compile(
    r"""(?:api[ _-]?key|token|secret|passw)[\w-]{0,20}["']?[ \t]*[:=][ \t]*(?P<value>\S.*)?""", re.IGNORECASE
)
_POINTER = re.compile(r"""\{?[ \t]*["']?(?:env|file)["']?[ \t]*:""")
_VARIABLE = re.compile(r"(?![sc]k_)[A-Za-z_][A-Za-z0-9_]*")


def mask(text: str) -> str:
    """`text` with everything replaced that looks like an Imgwire key (`sk_…`, `ck_…`) or is a password in a URL."""
    return _LOOKS_LIKE_KEY.sub(MASK, text)


@lru_cache(maxsize=1024)
def may_hold_secret(key: str) -> bool:
    """Whether a value under this key of the manifest may be an API key, misspelt keys included."""
    if _NAMES_KEY.search(key):
        return True
    plain = key.lower().replace("_", "").replace("-", "")
    return 4 <= len(plain) <= 9 and SequenceMatcher(None, plain, "apikey").ratio() >= 0.6


def points_elsewhere(key: str, text: str) -> bool:
    """Whether `text` under `env` or `file` only says where the key is, and may be shown."""
    if key == "env":
        return _VARIABLE.fullmatch(text) is not None
    return key == "file" and "/" in text and not _LOOKS_LIKE_KEY.search(text)


def secret_ranges(lines: list[str], number: int, *, guess: bool) -> list[tuple[int, int]]:
    """Where line `number` (from 0) holds what looks like a key, or says in a comment that it does.

    To `guess` is for text that is not read as YAML (yet): then what a line above it opens counts, too.
    """
    line = lines[number]
    found = [match.span() for match in _LOOKS_LIKE_KEY.finditer(line)]
    begin = 0 if guess else line.find("#")
    if begin >= 0:
        named = (match for match in _API_KEY_LINE.finditer(line, begin) if match["value"])
        found += [match.span("value") for match in named if not _POINTER.match(match["value"])]
    if guess and _continues_key(lines, number) and not _POINTER.match(line.lstrip()):
        found.append((_indent(line), len(line)))
    return found


def _continues_key(lines: list[str], number: int) -> bool:
    """Whether the line stands, by its indentation, below a line that opens an API key."""
    depth = _indent(lines[number])
    for above in range(number - 1, max(-1, number - 100), -1):
        line = lines[above]
        if line.strip() and _indent(line) < depth:
            found = _API_KEY_LINE.search(line)
            return found is not None and not (found["value"] or "").startswith("{")
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
