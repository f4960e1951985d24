"""A manifest file as plain data with positions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.manifest.scalars import EMPTY
from reconciler.manifest.source_text import Location, Position, SourceText

if TYPE_CHECKING:
    from reconciler.model.diagnostics import Diagnostic


class LocatedMapping(dict[str, Any]):
    """A mapping of the file. `positions` has the place of each key and of its value."""

    __slots__ = ("positions",)

    def __init__(self) -> None:
        super().__init__()
        self.positions: dict[str, tuple[Position, Position]] = {}


class LocatedList(list[Any]):
    """A list of the file. `positions` has the place of each item."""

    __slots__ = ("positions",)

    def __init__(self) -> None:
        super().__init__()
        self.positions: list[Position] = []


class Document:
    """The data of one file. `root` is the root of the YAML document, `problems` are its problems as YAML.

    `root` is REPORTED if the file could not be read to its end.
    """

    def __init__(self, source: SourceText) -> None:
        self.source = source
        self.problems: list[Diagnostic] = []
        self.root: object = EMPTY
        self.root_position: Position = (0, 0, 1)

    def find(self, path: tuple[str, ...]) -> Any:
        """The value at a path of keys and indexes, or None."""
        value: Any = self.root
        for key in path:
            match value:
                case LocatedList():
                    value = value[int(key)]
                case LocatedMapping():
                    value = value.get(key)
                case _:
                    return None
        return value

    def at(self, position: Position) -> Location:
        return Location(self.source, position)

    def key_at(self, entries: LocatedMapping, key: str) -> Location:
        return Location(self.source, entries.positions[key][0])

    def value_at(self, entries: LocatedMapping | LocatedList, key: str | int) -> Location:
        if isinstance(entries, LocatedList):
            return Location(self.source, entries.positions[int(key)])
        return Location(self.source, entries.positions[str(key)][1])


NO_MAPPING = LocatedMapping()


def mapping_at(value: object, key: str) -> LocatedMapping:
    """The mapping under `key`, or an empty one."""
    inner = value.get(key) if isinstance(value, LocatedMapping) else None
    return inner if isinstance(inner, LocatedMapping) else NO_MAPPING
