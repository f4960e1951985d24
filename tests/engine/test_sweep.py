"""Every kind of trouble at every single request of plans of every shape, and the same with one more trouble close behind.

`RECONCILER_SWEEP=all pytest tests/engine/test_sweep.py` takes them all; without it, the same bounded share each time.
"""

from __future__ import annotations

import os
import random
from itertools import product
from typing import TYPE_CHECKING

import pytest

from .runs import CHAIN, REPLACE, RING, SWAP, A, B, C, X, Y, play
from .scenario import Trouble
from .test_apply_model import check

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .life import Lived
    from .organization import Organization

ALL = os.environ.get("RECONCILER_SWEEP") == "all"
SHARE = 8  # of each shape

D = "d.example.com"
SHAPES = {
    "replace": REPLACE,
    "two replaces": ({"a": A, "b": B}, {"a": X, "b": Y}),
    "move": ({"a": A, "b": None}, {"a": None, "b": A}),
    "move, and another name for its source": ({"a": A, "b": None}, {"a": X, "b": A}),
    "move over another name": ({"a": A, "b": B}, {"a": None, "b": A}),
    "chain over another name": CHAIN,
    "chain into an empty environment": ({"a": A, "b": B, "c": None}, {"a": X, "b": A, "c": B}),
    "chain of three": ({"a": A, "b": B, "c": C}, {"a": B, "b": C, "c": X}),
    "swap": SWAP,
    "ring of three": RING,
    "ring of four": ({"a": A, "b": B, "c": C, "d": D}, {"a": B, "b": C, "c": D, "d": A}),
    "swap and replace": ({"a": A, "b": B, "c": C}, {"a": B, "b": A, "c": X}),
    "create and swap": ({"a": A, "b": B, "c": None}, {"a": B, "b": A, "c": X}),
}
_IN_DOUBT = ("drop", "timeout", "hang", "html", "500", "503", "404", "408", "409", "moved")
_ANSWERS = ("400", "401", "402", "403", "422", "423", "425", "429", "429-soon", "502", "connect", "shape")
TROUBLES = (
    *(Trouble(kind) for kind in (*_IN_DOUBT, *_ANSWERS)),
    *(Trouble(kind, acts=True) for kind in _IN_DOUBT),
    *(Trouble("timeout", acts=True, late=requests) for requests in (1, 2, 3, 5)),
)
# Later than that, a delete comes after the last read that could have shown it.
LATE = tuple(Trouble("timeout", acts=True, late=requests) for requests in (1, 2, 3, 4, 5))
READ_TROUBLES = tuple(
    Trouble(kind) for kind in ("400", "401", "403", "404", "409", "425", "503", "connect", "drop", "html")
)

Troubles = dict[int, Trouble]


def requests(shape: str, *, writes: bool = False) -> list[int]:
    """The numbers of the requests of an apply without trouble, counted from 1; only the `writes` if so wanted."""
    lived, _ = play(*SHAPES[shape])
    paths = enumerate(lived.wire.paths, 1)
    return [number for number, path in paths if not writes or path.startswith(("DELETE", "POST"))]


def share(shape: str, cases: Sequence[Troubles]) -> Sequence[Troubles]:
    return cases if ALL else random.Random(shape).sample(cases, min(SHARE, len(cases)))


def lost(shape: str, server: Organization) -> set[str]:
    """The hostnames that served before and are nowhere now, though they were to stay or what replaces them is not there."""
    before, wants = SHAPES[shape]
    live = server.hostnames()
    gone = {name: hostname for name, hostname in before.items() if hostname and hostname not in live.values()}
    return {hostname for name, hostname in gone.items() if hostname in wants.values() or live[name] != wants[name]}


def applied(shape: str, troubles: Mapping[int, Trouble], **more: object) -> set[str]:
    """What is lost after an apply with these troubles, and that everything holds which holds of any run."""
    lived, server = played(shape, troubles, **more)
    check(lived, server)
    return lost(shape, server)


def played(shape: str, troubles: Mapping[int, Trouble], **more: object) -> tuple[Lived, Organization]:
    return play(*SHAPES[shape], troubles, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", SHAPES)
def test_one_trouble_at_any_request_costs_no_hostname(shape: str) -> None:
    cases = [{number: trouble} for number, trouble in product(requests(shape), TROUBLES)]
    assert [troubles for troubles in share(shape, cases) if applied(shape, troubles)] == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_write_that_is_carried_out_late_and_a_read_that_fails_cost_no_hostname(shape: str) -> None:
    moments = product(requests(shape, writes=True), LATE, (1, 2, 3), READ_TROUBLES)
    cases = [{number: late, number + after: failing} for number, late, after, failing in moments]
    assert [troubles for troubles in share(shape, cases) if applied(shape, troubles)] == []


@pytest.mark.parametrize("restore", [True, False], ids=["restore", "leave"])
@pytest.mark.parametrize("shape", SHAPES)
def test_two_troubles_or_a_burst_are_reported_as_they_are(shape: str, restore: bool) -> None:
    chance = random.Random(f"{shape} {restore}")
    last = requests(shape)[-1] + 6
    for _ in range(500 if ALL else SHARE):
        first, trouble = chance.randint(1, last), chance.choice(TROUBLES)
        pair = {first: trouble, first + chance.randint(1, 10): chance.choice(TROUBLES)}
        burst = dict.fromkeys(range(first, first + chance.randint(2, 25)), trouble)
        troubles = chance.choice((pair, burst))
        lag, parallelism = chance.choice((0, 0, 1, 3)), chance.choice((1, 3))
        try:
            applied(shape, troubles, restore=restore, lag=lag, parallelism=parallelism)
        except AssertionError as failure:
            raise AssertionError(f"{shape}: {troubles}, {lag=}, {parallelism=}, {restore=}") from failure
