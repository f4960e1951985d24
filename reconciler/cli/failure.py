"""An end that a user or a server caused, in the words that the user needs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.exit_codes import ExitCode
    from reconciler.model.plan import Block, Plan


@dataclass(eq=False)
class Failure(Exception):
    """The command ends here. `reason` is a stable word; a plan that was made is shown along with it."""

    exit_code: ExitCode
    reason: str
    message: str
    hint: str | None = None
    plan: Plan | None = None
    blocks: tuple[Block, ...] = ()

    def __str__(self) -> str:
        return self.message


@dataclass(eq=False)
class Interrupted(Exception):
    """A signal ended the run before anything was written."""

    exit_code: ExitCode
