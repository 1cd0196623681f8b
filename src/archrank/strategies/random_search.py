"""Random search: the baseline that every other strategy has to beat."""

from collections.abc import Iterable

import numpy as np

from archrank.architecture import Architecture
from archrank.space import SearchSpace
from archrank.strategies.base import History, Proposal, UniqueBy
from archrank.strategies.domain import Domain, DomainStrategy

__all__ = ["RandomSearch"]


class RandomSearch(DomainStrategy):
    """Draws uniformly, without repeats.

    Args:
        space: The space to search.
        candidates: Draw from these instead of from the whole space, e.g. the rows of an incomplete table.
        unique_by: Which architectures count as the same and are never proposed twice: those with the same
            ``"encoding"`` (row of choices), or that compute the same ``"function"``.

    >>> from archrank.spaces import NASBench201
    >>> strategy = RandomSearch(NASBench201())
    >>> len(strategy.propose(History(), 3, np.random.default_rng(0)))
    3
    """

    def __init__(
        self,
        space: SearchSpace,
        candidates: Iterable[Architecture] | None = None,
        unique_by: UniqueBy = "encoding",
    ) -> None:
        self.space = space
        self.batch = 1
        self.unique_by = unique_by
        self._domain = Domain(space, candidates, unique_by)

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Draw ``n`` architectures that history does not hold."""
        return [Proposal(a, "random") for a in self._domain.remaining(history).draw(n, rng)]
