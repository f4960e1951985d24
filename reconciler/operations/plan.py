"""`plan`: what apply would do, shown, and saved for a later apply."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model.domains import Unreadable
from reconciler.model.results import PlanResult
from reconciler.operations.outputs import Unwritable
from reconciler.operations.propose import consent_of, propose
from reconciler.operations.saved_plan import can_be_saved, discard, is_receipt, save_plan

if TYPE_CHECKING:
    from reconciler.operations.context import Context
    from reconciler.operations.workspace import Guards, Workspace


class PlanFile:
    """Where the plan of this run is saved.

    A run that saves none removes an older plan there, which a pipeline could apply by mistake.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._is_output = False
        self._saved = False

    def begin(self) -> None:
        """By now the path was compared with everything that the run reads. Raises Unwritable for a receipt."""
        if is_receipt(self._path):
            raise Unwritable(f"{self._path} is the receipt or report of an apply", "give the plan a path of its own")
        self._is_output = True

    def save(self, workspace: Workspace, context: Context, guards: Guards, result: PlanResult) -> PlanResult:
        """Save the plan, if some options could make apply run it. Raises Stopped."""
        # A later apply of the file knows nothing of the base revision, so it could lift what blocks the plan here.
        if not can_be_saved(result) or (guards.base is not None and result.blocks):
            context.observer.on_notice(
                "warning", f"{self._path}: no plan was saved, because it must not be applied as it is"
            )
            return result
        save_plan(self._path, workspace, context, result)
        self._saved, result = True, replace(result, saved_to=self._path)
        context.observer.on_notice("info", self._notice(result))
        return result

    def end(self) -> str | None:
        """The run has ended, in whatever way: a sentence if an older file was removed."""
        removed = not self._saved and discard(self._path, anything=self._is_output)
        return f"{self._path}: the earlier file was removed, because this run saved no plan" if removed else None

    def _notice(self, result: PlanResult) -> str:
        """Where the plan is, and what apply would not do with it."""
        saved = f"Saved the plan to {self._path}."
        if result.blocks:
            return f"{saved} Apply refuses it as it is: {'; '.join(block.message for block in result.blocks)}"
        if not result.plan.complete:
            unread = all(isinstance(item.live, Unreadable) for item in result.plan.environments)
            return (
                f"{saved} It covers {'no environment: none' if unread else 'only the environments that'} could be read."
            )
        return saved if result.plan.steps else f"{saved} It has no steps."


async def plan(
    workspace: Workspace,
    context: Context,
    guards: Guards,
    file: PlanFile | None = None,
    *,
    expires_in: float = 86400.0,
    detailed: bool = False,
) -> PlanResult:
    """Plan with GET requests only. A saved plan is valid for `expires_in` seconds. `detailed` makes changes end with exit
    code 2. Raises Stopped."""
    proposal = await propose(workspace, context, consent_of(workspace, guards))
    result = PlanResult(proposal, int(expires_in), detailed)
    return result if file is None else file.save(workspace, context, guards, result)
