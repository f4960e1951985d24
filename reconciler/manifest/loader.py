"""Reads manifest files to one manifest, or reports every problem of all of them."""

from __future__ import annotations

import gc
import hashlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.manifest.codes import Code
from reconciler.manifest.decoding import decode
from reconciler.manifest.document import HAS_LIBYAML, read_document
from reconciler.manifest.located import Document, LocatedMapping
from reconciler.manifest.rules import Merged, Part
from reconciler.manifest.schema import check_shape
from reconciler.manifest.source_text import MAX_PROBLEMS, SourceText, error
from reconciler.manifest.sources import ManifestFile, read_files
from reconciler.manifest.trust import NO_TRUST, Trust
from reconciler.model.diagnostics import Diagnostic, InvalidInput, Severity
from reconciler.model.environments import Manifest, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Loaded:
    """A manifest without errors. `warnings` are for every command; `advice` is for `validate`, it may not matter in a run."""

    manifest: Manifest
    warnings: tuple[Diagnostic, ...] = ()
    advice: tuple[Diagnostic, ...] = ()


def load(paths: Sequence[str] = (), *, trust: Trust = NO_TRUST) -> Loaded:
    """Read and check manifest files: files, folders (every `*.yaml` and `*.yml` below), `-` for standard input.

    No path means `imgwire.yaml` in the working folder. Raises InvalidInput with every problem of every file, and nothing else.
    """
    files, problems = read_files(paths)
    return parse_documents(files, problems, trust)


def parse_documents(
    files: Sequence[ManifestFile], problems: Sequence[Diagnostic] = (), trust: Trust = NO_TRUST
) -> Loaded:
    """Check the content of manifest files. Raises InvalidInput with every problem, including `problems`. No effects."""
    with _without_collector():
        diagnostics = list(problems)
        parts = list(_read_all(files, diagnostics))
        unread = len(diagnostics)
        for part in parts:
            diagnostics += check_shape(part.document)
        merged = Merged(parts, trust)
        diagnostics += merged.problems
        warnings = slow_yaml(sum(len(file.data) for file in files))
        explained = any(problem.code in {Code.NO_ENVIRONMENTS, Code.UNKNOWN_KEY} for problem in diagnostics)
        if not unread and not explained and not any(_has_environments(part.document) for part in parts):
            diagnostics.append(_no_environments(parts))
        if diagnostics:
            raise InvalidInput(in_order([*diagnostics, *warnings]))
        manifest = Manifest(
            environments=tuple(merged.environments),
            files=tuple(SourceFile(file.path, hashlib.sha256(file.data).hexdigest()) for file in files),
            api_url=merged.settings.api_url,
            max_interruptions=merged.settings.max_interruptions,
            allowed_domains=merged.settings.allowed_domains,
            change_windows=merged.settings.change_windows,
        )
        return Loaded(manifest, tuple(warnings), in_order(merged.advice()))


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The first MAX_PROBLEMS diagnostics by file and position, and one more if there are others."""
    ordered = sorted(diagnostics, key=Diagnostic.sort_key)
    if len(ordered) > MAX_PROBLEMS:
        message = f"more than {MAX_PROBLEMS:,} problems; the rest are omitted"
        ordered[MAX_PROBLEMS:] = [error(Code.TOO_LARGE, message, hint="fix these first")]
    return tuple(ordered)


def _read_all(files: Sequence[ManifestFile], diagnostics: list[Diagnostic]) -> Iterator[Part]:
    for file in files:
        if len(diagnostics) > MAX_PROBLEMS:
            return
        source = decode(file.path, file.data)
        if isinstance(source, SourceText):
            document = read_document(source)
            diagnostics += document.problems
            yield Part(document, file.folder)
        else:
            diagnostics.append(source)


def _has_environments(document: Document) -> bool:
    root = document.root
    return not isinstance(root, LocatedMapping) or root.get("environments") not in (None, {})


def _no_environments(parts: list[Part]) -> Diagnostic:
    message = "the manifest lists no environments"
    hint = "write `environments:`, and `production: images.example.com` below it"
    for document in (part.document for part in parts):
        if isinstance(document.root, LocatedMapping):
            keyed = "environments" in document.root
            at = document.key_at(document.root, "environments") if keyed else document.at(document.root_position)
            return error(Code.NO_ENVIRONMENTS, message, at, hint=hint)
    return error(Code.NO_ENVIRONMENTS, message, hint=hint)


def slow_yaml(size: int, *, fast: bool = HAS_LIBYAML) -> list[Diagnostic]:
    """A warning if reading `size` bytes takes much longer than necessary."""
    if fast or size < 100_000:
        return []
    message = "PyYAML is installed without libyaml: reading a large manifest is slow"
    hint = "install PyYAML from a wheel, or install libyaml and its headers before you build it"
    return [error(Code.SLOW_YAML, message, hint=hint, severity=Severity.WARNING)]


@contextmanager
def _without_collector() -> Iterator[None]:
    """Switch the cycle collector off: reading makes no cycles, and the search for them took most of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
