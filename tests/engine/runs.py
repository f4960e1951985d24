"""One apply as a short call, for the tests of the engine, and what came of it in a few words."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from conclusions import of_apply

from reconciler.emulator.switches import Switches

from .life import Lived, live_through
from .organization import Organization
from .scenario import Round, Scenario, Trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.exit_codes import ExitCode

A, B, C, X, Y = (f"{letter}.example.com" for letter in "abcxy")
REFUSED = Trouble("422")
LOST, LOST_AND_DONE = Trouble("drop"), Trouble("drop", acts=True)
CUT_SHORT = Trouble("503")

SWAP = ({"a": A, "b": B}, {"a": B, "b": A})
RING = ({"a": A, "b": B, "c": C}, {"a": B, "b": C, "c": A})
CHAIN = ({"a": A, "b": B}, {"a": B, "b": C})
REPLACE = ({"a": A}, {"a": X})


def play(
    holds: Mapping[str, str | None],
    wants: Mapping[str, str | None],
    troubles: Mapping[int, Trouble] | None = None,
    *,
    switches: Switches | None = None,
    parallelism: int = 1,
    ready: bool = True,
    lag: int = 0,
    **more: object,
) -> tuple[Lived, Organization]:
    """One apply, with what happens at which request."""
    round_ = Round(wants, troubles or {}, **more)  # type: ignore[arg-type]
    scenario = Scenario(
        holds=holds,
        ready=ready,
        outsider=None,
        pinned=frozenset(),
        one_key=False,
        switches=switches or Switches(),
        parallelism=parallelism,
        yields=(1,) if parallelism > 1 else (0,),
        rounds=(round_,),
        lag=lag,
    )
    server = Organization(scenario)
    return lived_through(scenario, server, round_), server


def move(
    holds: Mapping[str, str | None],
    wants: Mapping[str, str | None],
    troubles: Mapping[int, Trouble] | None = None,
    **more: Any,
) -> tuple[Lived, Organization]:
    """Like `play`, of one lane. Requests count from the read before its first delete: the other environments come before that."""
    ahead = len(holds) - 1
    for name in more.keys() & {"stopped", "stopped_again", "killed_before", "killed_after"}:
        more[name] += ahead
    more["meddling"] = {moment + ahead: meddling for moment, meddling in more.get("meddling", {}).items()}
    return play(holds, wants, {moment + ahead: trouble for moment, trouble in (troubles or {}).items()}, **more)


def lived_through(scenario: Scenario, server: Organization, round_: Round) -> Lived:
    lived = asyncio.run(live_through(scenario, server, round_))
    assert isinstance(lived, Lived)
    return lived


def mistaken(
    holds: Mapping[str, str | None], wants: Mapping[str, str | None], *, lag: int = 0, **more: object
) -> tuple[Lived, Organization]:
    """Like `play`, but the pin of `a` is not the Environment that its key opens."""
    round_ = Round(wants, **more)  # type: ignore[arg-type]
    scenario = Scenario(holds, True, None, frozenset(), False, Switches(), 1, (0,), (round_,), lag, mistaken="a")
    server = Organization(scenario)
    return lived_through(scenario, server, round_), server


def states(lived: Lived) -> dict[str, str]:
    """The end of every step, with the kind of its error."""
    return {
        step.id: result.state + (f" {result.error.kind}" if result.error else "")
        for step in lived.plan.steps
        for result in [lived.applied.results[step.id]]
    }


def sent(lived: Lived) -> list[str]:
    """The writes in order, without the checks."""
    return [f"{item.method} {item.environment} {item.hostname or ''}".strip() for item in lived.wire.sent]


def restored(lived: Lived) -> list[tuple[str, str]]:
    return [(item.environment, item.hostname) for item in lived.applied.restored]


def unserved(lived: Lived) -> list[tuple[str, str, str]]:
    return [(item.hostname, item.environment, item.since) for item in lived.applied.unserved]


def code(lived: Lived) -> tuple[ExitCode, str | None]:
    return of_apply(lived.plan, lived.applied)
