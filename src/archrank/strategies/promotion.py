"""Which trainings begin and which go on, by a predictor."""

import math
from collections.abc import Mapping
from copy import deepcopy

import numpy as np

from archrank.architecture import Architecture
from archrank.strategies.agreement import first_rung
from archrank.strategies.base import History, Proposal
from archrank.strategies.common_scale import common_scale
from archrank.strategies.halving import MultiFidelity
from archrank.strategies.rungs import Rungs, best_of

__all__ = ["ModelPromotion"]

_PLAIN = 0.25
"""The share of trainings that go on by their own values, so that a bad model cannot starve what is good."""

_BEGIN = 10
"""Architectures that begin before one goes on."""


class ModelPromotion(MultiFidelity):
    """A predictor decides which architectures begin, and which paused trainings go on.

    The strategy inside learns from all rungs. Each rung gets about as many epochs as the others. Of the paused
    trainings of a rung those go on that the predictor ranks best, which knows their values and those of similar
    architectures. Without a predictor they go on by their values. Trainings begin on the rung that tells most for its
    epochs (:func:`~archrank.strategies.agreement.first_rung`); what is paused below goes on there where it is predicted
    to be better than what would begin. If shorter trainings do not agree with whole ones, it is the last rung: then the
    search is the one that the strategy inside makes alone.
    """

    def _choose(self, rungs: Rungs, n: int, rng: np.random.Generator) -> list[Proposal]:
        levels = self.fidelities.levels
        few = len(rungs.entries) < _BEGIN
        begin, least = (levels[0], levels[0]) if few else first_rung(rungs)
        ladder = levels[levels.index(begin) :]
        paused = {level: rungs.paused(level) for level in ladder[:-1]}
        below = [a for level in levels if least <= level < begin for a in rungs.paused(level)]
        counts = self._counts(rungs, ladder, paused, n)
        history = rungs.as_one(common_scale(rungs, least))
        asked = {a for level in paused if counts[level] for a in paused[level]}
        value = self._predicted(history, asked.union(below), rng)
        chosen: list[Proposal] = []
        for level in reversed(ladder[:-1]):
            for _ in range(counts[level]):
                scores: Mapping[Architecture, float] = paused[level]
                if value is not None and rng.random() >= _PLAIN:
                    scores = {a: value[a] for a in paused[level]}
                (best,) = best_of(scores, 1, {proposal.architecture for proposal in chosen})
                chosen.append(self.promoted(best, level))
        left = n - len(chosen)
        begun = self.strategy.propose(history, left, rng) if left else []
        found = [Proposal(p.architecture, p.reason, p.score, begin) for p in begun]
        if value is not None:
            found += [Proposal(a, "promoted", value[a], begin) for a in below]
        return chosen + sorted(found, key=_without_score_first)[:left]

    def _counts(
        self, rungs: Rungs, ladder: tuple[int, ...], paused: dict[int, dict[Architecture, float]], n: int
    ) -> dict[int, int]:
        """How many of ``n`` trainings go on from each rung: the next is on the one that cost the fewest epochs."""
        spent, counts, begun = dict(rungs.spent), dict.fromkeys(ladder[:-1], 0), 0
        before = dict(zip(ladder[1:], ladder[:-1], strict=True))
        for _ in range(n):
            few = len(rungs.entries) + begun < _BEGIN
            open_ = [
                level
                for level in ladder[1:]
                if not few and counts[before[level]] < len(paused[before[level]])
            ]
            chosen = min((ladder[0], *open_), key=lambda level: spent[level])
            if chosen == ladder[0]:
                begun += 1
            else:
                counts[before[chosen]] += 1
            spent[chosen] += self.fidelities.cost(chosen, [before[chosen]] if chosen in before else [])
        return counts

    def _predicted(
        self, history: History, architectures: set[Architecture], rng: np.random.Generator
    ) -> dict[Architecture, float] | None:
        """The scores that the strategy inside expects; None where it expects none."""
        ordered = [entry.architecture for entry in history if entry.architecture in architectures]
        if not ordered:
            return None
        found = self.strategy.predicted(history, ordered, deepcopy(rng))  # the model that proposes next
        return None if found is None else dict(zip(ordered, found.tolist(), strict=True))


def _without_score_first(proposal: Proposal) -> float:
    """The order in which trainings begin: what is explored, then the best predicted."""
    return -math.inf if proposal.score is None else -proposal.score
