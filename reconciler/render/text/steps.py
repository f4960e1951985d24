"""The steps of an apply as text: a line for each as it ends, and the list of what was not done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.model.domains import domain_of
from reconciler.model.escape import escape_control
from reconciler.model.hostnames import display_hostname
from reconciler.model.report import Restored, StepState
from reconciler.render.endings import Ending, ending_of, endings, reason
from reconciler.render.layout import columns, table
from reconciler.render.text.progress import MAX_PADDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from reconciler.model.report import Restore, StepResult
    from reconciler.model.results import ApplyResult
    from reconciler.model.steps import Step
    from reconciler.render.endings import Ended
    from reconciler.render.style import Style

_MAX_HOSTNAME = 48  # columns: a longer hostname does not push the durations of all others away
_BESIDE = len("not done  verify    1000.0 s")  # columns around a name and a hostname


@dataclass(frozen=True, slots=True)
class StepLines:
    """A line for each step of a run as it ends. Names and hostnames are padded to these columns."""

    name_width: int = 0
    hostname_width: int = 0

    @classmethod
    def of(cls, steps: Iterable[Step], width: int | None) -> StepLines:
        """As wide as the longest of these steps, as far as a line of `width` columns has room."""
        steps = tuple(steps)
        name = max((min(columns(step.environment), MAX_PADDED) for step in steps), default=0)
        hostname = max((min(len(step.hostname), _MAX_HOSTNAME) for step in steps), default=0)
        return cls(name, hostname if width is None or name + hostname + _BESIDE <= width else 0)

    def ended(self, step: Step, result: StepResult, seconds: float | None) -> str:
        """A step that ended after `seconds`; None where it never started."""
        ending = ending_of(step, result, result.domain)
        health = result.domain.short_health if ending.is_checked and result.domain is not None else ""
        return self._line(ending.words, step.op, step.environment, step.hostname, seconds, reason(result), health)

    def restored(self, restore: Restore) -> str:
        """A restore that ended: it is a create that no plan has."""
        words, why = ("restored", "") if isinstance(restore, Restored) else (Ending.FAILED.words, restore.error.message)
        return self._line(words, "restore", restore.environment, restore.hostname, None, why)

    def _line(
        self, words: str, op: str, name: str, hostname: str, seconds: float | None, why: str, more: str = ""
    ) -> str:
        start = f"{words:<7}  {op}  {name:<{self.name_width}}  "
        took = "" if seconds is None else f"{hostname:<{self.hostname_width}}  {seconds:.1f} s"
        return start + (took or hostname) + (f"  {more}" if more else "") + (f": {why}" if why else "")


def render_steps(result: ApplyResult, style: Style) -> str:
    """The steps that were not done, worst first; with `-v` every step. The run has printed a line for each that it started.

    The cause of a failure has its own section, and the verdict after waiting is newer than the check before it.
    """
    rows = endings(result.plan, result.applied)
    if not style.verbose:
        verified = {item.environment for item in result.verified}
        rows = [row for row in rows if _is_listed(*row, verified=row[0].environment in verified)]
    return table(list(_rows(result, rows, style)), style.width)


def _is_listed(_step: Step, result: StepResult, ending: Ending, *, verified: bool) -> bool:
    match ending:
        case Ending.NOT_STARTED:
            return True
        case Ending.SKIPPED:
            return not (verified and result.finished)
        case Ending.FAILING:
            return not verified
        case _:
            return False


def _rows(result: ApplyResult, rows: Iterable[Ended], style: Style) -> Iterator[tuple[str, ...]]:
    """On a terminal a reason is printed once, with the first of several steps that share it."""
    earlier = result.done_before
    before = ""
    for step, outcome, ending in rows:
        why = "done before this run" if step.id in earlier else _detail(result, step, outcome, ending)
        yield (
            f"  {style(ending.colour, ending.words)}",
            step.op,
            escape_control(step.environment),
            escape_control(display_hostname(step.hostname)),
            "" if style.width is not None and outcome.error and why == before else why,
        )
        before = why


def _detail(result: ApplyResult, step: Step, outcome: StepResult, ending: Ending) -> str:
    """The cause of a step that was not done, or the state of its domain."""
    if outcome.error is not None:
        return "" if ending.is_failure else escape_control(reason(outcome))
    domain = domain_of(result.applied.live.get(step.environment)) if ending.is_checked else outcome.domain
    if domain is None:
        return ""
    return escape_control(domain.short_health if ending.is_checked else domain.health)


def failures(result: ApplyResult, style: Style) -> Iterator[str]:
    """Each failure again, where it stays visible on a terminal: the cause, then what to do."""
    for step in result.plan.steps:
        outcome = result.applied.results[step.id]
        if outcome.state is not StepState.FAILED or outcome.error is None:
            continue
        words = ending_of(step, outcome, None).words
        what = f"{step.op} {escape_control(step.environment)}  {escape_control(display_hostname(step.hostname))}"
        lines = [style("red", f"{words}  {what}"), f"        {escape_control(outcome.error.message)}"]
        lines += [f"        Next: {escape_control(outcome.error.hint)}"] if outcome.error.hint else []
        yield "\n".join(lines)
