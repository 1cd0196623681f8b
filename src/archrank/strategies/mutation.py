"""New architectures by mutation, for strategies that step from one architecture to the next."""

from collections.abc import Callable

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import SpaceError
from archrank.space import SearchSpace
from archrank.strategies.base import Proposal
from archrank.strategies.domain import Remaining

__all__ = ["offspring"]

_TRIES = 8
"""How often a child that cannot be proposed is drawn anew, and then how many steps it may walk on."""


def offspring(
    space: SearchSpace,
    parent: Callable[[], Architecture],
    remaining: Remaining,
    n: int,
    rng: np.random.Generator,
) -> list[Proposal]:
    """Propose ``n`` mutated architectures, or random ones once the parents' neighborhoods are exhausted.

    A child that was proposed before is drawn again, then mutated further.

    Args:
        space: The space that is searched.
        parent: Gives the architecture to mutate; called for every child anew.
        remaining: What may be proposed; the proposals are taken from it.
        n: How many are wanted; fewer come only where no more are left.
        rng: The source of randomness.
    """
    proposals: list[Proposal] = []
    while len(proposals) < n:
        child = _child(space, parent, remaining, rng)
        if child is not None:
            remaining.take(child)
            proposals.append(Proposal(child, "evolved"))
        elif rest := remaining.draw(1, rng):
            proposals.append(Proposal(rest[0], "random"))
        else:
            break
    return proposals


def _child(
    space: SearchSpace, parent: Callable[[], Architecture], remaining: Remaining, rng: np.random.Generator
) -> Architecture | None:
    child: Architecture | None = None
    for step in range(2 * _TRIES):
        origin = parent() if step < _TRIES or child is None else child
        try:
            child = space.mutate(origin, rng)
        except SpaceError:
            return None  # a space of one architecture
        if child in remaining:
            return child
    return None
