"""Reads the bytes of manifest files: the only place of this package, next to `keys`, that touches the world."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.files import FileTooLarge, read_bounded
from reconciler.manifest.codes import Code
from reconciler.manifest.source_text import error
from reconciler.manifest.words import shorten
from reconciler.model.diagnostics import Span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from reconciler.model.diagnostics import Diagnostic

DEFAULT_PATH = "imgwire.yaml"
STANDARD_INPUT = "-"
MOST_BYTES = 16 * 1024 * 1024
"""Of all files of a run together: 20,000 environments with every key fit well."""

MOST_FILES = 20_000
_ENDINGS = (".yaml", ".yml")


class ManifestFile(NamedTuple):
    """A file that was read. `path` is fit to be shown; `folder` is where relative paths inside it count from."""

    path: str
    data: bytes
    folder: str = ""


def read_standard_input() -> bytes:
    """Standard input to its end, or one byte more than a manifest may have."""
    return sys.stdin.buffer.read(MOST_BYTES + 1)


def read_files(
    paths: Sequence[str], stdin: Callable[[], bytes] = read_standard_input
) -> tuple[list[ManifestFile], list[Diagnostic]]:
    """Every file that `paths` name, each once, folders in sorted order, and what could not be read. Raises nothing."""
    files: list[ManifestFile] = []
    problems: list[Diagnostic] = []
    seen: set[str] = set()
    left = MOST_BYTES
    for found in _expanded(paths or (DEFAULT_PATH,), problems):
        try:
            identity = found if found == STANDARD_INPUT else os.path.realpath(found)
            if identity in seen:
                continue
            seen.add(identity)
            if len(seen) > MOST_FILES:
                problems.append(
                    error(Code.TOO_LARGE, f"there are more than {MOST_FILES} files", hint="name fewer with -f")
                )
                break
            data = stdin() if found == STANDARD_INPUT else read_bounded(found, left)
        except FileTooLarge:
            problems.append(_beyond_limit(found))
            break
        except (OSError, ValueError) as failure:
            problems.append(_unreadable(found, failure))
            continue
        left -= len(data)
        if left < 0:
            problems.append(_beyond_limit(found))
            break
        files.append(ManifestFile(shown(found), data, "" if found == STANDARD_INPUT else str(Path(found).parent)))
    return files, problems


def shown(path: str) -> str:
    """The path as given, and relative to the working folder where it lies below that."""
    if path == STANDARD_INPUT:
        return "<stdin>"
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return path


def _expanded(paths: Sequence[str], problems: list[Diagnostic]) -> Iterator[str]:
    for path in paths:
        if path == STANDARD_INPUT or not os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where it may not look
            yield path
            continue
        failures: list[OSError] = []
        below = sorted(
            str(Path(folder, name))
            for folder, _, names in os.walk(path, onerror=failures.append)
            for name in names
            if name.endswith(_ENDINGS)
        )
        problems += [_unreadable(str(failure.filename or path), failure) for failure in failures]
        if not below and not failures:
            said = f"the folder `{shorten(shown(path))}` has no `*.yaml` and no `*.yml` in it"
            problems.append(_refused(Code.FILE_NOT_FOUND, path, said, "name the file, or another folder, with -f"))
        yield from below


def _beyond_limit(path: str) -> Diagnostic:
    said = f"`{shown(path)}` takes the manifest beyond {MOST_BYTES // 1024 // 1024} MiB"
    return _refused(Code.TOO_LARGE, path, said, "split it, and run each part on its own")


def _unreadable(path: str, failure: OSError | ValueError) -> Diagnostic:
    reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
    if isinstance(failure, FileNotFoundError):
        hint = "`reconciler init` writes one; another is named with -f" if path == DEFAULT_PATH else "check the path"
    else:
        hint = "check what it is and who may read it"
    said = f"cannot read `{shorten(shown(path))}`: {reason[:1].lower()}{reason[1:]}"
    return _refused(Code.FILE_NOT_FOUND, path, said, hint)


def _refused(code: Code, path: str, message: str, hint: str) -> Diagnostic:
    """A problem with a file as a whole: it has a place, so that it is sorted and annotated, and no line to show."""
    return replace(error(code, message, hint=hint), span=Span(shown(path), 1, 1))
