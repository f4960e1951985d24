"""Which environments must be changed one after the other, because a hostname passes between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from reconciler.model.plan import Move


def arrange(names: Sequence[str], moves: Iterable[Move]) -> list[list[str]]:
    """Chains of environments, each taking its hostname from the next one; in a ring the last takes from the first.

    An environment takes from at most one other and gives to at most one, so chains are paths and rings. A path starts at
    the environment that gives to no other; a ring starts at its least name. Every name is in exactly one chain.
    """
    takes_from = {move.target: move.source for move in moves}
    gives = set(takes_from.values())
    starts = [name for name in names if name not in gives]
    chains = [_follow(start, takes_from) for start in starts]
    placed = {name for chain in chains for name in chain}
    for name in sorted(set(names) - placed):
        if name not in placed:
            ring = _follow(name, takes_from)
            placed.update(ring)
            chains.append(ring)
    return chains


def _follow(start: str, takes_from: dict[str, str]) -> list[str]:
    chain = [start]
    while (after := takes_from.get(chain[-1])) is not None and after != start:
        chain.append(after)
    return chain
