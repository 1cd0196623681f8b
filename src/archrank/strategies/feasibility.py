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
from archrank.strategies.logistic import LogisticRegression

__all__ = ["LEAST", "Feasibility"]

Floats = npt.NDArray[np.float64]

LEAST = 0.01
"""The least probability."""

_LIKELY, _KEPT_OUT, _DARING = 0.35, 1e-100, 0.05
"""What is less likely to succeed than this counts so little that it is proposed only where nothing else is left, or in
this share of rounds, where it counts by its probability alone."""

_MOST_TRAIN = 1_000
"""A model learns from no more evaluations than this, so that its time does not grow with the history."""


class Feasibility:
    """The probability that an architecture is feasible: that its evaluation does not fail, and meets each constraint.

    For each constraint, a Gaussian process on the features of graphs learns a margin: how far the constraint is met.
    The probability is that of a margin, with its noise, on the right side. For failures, the margin is 1 where an
    evaluation succeeded and -1 where it failed because of the architecture, and the probability is averaged with that
    of a logistic regression on the same features, which counts twice: failures are often a matter of size, which is
    linear in them.
    What never failed, and a constraint that was never broken, takes no part.

    Args:
        space: The space.
        success: The model of success; None where nothing failed.
        margins: The models of the constraints.
        daring: Whether what is likely to fail counts by its probability alone.

    Reference: Gardner et al., Bayesian Optimization with Inequality Constraints (ICML 2014), for the product of
    probabilities; Gelbart et al., Bayesian Optimization with Unknown Constraints (UAI 2014), and Lee et al. (2011), for
    failures as a constraint that is only seen broken or met; Rasmussen and Williams, Gaussian Processes for Machine
    Learning (2006), section 6.5, for classification by regression on labels.
    """

    def __init__(
        self,
        space: SearchSpace,
        success: "_Success | None",
        margins: Sequence["_Margin"],
        daring: bool = False,
    ) -> None:
        self._space, self._success, self._margins, self._daring = space, success, margins, daring

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
        succeeded = np.array([not entry.failed for entry in tried])
        success = None
        if succeeded.any() and not succeeded.all():
            success = _Success(space, [entry.architecture for entry in tried], succeeded)
        bounded, found = [entry for entry in ended if entry.excesses], []
        for k in range(max((len(entry.excesses) for entry in bounded), default=0)):
            known = [entry for entry in bounded if not np.isnan(entry.excesses[k])]
            values = np.array([-entry.excesses[k] for entry in known])
            if len(values) and values.min() < 0 and values.min() < values.max():
                found.append(_Margin(space, [entry.architecture for entry in known], values))
        return cls(space, success, found) if success or found else None

    def __call__(self, architectures: Sequence[Architecture] | Candidates) -> Floats:
        """How much each of B architectures counts in the acquisition: (B,).

        That is its probability, or next to nothing if its evaluation is likely to fail.
        """
        success, met = self._parts(architectures)
        kept_out = (success < _LIKELY) & (not self._daring)
        weight: Floats = np.maximum(success * met, LEAST) * np.where(kept_out, _KEPT_OUT, 1.0)
        return weight

    def sometimes_daring(self, rng: np.random.Generator) -> "Feasibility":
        """Itself, or in one of twenty cases a daring one, so that no region is closed for good."""
        if self._success is None or self._daring or rng.random() >= _DARING:
            return self
        return Feasibility(self._space, self._success, self._margins, daring=True)

    def probability(self, architectures: Sequence[Architecture] | Candidates) -> Floats:
        """The probability that each of B architectures is feasible, never below the least one: (B,)."""
        success, met = self._parts(architectures)
        return np.maximum(success * met, LEAST)

    def _parts(self, architectures: Sequence[Architecture] | Candidates) -> tuple[Floats, Floats]:
        """The probabilities to succeed, and to meet all constraints: (B,), (B,)."""
        candidates = Candidates.of(self._space, architectures)
        ones = np.ones(len(candidates))
        success = ones if self._success is None else self._success(candidates)
        return success, np.prod([ones, *(margin(candidates) for margin in self._margins)], axis=0)


class _Success:
    """How likely an evaluation succeeds.

    Args:
        space: The space.
        architectures: What was evaluated: (n,).
        succeeded: Whether its evaluation did, not all equal: (n,).
    """

    def __init__(
        self, space: SearchSpace, architectures: Sequence[Architecture], succeeded: npt.NDArray[np.bool_]
    ) -> None:
        self._margin = _Margin(space, architectures, np.where(succeeded, 1.0, -1.0))
        latest = slice(-_MOST_TRAIN, None)
        known = Candidates(space, architectures[latest])
        self._linear = LogisticRegression(known.features, succeeded[latest])

    def __call__(self, candidates: Candidates) -> Floats:
        if not len(candidates):
            return np.empty(0)
        return (self._margin(candidates) + 2 * self._linear(candidates.features)) / 3


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
