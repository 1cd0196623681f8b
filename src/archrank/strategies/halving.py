"""Successive halving and Hyperband: which trainings go on, by their own values."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from archrank.architecture import Architecture
from archrank.strategies.around import Around
from archrank.strategies.base import History, Proposal, Strategy
from archrank.strategies.common_scale import common_scale
from archrank.strategies.fidelities import Fidelities
from archrank.strategies.rungs import Rungs, best_of

__all__ = ["ETA", "Hyperband", "MultiFidelity", "SuccessiveHalving"]

ETA = 3
"""One of so many trainings goes on to the next rung."""


class MultiFidelity(Around):
    """A strategy that proposes trainings of several lengths; another one chooses the architectures that begin.

    Args:
        strategy: Chooses the architectures that begin. It sees one entry for each architecture, on one scale
            (:func:`~archrank.strategies.common_scale.common_scale`).
        fidelities: The rungs.
    """

    def __init__(self, strategy: Strategy, fidelities: Fidelities) -> None:
        super().__init__(strategy)
        self.fidelities = fidelities

    def __repr__(self) -> str:
        """The strategy inside, and the rungs."""
        return f"{type(self).__name__}({self.strategy!r}, {', '.join(map(str, self.fidelities.levels))})"

    def around(self, strategy: Strategy) -> "MultiFidelity":
        """The same around another strategy."""
        return type(self)(strategy, self.fidelities)

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the strategy inside, and the rungs."""
        own = {"class": type(self).__name__, "continued": self.fidelities.continued}
        return {**self.strategy.settings, "fidelities": {**own, "levels": list(self.fidelities.levels)}}

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Trainings that go on or begin; where neither is left, the best paused ones go on."""
        rungs = Rungs(history, self.fidelities)
        chosen = self._choose(rungs, n, rng)
        for level in reversed(self.fidelities.levels[:-1]):
            chosen += self.going_on(rungs, level, n - len(chosen), chosen)
        return chosen

    @abstractmethod
    def _choose(self, rungs: Rungs, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Up to ``n`` trainings that go on or begin, by the rule."""

    def beginning(self, rungs: Rungs, n: int, rng: np.random.Generator) -> list[Proposal]:
        """Up to ``n`` new architectures, on the lowest rung."""
        if n < 1:
            return []
        proposals = self.strategy.propose(rungs.as_one(common_scale(rungs)), n, rng)
        return [Proposal(p.architecture, p.reason, p.score, self.fidelities.levels[0]) for p in proposals]

    def going_on(self, rungs: Rungs, level: int, n: int, chosen: Collection[Proposal] = ()) -> list[Proposal]:
        """Up to ``n`` trainings of a rung, the best first, on the next one."""
        taken = {proposal.architecture for proposal in chosen}
        return [self.promoted(a, level) for a in best_of(rungs.paused(level), n, taken)]

    def promoted(self, architecture: Architecture, level: int) -> Proposal:
        """The training of an architecture goes on from a rung to the next."""
        levels = self.fidelities.levels
        return Proposal(architecture, "promoted", fidelity=levels[levels.index(level) + 1])


class SuccessiveHalving(MultiFidelity):
    """Asynchronous successive halving: whenever one of the best third of a rung is paused, it goes on.

    Reference: Li et al., A System for Massively Parallel Hyperparameter Tuning (MLSys 2020), algorithm 2.
    """

    def _choose(self, rungs: Rungs, n: int, rng: np.random.Generator) -> list[Proposal]:
        chosen = halved(self, rungs, rungs.entries, n)
        return chosen + self.beginning(rungs, n - len(chosen), rng)


class Hyperband(MultiFidelity):
    """Asynchronous Hyperband: successive halving in brackets, each of which begins on another rung.

    The next architecture begins in the bracket that has cost the fewest epochs.

    Reference: Li et al., Hyperband (JMLR 18, 2018); Li et al. (MLSys 2020), section 3.2, for doing without waiting.
    """

    def _choose(self, rungs: Rungs, n: int, rng: np.random.Generator) -> list[Proposal]:
        levels, cost = self.fidelities.levels, self.fidelities.cost
        brackets: dict[int, set[Architecture]] = {level: set() for level in levels}
        spent = dict.fromkeys(levels, 0)
        for architecture, trainings in rungs.entries.items():
            bracket = min(trainings)
            brackets[bracket].add(architecture)
            spent[bracket] += sum(cost(level, trainings) for level in trainings)
        chosen: list[Proposal] = []
        for members in brackets.values():
            chosen += halved(self, rungs, members, n - len(chosen))
        begun = []
        for proposal in self.beginning(rungs, n - len(chosen), rng):
            bracket = min(levels, key=lambda level: spent[level])
            spent[bracket] += cost(bracket, ())
            begun.append(Proposal(proposal.architecture, proposal.reason, proposal.score, bracket))
        return chosen + begun


def halved(
    strategy: MultiFidelity, rungs: Rungs, members: Collection[Architecture], n: int
) -> list[Proposal]:
    """Up to ``n`` trainings that go on by successive halving, those of higher rungs first.

    Args:
        strategy: Knows the rungs.
        rungs: What is known.
        members: The architectures that are compared with each other.
        n: How many are wanted.
    """
    chosen: list[Proposal] = []
    for level in reversed(strategy.fidelities.levels[:-1]):
        ended = [entry for entry in rungs.ended(level) if entry.architecture in members]
        scores: Mapping[Architecture, float] = {
            e.architecture: e.score for e in ended if e.score is not None and not e.violation
        }
        paused = rungs.paused(level)
        best = [a for a in best_of(scores, len(ended) // ETA) if a in paused]
        chosen += [strategy.promoted(a, level) for a in best[: n - len(chosen)]]
    return chosen
