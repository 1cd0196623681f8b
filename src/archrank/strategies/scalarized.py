"""Several objectives and constraints for a strategy that knows only one score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.strategies.base import Evaluated, History, Proposal, Strategy
from archrank.strategies.domain import Violation
from archrank.strategies.prior import Prior

if TYPE_CHECKING:
    from archrank.predictors.base import Predictor

__all__ = ["Scalarized", "feasible_first", "weighed"]

Floats = npt.NDArray[np.float64]

_RHO = 0.05
"""Weight of the sum beside the maximum, as in ParEGO: of two that are equal in the worst, the better one is better."""


class Scalarized(Strategy):
    """Combines several scores into one for another strategy.

    Every call draws weights for the objectives, uniformly from all that add up to 1, and scores what was measured by
    them (:func:`weighed`); so from round to round another part of the Pareto front is looked for. What breaks the
    constraints scores below all that meets them (:func:`feasible_first`), unless the other strategy uses constraints
    itself (``handles_constraints``). The other strategy sees these scores as if they had been measured, so any will do,
    and a predictor learns them.

    Args:
        strategy: Chooses by the one score.

    Reference: Knowles, ParEGO (IEEE Transactions on Evolutionary Computation 10(1), 2006), equation 2, with the
    weights drawn from the whole simplex instead of a grid. Deb, An efficient constraint handling method for genetic
    algorithms (2000).
    """

    multi_objective = True

    def __init__(self, strategy: Strategy) -> None:
        self.strategy = strategy
        self.space = strategy.space
        self.batch = strategy.batch
        self.unique_by = strategy.unique_by

    def __repr__(self) -> str:
        """The strategy inside."""
        return f"{type(self).__name__}({self.strategy!r})"

    def within(self, violation: Violation) -> "Scalarized":
        """The same, with bounds that are known before an evaluation."""
        return Scalarized(self.strategy.within(violation))

    def preferring(self, prior: Prior) -> "Scalarized":
        """The same, where the other strategy is led by a belief."""
        return Scalarized(self.strategy.preferring(prior))

    def listening(self, hints: "Sequence[Predictor]") -> "Scalarized":
        """The same, where the other strategy has hints."""
        return Scalarized(self.strategy.listening(hints))

    def propose(self, history: History, n: int, rng: np.random.Generator) -> list[Proposal]:
        """What the other strategy proposes after a history with one score each."""
        single = _with_one_score(history, self.strategy.handles_constraints, rng)
        return self.strategy.propose(single, n, rng)

    def predicted(
        self, history: History, architectures: Sequence[Architecture], rng: np.random.Generator
    ) -> Floats | None:
        """What the other strategy expects."""
        single = _with_one_score(history, self.strategy.handles_constraints, rng)
        return self.strategy.predicted(single, architectures, rng)


def _with_one_score(history: History, handles_constraints: bool, rng: np.random.Generator) -> History:
    measured = [entry for entry in history if entry.score is not None]
    if not measured:
        return history
    scores = np.array([(entry.score, *entry.others) for entry in measured], dtype=np.float64)
    violations = np.array([entry.violation for entry in measured])
    if scores.shape[1] > 1:
        scores = weighed(scores, rng.dirichlet(np.ones(scores.shape[1])), violations == 0)
    else:
        scores = scores[:, 0]
    single = iter((scores if handles_constraints else feasible_first(scores, violations)).tolist())
    return History(
        entry
        if entry.score is None
        else Evaluated(
            entry.architecture, next(single), excesses=entry.excesses if handles_constraints else ()
        )
        for entry in history
    )


def weighed(scores: Floats, weights: Floats, feasible: npt.NDArray[np.bool_]) -> Floats:
    """One score of several, by augmented Chebyshev scalarization.

    Each objective is first stretched so that the feasible ones lie between 0, the best, and 1, the worst. The score is
    ``-(max_k w_k f_k + 0.05 Σ_k w_k f_k)``: in contrast to a weighted sum it can reach every part of a Pareto
    front, also a concave one.

    Args:
        scores: The K scores of each of n, higher is better: (n, K).
        weights: The weights of the objectives: (K,).
        feasible: Which of the n the objectives are stretched by; by all where none is: (n,).

    Returns:
        The scores, higher is better: (n,).

    >>> weighed(np.array([[1.0, 0.0], [0.8, 0.8], [0.0, 1.0]]), np.array([0.5, 0.5]), np.ones(3, bool)).round(3)
    array([-0.525, -0.11 , -0.525])
    """
    known = scores[feasible] if feasible.any() else scores
    best, worst = known.max(axis=0), known.min(axis=0)
    lost = weights * (best - scores) / np.where(best > worst, best - worst, 1.0)
    return np.asarray(-(lost.max(axis=1) + _RHO * lost.sum(axis=1)))


def feasible_first(scores: Floats, violations: Floats) -> Floats:
    """Rank what violates the constraints below what meets them, larger violations lower.

    Scores of what meets them stay as they are; the others lie below, within as wide a range.

    Args:
        scores: The n scores, higher is better: (n,).
        violations: How far each breaks the constraints, 0 where it meets them: (n,).

    >>> feasible_first(np.array([3.0, 1.0, 9.0, 8.0]), np.array([0.0, 0.0, 2.0, 1.0]))
    array([ 3. ,  1. , -1.2, -0.2])
    """
    broken = violations > 0
    if not broken.any():
        return scores
    met = scores[~broken]
    low, high = (float(met.min()), float(met.max())) if len(met) else (0.0, 0.0)
    width = high - low or 1.0
    below = low - width * (0.1 + violations / violations.max())
    return np.where(broken, below, scores)
