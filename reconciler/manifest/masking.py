"""Masks API keys: in messages by their form, in source lines by their position."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from functools import lru_cache

MASK = "…"

_LOOKS_LIKE_KEY = re.compile(r"(?<![A-Za-z0-9])[sc]k_[^\s\"'`,;{}\[\]()]+|(?<=//)[^\s/@:]*:[^\s/@]*(?=@)")
_NAMES_KEY = re.compile(r"key|token|secret|passw|bearer|authorization|credential", re.IGNORECASE)
_KEY = re.compile(r"""(?<![\w\\-])([\w\\-]{1,40})["']?[ \t]*[:=][ \t]*""")
_POINTER = re.compile(
    r"""\{?[ \t]*(["']?)(?:env\1[ \t]*:[ \t]*(["']?)[A-Z_][A-Z0-9_]*\2"""
    r"""|(?:file|dir)\1[ \t]*:[ \t]*(["']?)[\w.~-]*/[\w./~-]*\3)[ \t},]*"""
)
_OPENS_ENTRY = re.compile(r"""["'][ \t]*:|[\w.\\-][ \t]*:(?=\s|\Z)""")
_VARIABLE = re.compile(r"(?![sc]k_)[A-Za-z_][A-Za-z0-9_]*")


def mask(text: str) -> str:
    """`text` with each Imgwire key (`sk_…`, `ck_…`) and each password of a URL replaced."""
    return _LOOKS_LIKE_KEY.sub(MASK, text)


@lru_cache(maxsize=1024)
def may_hold_secret(key: str) -> bool:
    """Whether a value under this key of the manifest may be an API key, misspelt keys included."""
    if _NAMES_KEY.search(key):
        return True
    plain = key.lower().replace("_", "").replace("-", "")
    return 4 <= len(plain) <= 9 and SequenceMatcher(None, plain, "apikey").ratio() >= 0.6


def points_elsewhere(key: str, text: str) -> bool:
    """Whether `text` below `env`, `file` or `dir` only names the place of the key, and may be shown."""
    if key == "env":
        return _VARIABLE.fullmatch(text) is not None
    return key in {"file", "dir"} and "/" in text and not _LOOKS_LIKE_KEY.search(text)


def secret_ranges(lines: list[str], number: int, *, guess: bool) -> list[tuple[int, int]]:
    """The parts of line `number` (from 0) that look like a key, or that a comment declares to be one.

    To `guess` is for text that is not read as YAML: then every value that may be a key counts, and what goes on below one.
    """
    line = lines[number]
    found = [match.span() for match in _LOOKS_LIKE_KEY.finditer(line)]
    value = _suspicious_value(line, 0 if guess else line.find("#"))
    if value is not None:
        found.append((value, len(line)))
    begin = _indent(line)
    if guess and not _POINTER.fullmatch(line, begin) and (line.startswith(":", begin) or _continues_key(lines, number)):
        found.append((begin, len(line)))
    return found


def _suspicious_value(line: str, begin: int) -> int | None:
    """The start of the first value behind `begin` that may be an API key, and does not only name its place."""
    if begin >= 0:
        for match in _KEY.finditer(line, begin):
            if ("\\" in match[1] or may_hold_secret(match[1])) and not _POINTER.fullmatch(line, match.end()):
                return match.end()
    return None


def _continues_key(lines: list[str], number: int) -> bool:
    """Whether the line continues an API key that a line above opens.

    A line that opens a mapping entry belongs to the nearest line with less indentation. Any other line may continue a quoted
    text, which YAML allows at any indentation: it belongs to the nearest entry above.
    """
    depth = _indent(lines[number]) if _OPENS_ENTRY.search(lines[number]) else None
    for above in range(number - 1, max(-1, number - 100), -1):
        line = lines[above]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if _OPENS_ENTRY.search(line) if depth is None else _indent(line) < depth:
            return _suspicious_value(line, 0) is not None
    return False


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
