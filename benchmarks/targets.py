"""The limits that the measurements must keep."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.cases import (
    COMPOSE,
    IMPORT_YAML,
    PLAN_IMPORTS,
    READERS,
    VALIDATE_IMPORTS,
    VERSION_IMPORTS,
    Case,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from benchmarks.measure import Result


@dataclass(frozen=True, slots=True)
class Target:
    """`value` of the result of `case` is at most `limit`."""

    text: str
    case: Case
    limit: float
    value: Callable[[Result], float]

    def find(self, results: Iterable[Result]) -> float | None:
        """The measured number; None where the run did not include the case."""
        return next((self.value(result) for result in results if result.case == self.case), None)


def _plan(size: int, parallel: int) -> Case:
    return Case("plan", size, parallel, 0.05, READERS)


def _ratio(name: str) -> Callable[[Result], float]:
    return lambda result: result.ratios[name]


_VALIDATE = Case("validate", 10_000, baselines=(VALIDATE_IMPORTS, IMPORT_YAML, COMPOSE))
TARGETS = (
    Target(
        "`--version` ÷ `import click`", Case("--version", baselines=(VERSION_IMPORTS,)), 1.3, _ratio(VERSION_IMPORTS)
    ),
    Target(
        f"`plan` of 1 environment ÷ `{PLAN_IMPORTS}`",
        Case("plan", baselines=(PLAN_IMPORTS,)),
        1.2,
        _ratio(PLAN_IMPORTS),
    ),
    Target("`plan`, N 1,000, P 32, 50 ms ÷ httpx", _plan(1000, 32), 1.0, _ratio("httpx")),
    Target("`plan`, N 1,000, P 100, 50 ms ÷ httpx", _plan(1000, 100), 0.85, _ratio("httpx")),
    Target("`plan`, N 10,000, P 100, 50 ms ÷ httpx", _plan(10_000, 100), 0.8, _ratio("httpx")),
    Target("`plan`, N 10,000, P 100, 50 ms: MiB", _plan(10_000, 100), 100, lambda result: result.usage.memory),
    *(
        Target(f"`plan`, N 1,000, P {width}, 50 ms ÷ urllib3 in threads", _plan(1000, width), 1.0, _ratio("urllib3"))
        for width in (10, 32, 100)
    ),
    Target("`validate`, N 10,000, without imports ÷ C `compose`", _VALIDATE, 2.0, _ratio("compose")),
    Target(
        "`apply`, 1,000 creates, P 32, 50 ms ÷ floor",
        Case("apply", 1000, 32, 0.05),
        1.4,
        lambda result: result.usage.wall / result.case.floor,
    ),
)
