"""Chaos: a share of all requests fails at random, the same ones for the same seed."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from reconciler.emulator.faults import Fault, Kind

if TYPE_CHECKING:
    from reconciler.emulator.caller import Caller

Methods = Literal["reads", "writes", "all"]

_READ_TROUBLE = (
    Fault(Kind.STATUS, status=500),
    Fault(Kind.STATUS, status=502, body="<html><body><h1>502 Bad Gateway</h1></body></html>"),
    Fault(Kind.STATUS, status=503, retry_after="0"),
    Fault(Kind.RATE_LIMIT, retry_after="0"),
    Fault(Kind.RATE_LIMIT),
    Fault(Kind.DROP_BEFORE),
    Fault(Kind.DELAY, seconds=0.02),
    Fault(Kind.TRUNCATE),
    Fault(Kind.GARBAGE),
)
_WRITE_TROUBLE = (
    *_READ_TROUBLE,
    Fault(Kind.STATUS, status=500, act=True),
    Fault(Kind.DROP_AFTER),
    Fault(Kind.GARBAGE, act=True),
)


@dataclass(frozen=True, slots=True)
class ChaosSettings:
    """`rate` is the share of requests that fail, 0 to 1. Reads are GETs, and writes everything else."""

    rate: float
    seed: int = 0
    methods: Methods = "reads"


class Chaos:
    """Decides by seed, Environment, call and how often that call came: other Environments and their order change nothing."""

    def __init__(self, settings: ChaosSettings) -> None:
        self._settings = settings
        self._counts: Counter[str] = Counter()

    def clear(self) -> None:
        """Count all calls from the first again."""
        self._counts.clear()

    def next_fault(self, method: str, path: str, caller: Caller) -> Fault | None:
        """The fault that this request meets."""
        settings, reads = self._settings, method == "GET"
        if settings.methods != "all" and reads != (settings.methods == "reads"):
            return None
        call = f"{caller.environment_id} {method} {path}"
        self._counts[call] += 1
        source = random.Random(f"{settings.seed} {self._counts[call]} {call}")  # noqa: S311
        if source.random() >= settings.rate:
            return None
        return source.choice(_READ_TROUBLE if reads else _WRITE_TROUBLE)
