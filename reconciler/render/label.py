"""Words for people with their colour, as the members of an enum."""

from __future__ import annotations

from enum import Enum


class Label(Enum):
    """The value of each member is its words and its colour. Members are in the order in which people see them."""

    @property
    def words(self) -> str:
        """As people read it."""
        return str(self.value[0])

    @property
    def colour(self) -> str:
        """A name that Style knows."""
        return str(self.value[1])
