"""Keys at the wrong level, the usual mistake of indentation, and files of another kind: reported as such."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.manifest.codes import Code
from reconciler.manifest.fast_schema import ENVIRONMENT_KEYS, ROOT_KEYS
from reconciler.manifest.located import LocatedMapping, mapping_at
from reconciler.manifest.scalars import EMPTY
from reconciler.manifest.source_text import error
from reconciler.manifest.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.manifest.expectations import Path
    from reconciler.manifest.located import Document
    from reconciler.manifest.source_text import Location
    from reconciler.model.diagnostics import Diagnostic


_OWN_FORMATS = "imgwire-reconciler/"


class Misplaced(NamedTuple):
    """A misplaced key. At the `explained` paths, and below them, nothing more needs a diagnostic."""

    diagnostic: Diagnostic
    explained: set[Path]


def misplaced_keys(document: Document) -> Iterator[Misplaced]:
    """Keys of an environment beside names, and environments beside `environments`. Of a plan or a report, its format alone."""
    if isinstance(document.root, LocatedMapping):
        format_ = document.root.get("format")
        if isinstance(format_, str) and format_.startswith(_OWN_FORMATS):
            yield _no_manifest(document, document.root, format_.removeprefix(_OWN_FORMATS))
            return
        yield from _beside_names(document, document.root)
        yield from _outside(document, document.root)


def _no_manifest(document: Document, root: LocatedMapping, kind: str) -> Misplaced:
    hint = "to apply it, leave out -f: `reconciler apply FILE`" if kind == "plan" else "name a manifest"
    message = f"this file is a {shorten(kind)} of `reconciler`, not a manifest"
    return Misplaced(error(Code.UNKNOWN_KEY, message, document.key_at(root, "format"), hint=hint), {()})


def _beside_names(document: Document, root: LocatedMapping) -> Iterator[Misplaced]:
    environments = mapping_at(root, "environments")
    before: str | None = None
    for name in environments:
        if name not in ENVIRONMENT_KEYS:
            before = name
            continue
        explained: set[Path] = {("environments", name)}
        message = f"`{name}` is a key of an environment, but a name of one is expected here"
        related: tuple[tuple[Location, str], ...] = ()
        if before is None:
            hint = "put it below a name such as `production:`, and indent it"
        else:
            hint = f"indent it: it belongs to `{shorten(before)}`"
            related = ((document.key_at(environments, before), "the environment that it may belong to"),)
            explained.add(("environments", before))
        at = document.key_at(environments, name)
        yield Misplaced(error(Code.UNKNOWN_KEY, message, at, hint=hint, related=related), explained)


def _outside(document: Document, root: LocatedMapping) -> Iterator[Misplaced]:
    for key, value in root.items():
        is_environment = isinstance(value, LocatedMapping) and not value.keys().isdisjoint(ENVIRONMENT_KEYS)
        if key in ROOT_KEYS or not is_environment:
            continue
        explained: set[Path] = {(key,)}
        related: tuple[tuple[Location, str], ...] = ()
        if "environments" in root:
            related = ((document.key_at(root, "environments"), "environments belong below this key"),)
            if root["environments"] is EMPTY:
                explained.add(("environments",))
        message = f"`{shorten(key)}` looks like an environment, but it is not below `environments`"
        hint = "indent it: it belongs below `environments:`"
        at = document.key_at(root, key)
        yield Misplaced(error(Code.UNKNOWN_KEY, message, at, hint=hint, related=related), explained)
