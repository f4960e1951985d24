"""How each step of an apply ended, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.domains import domain_of
from reconciler.model.report import StepState
from reconciler.model.steps import Verify
from reconciler.render.label import Label

if TYPE_CHECKING:
    from reconciler.model.domains import Domain
    from reconciler.model.plan import Plan
    from reconciler.model.report import Applied, StepResult
    from reconciler.model.steps import Step


class Ending(Label):
    """Worst first: the words for people, and the colour. A check that did not find the domain ready is `checked`, not `done`.
    A write whose outcome is not known has not failed."""

    FAILED = ("FAILED", "red")
    UNKNOWN = ("UNKNOWN", "red")
    FAILING = ("checked", "red")
    SKIPPED = ("skipped", "yellow")
    NOT_STARTED = ("not started", "yellow")
    WAITING = ("checked", "yellow")
    DONE = ("done", "green")

    @property
    def is_failure(self) -> bool:
        """It was not done, as far as is known, and has a cause of its own."""
        return self in {Ending.FAILED, Ending.UNKNOWN}

    @property
    def is_checked(self) -> bool:
        """The check was done, and the domain is not ready."""
        return self in {Ending.FAILING, Ending.WAITING}


Ended = tuple["Step", "StepResult", Ending]

_UNKNOWN = {"unknown", "interrupted"}
_ORDER = {ending: place for place, ending in enumerate(Ending)}


def ending_of(step: Step, result: StepResult, domain: Domain | None) -> Ending:
    """How the step ended. `domain` is what was last seen in its environment."""
    if isinstance(step, Verify) and result.state is StepState.DONE and domain is not None and not domain.ready:
        return Ending.FAILING if domain.failing else Ending.WAITING
    if result.state is StepState.FAILED and result.error is not None and result.error.kind in _UNKNOWN:
        return Ending.UNKNOWN
    return Ending[result.state.name]


def endings(plan: Plan, applied: Applied) -> list[Ended]:
    """Each step with its result, worst first."""
    ended = [(step, applied.results[step.id]) for step in plan.steps]
    rows = [(*pair, ending_of(*pair, domain_of(applied.live.get(pair[0].environment)))) for pair in ended]
    return sorted(rows, key=lambda row: _ORDER[row[2]])


def state_words(state: StepState) -> str:
    """The state as people read it in a count."""
    return state.replace("_", " ")


def reason(result: StepResult) -> str:
    """Why the step was not done; empty where it was."""
    return result.error.message.removeprefix("not started: ") if result.error else ""
