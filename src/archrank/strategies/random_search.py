"""Random search: the baseline that every other strategy has to beat."""

from collections.abc import Iterable

import numpy as np

from archrank.architecture import Architecture
from archrank.space import SearchSpace
from archrank.strategies.base import History, Proposal, Strategy, unseen

__all__ = ["RandomSearch"]


class RandomSearch(Strategy):
    """Draws uniformly, without repeats.

    Args:
        space: The space to search.
        candidates: Draw from these instead of from the whole space, e.g. the rows of an incomplete table.

    >>> from archrank.spaces import NASBench201
    >>> strategy = RandomSearch(NASBench201())
    >>> len(strategy.propose(History(), 3, np.random.default_rng(0)))
    3
    """

    def __init__(self, space: SearchSpace, candidates: Iterable[Architecture] | None = None) -> None:
        self.space = space
        self.batch = 1
        self.candidates = None if candidates is None else list(dict.fromkeys(candidates))

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Draw ``n`` architectures that history does not hold."""
        drawn = unseen(self.space, history, n, rng, candidates=self.candidates)
        return [Proposal(architecture, "random") for architecture in drawn]
