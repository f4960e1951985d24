"""Names and labels in manifests that are being edited, for shell completion.

Such a manifest is often broken, and a key press must be answered at once. So names are found by their indentation, without
a YAML parser.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_DEFAULT_FILE = "imgwire.yaml"
_MAX_BYTES = 1024 * 1024  # of each file; more would take too long between two key presses
_MAX_FILES = 100
_KEY = re.compile(
    r"""^(?P<indent> *)(?P<quote>["']?)(?P<name>[^\s"'#:{}\[\],&*!|>%@`-][^"':#]*?)(?P=quote) *:(?: |$)"""
)
_LABELS = re.compile(r"labels *: *\{([^}]*)\}")
_LABEL = re.compile(r"""["']?([\w./-]+)["']? *: *["']?([\w./-]+)["']?""")


def texts(paths: Sequence[str]) -> Iterator[str]:
    """The beginnings of the manifests at these paths, files or folders; what cannot be read is left out."""
    for path in paths or (_DEFAULT_FILE,):
        try:
            for file in _manifests(Path(path)):
                with file.open("rb") as opened:
                    yield opened.read(_MAX_BYTES).decode("utf-8", "replace")
        except OSError:
            continue


def beginning_with(start: str, find: Callable[[str], Iterable[str]], paths: Sequence[str]) -> list[str]:
    """What `find` finds in the manifests at these paths, as far as it begins with `start`."""
    return sorted({name for text in texts(paths) for name in find(text) if name.startswith(start)})


def environment_names(text: str) -> list[str]:
    """The keys below `environments:`, in their order, as far as the text goes, valid or not."""
    names: list[str] = []
    depth: int | None = None
    inside = False
    for line in text.splitlines():
        key = _KEY.match(line)
        if key is None:
            continue
        indent = len(key["indent"])
        if indent == 0:
            inside, depth = key["name"] == "environments", None
        elif inside:
            depth = indent if depth is None else depth
            if indent == depth:
                names.append(key["name"])
    return names


def label_pairs(text: str) -> Iterator[str]:
    """`key=value` for each label, written in one line or as a block."""
    for flow in _LABELS.finditer(text):
        yield from (f"{key}={value}" for key, value in _LABEL.findall(flow[1]))
    depth: int | None = None
    for line in text.splitlines():
        key = _KEY.match(line)
        if key is None:
            continue
        indent = len(key["indent"])
        if depth is not None and indent > depth:
            yield from (f"{name}={value}" for name, value in _LABEL.findall(line))
        elif key["name"] == "labels" and line.rstrip().endswith(":"):
            depth = indent
        else:
            depth = None


def _manifests(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path] if path.is_file() else []
    return sorted(file for file in path.rglob("*.y*ml") if file.is_file())[:_MAX_FILES]
