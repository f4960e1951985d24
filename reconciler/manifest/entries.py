"""Manifest text for existing custom domains."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.manifest.decoding import decode
from reconciler.manifest.document import read_document
from reconciler.manifest.located import LocatedMapping
from reconciler.manifest.scalars import plain_value
from reconciler.manifest.source_text import SourceText

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.manifest.sources import ManifestFile

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")


class CannotAdd(Exception):
    """Entries cannot be added to the file automatically. `str()` is the reason."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One environment to add. `variable` is set only if the key is not in its default place."""

    name: str
    environment_id: str
    hostname: str
    variable: str | None = None
    refused: str | None = None
    """The code of the rule that refuses the hostname. Such an entry is commented out."""


def whole_manifest(entries: Sequence[Entry]) -> str:
    """The text of a manifest with these environments only."""
    return "version: 1\n\nenvironments:\n" + "".join(f"{line}\n" for line in entry_lines(entries))


def entry_lines(entries: Sequence[Entry], indent: int = 2) -> list[str]:
    """Lines for below `environments:`, pinned and protected."""
    return [" " * indent + line for entry in entries for line in _lines(entry)]


def _lines(entry: Entry) -> list[str]:
    if entry.refused is None:
        return _plain_lines(entry)
    # Short lines: a terminal would wrap a long one, and what follows the break would be no comment.
    reason = [f"# Not allowed in a manifest: {entry.refused}.", "# Write `hostname: null` to remove the custom domain."]
    return [*reason, *(f"# {line}" for line in _plain_lines(entry))]


def _plain_lines(entry: Entry) -> list[str]:
    return [
        f"{_scalar(entry.name)}:",
        f"  environment_id: {_scalar(entry.environment_id)}",
        *([f"  api_key: {{env: {entry.variable}}}"] if entry.variable else []),
        f"  hostname: {_scalar(entry.hostname)}",
        "  protect: true",
    ]


def _scalar(text: str) -> str:
    """Text as a YAML scalar, in quotes if some version of YAML needs them."""
    return text if _PLAIN.fullmatch(text) and plain_value(text) == text else json.dumps(text)


def with_entries(file: ManifestFile, entries: Sequence[Entry]) -> bytes:
    """The bytes of the file with the entries added at the end of its `environments` block. Raises CannotAdd.

    Indented comments below the last environment belong to it; other comments belong to the text that follows.
    """
    source = decode(file.path, file.data)
    root = read_document(source).root if isinstance(source, SourceText) else None
    block = root.get("environments") if isinstance(root, LocatedMapping) else None
    if not isinstance(root, LocatedMapping) or not isinstance(block, LocatedMapping) or not block:
        raise CannotAdd("it has no `environments`")
    (top, outer, _), begin = root.positions["environments"]
    (first, indent, _), _ = next(iter(block.positions.values()))
    if begin[:2] != (first, indent) or first == top:
        raise CannotAdd("its `environments` are not in block style, one below the other")
    lines = _LINE.findall(file.data.decode("utf-8"))
    end = min((position[0] for position, _ in root.positions.values() if position[0] > top), default=len(lines))
    last = max(number for number in range(first, end) if _indentation(lines[number]) > outer)
    line_break = "\r\n" if lines[top].endswith("\r\n") else "\n"
    added = [line + line_break for line in entry_lines(entries, indent)]
    if not lines[last].endswith(("\r", "\n")):
        lines[last] += line_break
    return "".join([*lines[: last + 1], *added, *lines[last + 1 :]]).encode("utf-8")


def _indentation(line: str) -> int:
    """The number of spaces before the text of a line; -1 for an empty line."""
    return len(line) - len(line.lstrip(" ")) if line.strip() else -1
