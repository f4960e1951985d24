"""A manifest file as plain data that knows where it stands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.manifest.scalars import EMPTY
from reconciler.manifest.source_text import At, Place, SourceText

if TYPE_CHECKING:
    from reconciler.model.diagnostics import Diagnostic


class Entries(dict[str, Any]):
    """A mapping of the file. `places` holds for each key where the key and its value stand."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: dict[str, tuple[Place, Place]] = {}


class Items(list[Any]):
    """A list of the file. `places` has the place of each item."""

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Place] = []


class Document:
    """One file's data: `root` is what the YAML says, `problems` what is wrong with it as YAML.

    `root` is REPORTED where the file could not be read to its end.
    """

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.root: object = EMPTY
        self.root_place: Place = (0, 0, 1)

    def at(self, place: Place) -> At:
        return At(self.source, place)

    def key_at(self, entries: Entries, key: str) -> At:
        return At(self.source, entries.places[key][0])

    def value_at(self, entries: Entries | Items, key: str | int) -> At:
        if isinstance(entries, Items):
            return At(self.source, entries.places[int(key)])
        return At(self.source, entries.places[str(key)][1])
