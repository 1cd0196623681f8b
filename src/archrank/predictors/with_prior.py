"""A predictor that begins with a ranking known beforehand, which counts less the more labels there are."""

from typing import Self

import numpy as np

from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor, State, distribution
from archrank.predictors.candidates import Candidates, references
from archrank.predictors.group_effects import unused
from archrank.predictors.targets import normal_scores
from archrank.space import Rows, SearchSpace

__all__ = ["FORGOTTEN", "WithPrior"]

FORGOTTEN = 200
"""From this number of labels on the prior has no weight."""

_HALFWAY = 10
"""The number of labels with which a prior that they confirm weighs as much as the predictor."""

_CORRELATION = 0.6
"""The correlation with the labels that is expected of a prior."""

_DOUBT = 10
"""The number of labels that this expectation is worth."""


class WithPrior(Predictor):
    """The weighted mean of a predictor and of a prior, such as zero-cost scores.

    Both have the standard deviation 1 over a random sample of the space. With n labels the weights of the prior and of
    the predictor are in the ratio c : (n / 10)². Here c is the correlation of the prior with the labels, by a ridge
    regression that few labels hold near the expected .6, as a share of .6 and from 0 to 1: a prior that contradicts the
    labels loses its weight. With 200 labels or more the prior is not used, and the scores are those of the predictor.

    These numbers were chosen on NAS-Bench-101 and NAS-Bench-Macro, where a predictor that has the scores among its
    inputs, as hints, ranks best with this prior. What they reach is in ``docs/results/zero-cost-prior.md``.

    Args:
        space: The space whose architectures are ranked.
        predictor: Learns from the labels; :meth:`fit` fits a copy.
        prior: A fitted predictor, such as :class:`~archrank.predictors.KnownScores`; higher is better.

    Attributes:
        model_: The fitted copy of the predictor.
        weight_: The weight of the prior, from 0 to 1.

    >>> from archrank.predictors import GaussianProcess, KnownScores
    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> scored = space.sample(30, np.random.default_rng(0))
    >>> prior = KnownScores(space).fit(scored, [a.choices.count(3) for a in scored])
    >>> few = WithPrior(space, GaussianProcess(space), prior).fit(scored[:5], range(5))
    >>> many = WithPrior(space, GaussianProcess(space), prior).fit(space.rows()[:200], range(200))
    >>> bool(few.weight_ > 0.5), many.weight_
    (True, 0.0)
    """

    def __init__(self, space: SearchSpace, predictor: Predictor, prior: Predictor) -> None:
        self.space = space
        self.predictor = predictor
        self.prior = prior

    def with_seed(self, seed: int) -> Self:
        """An unfitted copy whose randomness starts elsewhere."""
        return type(self)(self.space, self.predictor.with_seed(seed), self.prior)

    def collate(self, X: ArchitecturesLike | Candidates) -> Candidates:
        """Prepare architectures once, for many calls of :meth:`predict`."""
        return Candidates.of(self.space, X)

    def _check_settings(self) -> None:
        for name, given in (("predictor", self.predictor), ("prior", self.prior)):
            if not isinstance(given, Predictor):
                raise PredictorError(f"{name} is {given!r}, a {type(given).__name__}; expected a Predictor")
            if given.space.name != self.space.name:
                raise PredictorError(
                    f"the {name} is for the space {given.space.name!r}, and this is for {self.space.name!r}"
                )
        self.prior._check_fitted()

    def _fit(self, rows: Rows, targets: Floats) -> None:
        self.weight_ = 0.0
        if len(targets) < FORGOTTEN:
            expected = Candidates(self.space, rows).hint_predictions([self.prior])[:, 0]
            self.weight_ = _weight(expected, normal_scores(targets))
        self._learn(self.predictor.__sklearn_clone__().fit(rows, targets))

    def _predict_members(self, candidates: Candidates) -> Floats:
        """Prior and predictor, so that their mean is the score, or the predictor's members: (members, B)."""
        if not self.weight_:
            return self.model_.predict_members(candidates)
        means, _ = self._both(candidates)
        return 2 * self._weights[:, None] * means

    def _predict_distribution(self, candidates: Candidates) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the mixture of both: (B,), (B,)."""
        if not self.weight_:
            return distribution(self.model_, candidates)
        means, stds = self._both(candidates)
        mean: Floats = self._weights @ means
        return mean, np.sqrt(self._weights @ (stds**2 + (means - mean) ** 2))

    def _group_effects(self, rng: np.random.Generator) -> dict[str, float]:
        """Those of the predictor, and that of the prior, on the common score."""
        found = self.model_._group_effects(rng)
        if not self.weight_:
            return found
        known = references(self.space)
        variance = float(self._predict_distribution(known)[0].var()) or np.inf
        of_prior, of_model = (self._weights**2 / variance).tolist()
        name = "prior" if self.prior.title is None else f"prior of {self.prior.title}"
        name = unused(name, found)
        return {**{group: effect * of_model for group, effect in found.items()}, name: of_prior}

    def _state(self) -> State:
        parts = {"model-0": self.model_, "prior-0": self.prior}
        return State({}, arrays={"weight": np.array([self.weight_])}, parts=parts)

    @classmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        self = cls(space, state.parts["model-0"], state.parts["prior-0"])
        self.weight_ = float(saved.of_shape(state.arrays["weight"], (1,))[0])
        if not 0 <= self.weight_ <= 1:
            raise ValueError(f"the weight {self.weight_}")
        self._learn(state.parts["model-0"])
        return self

    def _learn(self, model: Predictor) -> None:
        self.model_ = model
        self._weights = np.array([self.weight_, 1 - self.weight_])
        scores = model.predict(references(self.space))
        self._mean, self._std = float(scores.mean()), float(scores.std()) or 1.0

    def _both(self, candidates: Candidates) -> tuple[Floats, Floats]:
        """Means and standard deviations of the prior and of the predictor, on one scale: (2, B), (2, B)."""
        expected = candidates.hint_predictions([self.prior])[:, 0]
        mean, std = distribution(self.model_, candidates)
        unexplained = np.full(len(expected), np.sqrt(1 - _CORRELATION**2))
        return np.array([expected, (mean - self._mean) / self._std]), np.array([unexplained, std / self._std])


def _weight(expected: Floats, targets: Floats) -> float:
    """The weight of a prior, by its values and the normal scores of n labels: (n,), (n,)."""
    slope = float(expected @ targets + _DOUBT * _CORRELATION) / float(expected @ expected + _DOUBT)
    confirmed = min(max(slope / _CORRELATION, 0.0), 1.0)
    return float(confirmed / (confirmed + (len(targets) / _HALFWAY) ** 2))
