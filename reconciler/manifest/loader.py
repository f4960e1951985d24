"""Files in, a manifest out, or every problem of all of them at once."""

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
from reconciler.manifest.sources import ManifestFile, read_files, read_standard_input
from reconciler.manifest.trust import NO_TRUST, Trust
from reconciler.model.diagnostics import Diagnostic, InvalidInput, Severity
from reconciler.model.environments import Manifest, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Loaded:
    """A manifest without errors. `warnings` are for every command; `advice` is for `validate`, it may not matter in a run."""

    manifest: Manifest
    warnings: tuple[Diagnostic, ...] = ()
    advice: tuple[Diagnostic, ...] = ()


def load(
    paths: Sequence[str] = (), *, stdin: Callable[[], bytes] = read_standard_input, trust: Trust = NO_TRUST
) -> Loaded:
    """Read and check manifest files: files, folders (every `*.yaml` and `*.yml` below), `-` for standard input.

    No path means `imgwire.yaml` in the working folder. Raises InvalidInput with every problem of every file, and nothing else.
    """
    files, problems = read_files(paths, stdin)
    return parse_documents(files, problems, trust)


def parse_documents(
    files: Sequence[ManifestFile], problems: Sequence[Diagnostic] = (), trust: Trust = NO_TRUST
) -> Loaded:
    """Check manifest files that were read. Raises InvalidInput with every problem, those given included. No effects."""
    with _without_collector():
        found = list(problems)
        parts = list(_read_all(files, found))
        unread = len(found)
        for part in parts:
            found += check_shape(part.document)
        merged = Merged(parts, trust)
        found += merged.problems
        warnings = slow_yaml(sum(len(file.data) for file in files))
        told = any(problem.code in {Code.NO_ENVIRONMENTS, Code.UNKNOWN_KEY} for problem in found)
        if not unread and not told and not any(_has_environments(part.document) for part in parts):
            found.append(_no_environments(parts))
        if found:
            raise InvalidInput(in_order([*found, *warnings]))
        manifest = Manifest(
            environments=tuple(merged.environments),
            files=tuple(SourceFile(file.path, hashlib.sha256(file.data).hexdigest()) for file in files),
            api_url=merged.api_url,
            max_interruptions=merged.max_interruptions,
            allowed_domains=merged.allowed_domains,
            change_windows=merged.change_windows,
        )
        return Loaded(manifest, tuple(warnings), in_order(merged.shared_variables()))


def in_order(found: Iterable[Diagnostic], *, most: int = MAX_PROBLEMS) -> tuple[Diagnostic, ...]:
    """Diagnostics in order of place: the first `most`, and a word about the rest."""
    told = sorted(found, key=Diagnostic.sort_key)
    if len(told) > most:
        message = f"there are more than {most} problems; the others are not told"
        told[most:] = [error(Code.TOO_LARGE, message, hint="mend these first")]
    return tuple(told)


def _read_all(files: Sequence[ManifestFile], found: list[Diagnostic]) -> Iterator[Part]:
    for file in files:
        if len(found) > MAX_PROBLEMS:
            return
        source = decode(file.path, file.data)
        if isinstance(source, SourceText):
            document = read_document(source)
            found += document.problems
            yield Part(document, file.folder)
        else:
            found.append(source)


def _has_environments(document: Document) -> bool:
    root = document.root
    return not isinstance(root, LocatedMapping) or root.get("environments") not in (None, {})


def _no_environments(parts: list[Part]) -> Diagnostic:
    message = "the manifest lists no environments"
    hint = "write `environments:` and below it `production: images.example.com`"
    for document in (part.document for part in parts):
        if isinstance(document.root, LocatedMapping):
            keyed = "environments" in document.root
            at = document.key_at(document.root, "environments") if keyed else document.at(document.root_position)
            return error(Code.NO_ENVIRONMENTS, message, at, hint=hint)
    return error(Code.NO_ENVIRONMENTS, message, hint=hint)


def slow_yaml(size: int, *, fast: bool = HAS_LIBYAML) -> list[Diagnostic]:
    """A warning where reading `size` bytes takes many times as long as it could."""
    if fast or size < 100_000:
        return []
    message = "this PyYAML has no libyaml: large manifests are read slowly"
    hint = "install a PyYAML wheel, or libyaml and its headers before building PyYAML"
    return [error(Code.SLOW_YAML, message, hint=hint, severity=Severity.WARNING)]


@contextmanager
def _without_collector() -> Iterator[None]:
    """No collection of cycles meanwhile: reading makes none, and looking for them took most of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
