"""What `apply` will do, in the order it will do it. Equal inputs give equal plans."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from reconciler.model.domains import Present, Unreadable
from reconciler.model.steps import Verify

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.domains import Live
    from reconciler.model.environments import Environment
    from reconciler.model.steps import Lane, Step, Write


class Action(StrEnum):
    """What happens to one environment. `replace` is a delete and a create: the API has no update (OpenAPI)."""

    NONE = "none"
    CREATE = "create"
    DELETE = "delete"
    REPLACE = "replace"
    VERIFY = "verify"
    UNREADABLE = "unreadable"


CHANGING = frozenset({Action.CREATE, Action.DELETE, Action.REPLACE})


def parse_changes(text: str) -> frozenset[Action]:
    """Comma-separated kinds of change. Raises ValueError."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or not CHANGING.issuperset(words):
        raise ValueError(f"'{text}' is not a list of create, delete, replace")
    return frozenset(map(Action, words))


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` is dotted; a side that does not exist is None."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class EnvironmentPlan:
    """One environment: desired, live, and the action between them. `reason` is a stable word."""

    environment: Environment
    live: Live
    action: Action
    reason: str
    changes: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        return self.environment.name

    @property
    def before(self) -> str | None:
        """The live hostname; None when absent or unknown."""
        return self.live.domain.hostname if isinstance(self.live, Present) else None


@dataclass(frozen=True, slots=True)
class Move:
    """A hostname that leaves one environment and arrives in another."""

    hostname: str
    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Interruption:
    """A hostname that is CONNECTED now and stops being served by a step. `until` is the step that checks it in its new
    environment, or None."""

    hostname: str
    environment: str
    from_step: str
    until: str | None


_FIXES = {
    "wrong_environment": "correct the key or `environment_id`: both must be of the same Environment",
    "environment_shared": "give each environment the key of its own Environment",
    "hostname_live_twice": "run the command again: one of these reads is out of date",
    "move_target_unreadable": "fix what keeps that environment from being read, then run the command again",
    "selection_cuts_move": "select both environments of the move with `--env`, without the other selection",
}


@dataclass(frozen=True, slots=True)
class Block:
    """What apply will refuse, and the option that lifts it (None where none does). `alternative` is what to do in place of
    lifting it."""

    code: str
    environment: str | None
    message: str
    override: str | None = None
    alternative: str | None = None

    @property
    def fix(self) -> str | None:
        """What to do without an option that lifts the block; None where nothing is known, or where the message has it."""
        return self.alternative or (None if self.override else _FIXES.get(self.code))


# No option overrides these: a record was read in another Environment than the manifest names.
IDENTITY_CODES = frozenset({"wrong_environment", "environment_shared"})
PLAN_ERROR_CODES = IDENTITY_CODES | {"selection_cuts_move"}


def refusal(blocks: Iterable[Block]) -> str:
    """That apply refuses a plan, with the code of each block."""
    return f"apply refuses this plan: {', '.join(dict.fromkeys(f'`{block.code}`' for block in blocks))}"


def override_label(blocks: Iterable[Block]) -> str:
    """What the options of the blocks do: those of a cut move correct the selection."""
    return "To select both" if all(block.code == "selection_cuts_move" for block in blocks) else "To override"


def override_words(blocks: Iterable[Block]) -> list[str] | None:
    """The options that lift every block, as words of a command line; None where one of them cannot be lifted."""
    overrides = dict.fromkeys(block.override for block in blocks)
    if None in overrides:
        return None
    return [word for override in overrides if override for word in override.split(" ", 1)]


@dataclass(frozen=True, slots=True)
class Plan:
    """Environments in order of name, and the steps as lanes: a lane runs in its order, lanes are independent of each other.

    `done` are the steps of a saved plan that an earlier run has done already.
    """

    api_url: str
    environments: tuple[EnvironmentPlan, ...]
    lanes: tuple[Lane, ...] = ()
    moves: tuple[Move, ...] = ()
    interruptions: tuple[Interruption, ...] = ()
    done: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """All of them, in an order in which they can be done."""
        return (*self.done, *(step for lane in self.lanes for step in lane))

    @property
    def move_environments(self) -> frozenset[str]:
        """Both sides of every move. Half of a move is refused, so they are selected together."""
        return frozenset(name for move in self.moves for name in (move.source, move.target))

    @property
    def unchecked_pins(self) -> tuple[str, ...]:
        """The pinned environments whose create comes first: no custom domain shows which Environment their key opens."""
        deleted = {step.environment for step in self.done}
        return tuple(
            item.name
            for item in self.environments
            if item.action is Action.CREATE and item.environment.environment_id and item.name not in deleted
        )

    @property
    def writes(self) -> tuple[Write, ...]:
        """The steps left to do that change something: deletes and creates."""
        return tuple(step for lane in self.lanes for step in lane if not isinstance(step, Verify))

    @property
    def complete(self) -> bool:
        """Every environment could be read."""
        return not any(isinstance(item.live, Unreadable) for item in self.environments)

    @property
    def unreadable(self) -> tuple[Unreadable, ...]:
        return tuple(item.live for item in self.environments if isinstance(item.live, Unreadable))

    @property
    def has_changes(self) -> bool:
        return any(item.action in CHANGING for item in self.environments)

    def summary(self) -> dict[str, int]:
        """The numbers every document shows. No other code counts."""
        counts = Counter(item.action for item in self.environments)
        steps = self.steps
        return {
            "environments": len(self.environments),
            "create": counts[Action.CREATE],
            "delete": counts[Action.DELETE],
            "replace": counts[Action.REPLACE],
            "verify": counts[Action.VERIFY],
            "unchanged": counts[Action.NONE],
            "unreadable": counts[Action.UNREADABLE],
            "moves": len(self.moves),
            "steps": len(steps),
            "writes": sum(not isinstance(step, Verify) for step in steps),
            "interruptions": len(self.interruptions),
        }
