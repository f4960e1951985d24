"""The command line that a report suggests for one environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.environments import EMULATOR_API_URL

if TYPE_CHECKING:
    from reconciler.model.plan import Plan


class NextCommand:
    """Command lines for the environments of a plan. Half of a move is refused, so none names one side of it alone."""

    def __init__(self, plan: Plan) -> None:
        self._moving = plan.move_environments
        self._emulator = " --emulator" if plan.api_url == EMULATOR_API_URL else ""

    def line(self, command: str, environment: str) -> str:
        """`reconciler COMMAND`, with what selects the environment and the API of the run."""
        only = "" if environment in self._moving else f" --env {environment}"
        return f"reconciler {command}{only}{self._emulator}"
