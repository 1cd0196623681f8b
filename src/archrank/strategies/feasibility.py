"""How likely an architecture can be evaluated and meets the constraints, learned from those that were evaluated."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from archrank.architecture import Architecture
from archrank.predictors.candidates import Candidates
from archrank.predictors.gaussian import GaussianProcess
from archrank.predictors.targets import normal_scores
from archrank.space import SearchSpace
from archrank.strategies.base import Evaluated

__all__ = ["LEAST", "Feasibility"]

Floats = npt.NDArray[np.float64]

LEAST = 0.01
"""The least probability, so that no region is closed for good."""


_MOST_TRAIN = 1_000
"""A model learns from no more evaluations than this, so that its time does not grow with the history."""


class Feasibility:
    """The probability that an architecture is feasible: that its evaluation does not fail, and meets each constraint.

    For failures and for each constraint, a Gaussian process on the features of graphs learns a margin: how far the
    constraint is met, or 1 where an evaluation succeeded and -1 where it failed because of the architecture. The
    probability is that of a margin, with its noise, on the right side. What never failed, and a constraint that was
    never broken, takes no part.

    Args:
        space: The space.
        margins: The fitted models.

    Reference: Gardner et al., Bayesian Optimization with Inequality Constraints (ICML 2014), for the product of
    probabilities; Gelbart et al., Bayesian Optimization with Unknown Constraints (UAI 2014), and Lee et al. (2011), for
    failures as a constraint that is only seen broken or met; Rasmussen and Williams, Gaussian Processes for Machine
    Learning (2006), section 6.5, for classification by regression on labels.
    """

    def __init__(self, space: SearchSpace, margins: Sequence["_Margin"]) -> None:
        self._space, self._margins = space, margins

    @classmethod
    def learned(cls, space: SearchSpace, history: Sequence[Evaluated]) -> Self | None:
        """Learn from a history.

        Args:
            space: The space.
            history: What was evaluated; pending entries and unrelated failures are left out.

        Returns:
            The model; None where nothing failed and nothing broke a constraint, or nothing else was seen.
        """
        ended = [entry for entry in history if not (entry.pending or (entry.failed and entry.unrelated))]
        # What was given up for breaking a constraint says nothing about failures.
        tried = [entry for entry in ended if not (entry.failed and entry.violation)]
        found = [(tried, [-1.0 if entry.failed else 1.0 for entry in tried])]
        bounded = [entry for entry in ended if entry.excesses]
        constraints = max((len(entry.excesses) for entry in bounded), default=0)
        for k in range(constraints):
            known = [entry for entry in bounded if not np.isnan(entry.excesses[k])]
            found.append((known, [-entry.excesses[k] for entry in known]))
        margins = [
            _Margin(space, [entry.architecture for entry in entries], np.array(values))
            for entries, values in found
            if values and min(values) < 0 and min(values) < max(values)
        ]
        return cls(space, margins) if margins else None

    def __call__(self, architectures: Sequence[Architecture] | Candidates) -> Floats:
        """The probability that each of B architectures is feasible, never below the least one: (B,)."""
        candidates = Candidates.of(self._space, architectures)
        probabilities = [margin(candidates) for margin in self._margins]
        product: Floats = np.maximum(np.prod(probabilities, axis=0), LEAST)
        return product


class _Margin:
    """How likely a margin is 0 or more.

    Args:
        space: The space.
        architectures: Those whose margins are known: (n,).
        margins: The margins, not all equal, one of them negative: (n,).
    """

    def __init__(self, space: SearchSpace, architectures: Sequence[Architecture], margins: Floats) -> None:
        self._model = GaussianProcess(space, max_train=_MOST_TRAIN).fit(architectures, margins)
        self._bound = _bound(margins)
        self._noise = self._model.variance_ * self._model.noise_ / (1 - self._model.noise_)

    def __call__(self, candidates: Candidates) -> Floats:
        mean, std = self._model.predict_distribution(candidates)
        probability: Floats = ndtr((mean - self._bound) / np.sqrt(std**2 + self._noise))
        return probability


def _bound(margins: Floats) -> float:
    """Where a margin of 0 lies among the normal scores that the model is fitted to.

    >>> round(_bound(np.array([-1.0, 3.0])), 3), round(_bound(np.array([-2.0, -1.0, -3.0])), 3)
    (-0.337, 1.15)
    """
    scores = normal_scores(margins)
    met = margins >= 0
    if not met.any():
        return float(ndtri(1 - 0.5 / (len(margins) + 1)))
    low, high = margins[~met].max(), margins[met].min()
    below, above = scores[~met].max(), scores[met].min()
    return float(below + (above - below) * -low / (high - low))
