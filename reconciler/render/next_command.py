"""The command lines that a report suggests."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.escape import escape_control
from reconciler.model.plan import CHANGING
from reconciler.render.given import Given

if TYPE_CHECKING:
    from reconciler.model.plan import Plan
    from reconciler.render.style import Style


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

    def again(self) -> str:
        """The command line that goes on with an apply that has not done everything."""
        return escape_control(self._given.again())

    def renewal(self) -> str:
        """The command line that renews what a drift compares with."""
        return escape_control(self._given.renewal())

    def line(self, command: str, environment: str | None = None) -> str:
        """`reconciler COMMAND`, with what selects the environment and the API of the run; without one, as the run did."""
        if command == "apply" and environment is None:
            return escape_control(self._given.apply())
        given = self._given
        own = {
            "apply": (*given.record, *given.lookup, *given.servers),
            "dns check": given.servers,
            "drift": (*given.comparison, *given.servers),
            "plan": (*given.guards, *given.base),
            "status": given.servers,
            "verify": (*given.lookup, *given.servers),
        }
        more = next((words for name, words in own.items() if command.startswith(name)), ())
        selection = self._given.selection
        if environment is not None:
            selection = () if environment in self._moving else ("--env", environment)
            command = self.for_one(command, environment)
        words = shlex.join([*selection, *self._given.place, *more])
        return escape_control(f"reconciler {command} {words}".rstrip())
