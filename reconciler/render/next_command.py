"""The command lines that a report suggests."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.plan import CHANGING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from reconciler.model.plan import Plan
    from reconciler.render.style import Style

_PLACE = ("files", "emulator", "api_url", "keys_file", "key_variables", "allow_http")
_SELECTION = ("names", "selectors", "shard")
_GUARDS = ("unprotect", "max_interruptions", "ignore_window", "base")


@dataclass(frozen=True, slots=True)
class Given:
    """The words of a command line that the next command needs too.

    `place` says where the manifest, the API and the keys are. `selection` narrows the run, `guards` lifts or adds guards.
    """

    place: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()

    def apply(self, *plan: str) -> str:
        """The command line that applies this plan: the one saved at a path, or the one whose digest is given."""
        selection = () if plan and not plan[0].startswith("-") else self.selection
        return shlex.join(["reconciler", "apply", *plan, *self.place, *selection, *self.guards])


def given_of(values: Mapping[str, object], options: Mapping[str, str], default_state: str) -> Given:
    """From the values of the options by name, and how each option is written. `default_state` is the one of `--emulator`."""

    def words(names: Sequence[str]) -> tuple[str, ...]:
        return tuple(
            word for name in names if name in options for word in _words(options[name], values.get(name), default_state)
        )

    return Given(words(_PLACE), words(_SELECTION), words(_GUARDS))


def _words(option: str, value: object, default_state: str) -> Iterator[str]:
    for item in value if isinstance(value, tuple) else (value,):
        match item:
            case None | False:
                pass
            case True:
                yield option
            case _ if option == "--emulator":  # its value is optional
                yield option if item == default_state else f"{option}={item}"
            case _:
                yield from (option, str(item))


class NextCommand:
    """Command lines for the run of a plan. Half of a move is refused, so none names one side of it alone."""

    def __init__(self, plan: Plan, style: Style) -> None:
        self._moving = plan.move_environments
        emulated = Given(("--emulator",)) if plan.api_url == EMULATOR_API_URL else Given()
        self._given = style.given or emulated
        self._protected = frozenset(
            item.name
            for item in plan.environments
            if item.environment.protect and item.action in CHANGING and item.before is not None
        )

    def for_one(self, command: str, environment: str) -> str:
        """`plan` in place of an apply that `protect` refuses: it shows the change, and the option that allows it."""
        return "plan" if command == "apply" and environment in self._protected else command

    def line(self, command: str, environment: str | None = None) -> str:
        """`reconciler COMMAND`, with what selects the environment and the API of the run; without one, as the run did."""
        selection = self._given.selection
        if environment is not None:
            selection = () if environment in self._moving else ("--env", environment)
            command = self.for_one(command, environment)
        return " ".join(["reconciler", command, shlex.join([*selection, *self._given.place])]).rstrip()
