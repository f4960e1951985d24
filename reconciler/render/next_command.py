"""The command lines that a report suggests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.environments import EMULATOR_API_URL
from reconciler.model.plan import CHANGING

if TYPE_CHECKING:
    from reconciler.model.plan import Plan


class NextCommand:
    """Command lines for the run of a plan. Half of a move is refused, so none names one side of it alone."""

    def __init__(self, plan: Plan) -> None:
        self._moving = plan.move_environments
        self._emulator = " --emulator" if plan.api_url == EMULATOR_API_URL else ""
        self._protected = frozenset(
            item.name
            for item in plan.environments
            if item.environment.protect and item.action in CHANGING and item.before is not None
        )

    def for_one(self, command: str, environment: str) -> str:
        """`plan` in place of an apply that `protect` refuses: it shows the change, and the option that allows it."""
        return "plan" if command == "apply" and environment in self._protected else command

    def line(self, command: str, environment: str | None = None) -> str:
        """`reconciler COMMAND`, with what selects the environment and the API of the run."""
        if environment is None:
            return f"reconciler {command}{self._emulator}"
        only = "" if environment in self._moving else f" --env {environment}"
        return f"reconciler {self.for_one(command, environment)}{only}{self._emulator}"
