"""Finds manifest files and reads their bytes."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from reconciler.files import FileTooLarge, read_bounded
from reconciler.manifest.codes import Code
from reconciler.manifest.key_tables import lower_first
from reconciler.manifest.source_text import error
from reconciler.manifest.wording import shorten
from reconciler.model.diagnostics import Span

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from reconciler.model.diagnostics import Diagnostic

DEFAULT_PATH = "imgwire.yaml"
STANDARD_INPUT = "-"
MAX_BYTES = 16 * 1024 * 1024
"""Of all files of a run together; 20,000 environments with every key are about 5 MiB."""

MAX_FILES = 20_000
_ENDINGS = (".yaml", ".yml")


class ManifestFile(NamedTuple):
    """A file that was read. `path` is for people; relative paths inside the file count from `folder`."""

    path: str
    data: bytes
    folder: str = ""


class _Candidate(NamedTuple):
    """A path to read. `within` is the folder that it was found in, where it was not named itself."""

    path: str
    within: str | None = None


def _read_standard_input() -> bytes:
    """Standard input to its end, or one byte more than a manifest may have."""
    return sys.stdin.buffer.read(MAX_BYTES + 1)


def read_files(paths: Sequence[str]) -> tuple[list[ManifestFile], list[Diagnostic]]:
    """Every file that `paths` name, each once, folders in sorted order, and the problems met. Raises nothing.

    A file that was not named itself must not be a symbolic link to a place outside its folder.
    """
    files: list[ManifestFile] = []
    problems: list[Diagnostic] = []
    seen: set[str] = set()
    left = MAX_BYTES
    for path, within in _expanded(paths, problems):
        try:
            identity = path if path == STANDARD_INPUT else os.path.realpath(path)
            if identity in seen:
                continue
            seen.add(identity)
            if len(seen) > MAX_FILES:
                message = f"more than {MAX_FILES:,} files"
                problems.append(error(Code.TOO_LARGE, message, hint="name fewer with -f"))
                break
            if within is not None and not identity.startswith(os.path.join(os.path.realpath(within), "")):  # noqa: PTH118
                problems.append(_points_outside(path))
                continue
            data = _read_standard_input() if path == STANDARD_INPUT else read_bounded(path, left)
        except FileTooLarge:
            problems.append(_beyond_limit(path))
            break
        except (OSError, ValueError) as failure:
            problems.append(_unreadable(path, failure))
            continue
        left -= len(data)
        if left < 0:
            problems.append(_beyond_limit(path))
            break
        files.append(ManifestFile(shown(path), data, "" if path == STANDARD_INPUT else str(Path(path).parent)))
    return files, problems


def shown(path: str) -> str:
    """The path as given, and relative to the working folder where it is below that. Links are not resolved."""
    if path == STANDARD_INPUT:
        return "<stdin>"
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except (OSError, ValueError):
        return path


def _expanded(paths: Sequence[str], problems: list[Diagnostic]) -> Iterator[_Candidate]:
    if not paths:
        yield _Candidate(DEFAULT_PATH, ".")
    for path in paths:
        if path == STANDARD_INPUT or not os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where it may not look
            yield _Candidate(path)
            continue
        failures: list[OSError] = []
        below = sorted(_walk(path, failures))
        problems += [_unreadable(str(failure.filename or path), failure) for failure in failures]
        if not below and not failures:
            message = f"the folder `{shorten(shown(path))}` has no `*.yaml` and no `*.yml` files"
            problems.append(_refused(Code.FILE_NOT_FOUND, path, message, "name the file, or another folder, with -f"))
        yield from (_Candidate(file, path) for file in below)


def _walk(folder: str, failures: list[OSError]) -> Iterator[str]:
    """Paths of all manifest files below, without dot-files, dot-folders and linked folders. Depth costs no recursion."""
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
                    elif entry.name.endswith(_ENDINGS) and not os.path.isdir(entry.path):  # noqa: PTH112  # entry.is_dir raises at a loop of links
                        yield str(Path(entry.path))
        except OSError as failure:
            failures.append(failure)


def _points_outside(path: str) -> Diagnostic:
    message = f"`{shorten(shown(path))}` is a symbolic link to a file outside its folder"
    return _refused(
        Code.FILE_NOT_FOUND, path, message, f"if the link is intended, name it: `-f {shorten(shown(path))}`"
    )


def _beyond_limit(path: str) -> Diagnostic:
    message = f"`{shorten(shown(path))}` makes the manifest larger than {MAX_BYTES // 1024 // 1024} MiB"
    return _refused(Code.TOO_LARGE, path, message, "split it, and run each part on its own")


def _near(path: str) -> str:
    """What to do about a path where there is no file."""
    stem = path.removesuffix(".yml").removesuffix(".yaml")
    other = next((stem + ending for ending in _ENDINGS if Path(stem + ending).is_file()), None)
    return f"did you mean `{shorten(shown(other))}`?" if other else "check the path"


def _unreadable(path: str, failure: OSError | ValueError) -> Diagnostic:
    reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else str(failure)
    if isinstance(failure, FileNotFoundError):
        is_default = path == DEFAULT_PATH
        hint = "run `reconciler init` to write one, or name another with -f" if is_default else _near(path)
    else:
        hint = "check the kind of the file and its permissions"
    message = f"cannot read `{shorten(shown(path))}`: {lower_first(reason)}"
    return _refused(Code.FILE_NOT_FOUND, path, message, hint)


def _refused(code: Code, path: str, message: str, hint: str) -> Diagnostic:
    """A problem with a file as a whole. It has a position, so that it is sorted and annotated, and no line to show."""
    return replace(error(code, message, hint=hint), span=Span(shown(path), 1, 1))
