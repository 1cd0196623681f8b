"""Regularised evolution: tournaments among the young.

Reference: Real et al., Regularized Evolution for Image Classifier Architecture Search (AAAI 2019), algorithm
    1.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from archrank.architecture import Architecture
from archrank.errors import ArchrankError, SpaceError
from archrank.space import SearchSpace
from archrank.strategies.base import History, Proposal, Strategy, unseen

__all__ = ["RegularizedEvolution"]

_TRIES = 8
"""How often a child that history already holds is drawn anew, and then how many steps it may walk on."""


class RegularizedEvolution(Strategy):
    """Aging evolution: the best of a tournament among the last ``population`` measured is mutated once.

    Until ``population`` architectures have been proposed, they are random. Failed evaluations take no part.
    It differs from the paper in that nothing is ever evaluated twice: a child that history holds is drawn
    anew, then mutated on, and at last replaced by a random unseen architecture.

    The defaults are the best of populations 10 to 50 and tournaments 3 to 10, simulated on ``analog-
    nasbench`` with a budget of 150: mean regret 0.043 ± 0.005 over 300 seeds, against 0.048 with a population
    of 15, 0.053 with 40, 0.070 with tournaments of 7, and 0.491 for random search.

    Args:
        space: The space to search.
        population: How many of the youngest measured architectures may become parents.
        tournament: How many of them, drawn with replacement as in the paper's code, compete to be the parent.
        candidates: Propose only these, e.g. the rows of an incomplete table.

    Raises:
        ArchrankError: A population below 2 or a tournament below 1.

    >>> from archrank.spaces import NASBench201
    >>> strategy = RegularizedEvolution(NASBench201(), population=10)
    >>> [p.reason for p in strategy.propose(History(), 2, np.random.default_rng(0))]
    ['random', 'random']
    """

    def __init__(
        self,
        space: SearchSpace,
        population: int = 20,
        tournament: int = 10,
        candidates: Iterable[Architecture] | None = None,
    ) -> None:
        if population < 2 or tournament < 1:
            raise ArchrankError(
                f"population {population} and tournament {tournament}: "
                "the population must be at least 2 and the tournament at least 1"
            )
        self.space = space
        self.batch = 1
        self.population = population
        self.tournament = tournament
        self.candidates = None if candidates is None else list(dict.fromkeys(candidates))
        self._allowed = None if self.candidates is None else frozenset(self.candidates)

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Random architectures while the population is not full, children after that."""
        parents = history.latest(self.population)
        missing = self.population - (len(history) - history.failed)
        founders = min(n, max(0, missing)) if parents else n
        proposals = [
            Proposal(architecture, "random")
            for architecture in unseen(self.space, history, founders, rng, candidates=self.candidates)
        ]
        taken = {proposal.architecture for proposal in proposals}
        while len(proposals) < n:
            child = self._child(parents, history, taken, rng) if parents else None
            if child is not None:
                proposals.append(Proposal(child, "evolved"))
            elif rest := unseen(self.space, history, 1, rng, taken, self.candidates):
                # The parents' surroundings are used up: anything new will do.
                proposals.append(Proposal(rest[0], "random"))
            else:
                break
            taken.add(proposals[-1].architecture)
        return proposals

    def _child(
        self,
        parents: Sequence[tuple[Architecture, float]],
        history: History,
        taken: set[Architecture],
        rng: np.random.Generator,
    ) -> Architecture | None:
        def new(architecture: Architecture) -> bool:
            allowed = self._allowed is None or architecture in self._allowed
            return allowed and architecture not in history and architecture not in taken

        child = parents[0][0]
        for step in range(2 * _TRIES):
            origin = self._winner(parents, rng) if step < _TRIES else child
            try:
                child = self.space.mutate(origin, rng)
            except SpaceError:
                return None  # a space of one architecture
            if new(child):
                return child
        return None

    def _winner(
        self, parents: Sequence[tuple[Architecture, float]], rng: np.random.Generator
    ) -> Architecture:
        drawn: list[int] = rng.integers(len(parents), size=self.tournament).tolist()
        winner = max(drawn, key=lambda i: parents[i][1])
        return parents[winner][0]
