"""How well the live state of an environment is, in one word."""

from __future__ import annotations

from reconciler.model.domains import Live, Present, Unreadable
from reconciler.render.label import Label


class Health(Label):
    """Worst first: the words for people, and the colour."""

    UNREADABLE = ("could not be read", "red")
    FAILING = ("failing", "red")
    WAITING = ("not ready", "yellow")
    ABSENT = ("without a custom domain", "dim")
    READY = ("ready", "green")


def health_of(live: Live) -> Health:
    """The health of what is live."""
    match live:
        case Unreadable():
            return Health.UNREADABLE
        case Present(domain):
            return Health.READY if domain.ready else Health.FAILING if domain.failing else Health.WAITING
        case _:
            return Health.ABSENT
