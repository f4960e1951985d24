"""How well the live state of an environment is, in one word."""

from __future__ import annotations

from enum import Enum

from reconciler.model.domains import Live, Present, Unreadable


class Health(Enum):
    """Worst first: the words for people, and the colour."""

    UNREADABLE = ("could not be read", "red")
    FAILING = ("failing", "red")
    WAITING = ("not ready", "yellow")
    ABSENT = ("without a custom domain", "dim")
    READY = ("ready", "green")

    @property
    def words(self) -> str:
        return self.value[0]

    @property
    def colour(self) -> str:
        return self.value[1]


def health_of(live: Live) -> Health:
    """The health of what is live."""
    match live:
        case Unreadable():
            return Health.UNREADABLE
        case Present(domain):
            return Health.READY if domain.ready else Health.FAILING if domain.failing else Health.WAITING
        case _:
            return Health.ABSENT
