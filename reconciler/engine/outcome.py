"""How one step ends, but for its failures."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.domains import Domain


class WriteInterrupted(asyncio.CancelledError):
    """Cancelled after the write was sent and before its outcome was known."""


class Withheld(Exception):
    """The write was not sent, since something happened between the start of the step and this moment."""


class Postponed(Exception):
    """The write was not sent, since the outcome of another one has to be known first. It may be sent after that."""


class Evidence(Enum):
    """How it is known that the goal of a step is reached."""

    ANSWER = auto()  # the API acknowledged the write
    READ_BACK = auto()  # the answer was lost, and a read shows the goal: the write was probably this run's
    FOUND = auto()  # reached before anything was sent


@dataclass(frozen=True, slots=True)
class Done:
    """The step reached its goal. `domain` is what is there now, None after a delete."""

    domain: Domain | None
    evidence: Evidence = Evidence.ANSWER

    @property
    def written(self) -> bool:
        """A write of this run may have had its effect."""
        return self.evidence is not Evidence.FOUND
