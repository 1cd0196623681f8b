"""Unlike predictors, averaged: they err differently, so the average errs less, and it is unsure where they differ."""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy.optimize import nnls

from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike
from archrank.predictors.base import Floats, Predictor, State
from archrank.predictors.candidates import Candidates, references
from archrank.predictors.checks import check_flags, check_numbers
from archrank.predictors.targets import normal_scores
from archrank.space import Rows, SearchSpace

__all__ = ["Ensemble"]

_DOUBT = 100
"""With so many labels, stacked weights are halfway between equal ones and what cross-validation found."""


class Ensemble(Predictor):
    """Averages unlike predictors, after bringing their scores to one scale.

    A member's scores are counted in standard deviations from its mean score over a fixed random sample of the space.

    Args:
        space: The space whose architectures are ranked.
        predictors: The M members; :meth:`fit` fits copies of them, with seeds of their own.
        folds: Into how many parts the training set is cut for cross-validation, which says how far predictions are
            off and so sets the scale of the standard deviation; 0 does without, and it is over the members only.
        stack: Whether the members' weights come from cross-validation too; equal weights else.
        bootstrap: Whether each member learns from a resample of the training set, as many labels drawn with
            replacement, so that members disagree about what hangs on few labels.
        seed: Where the members' seeds, the parts and the resamples come from.

    Attributes:
        members_: The fitted members.
        weights_: Their weights, which sum to one: (M,).
        calibration_: What the disagreement is multiplied with to be a standard deviation.

    Reference: Wolpert, Stacked Generalization (1992); Breiman, Stacked Regressions (1996), for weights that are not
    negative; Efron, Bootstrap Methods (1979), and Breiman, Bagging Predictors (1996).

    >>> from archrank.predictors import GaussianProcess
    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> known = space.sample(20, np.random.default_rng(0))
    >>> both = Ensemble(space, (GaussianProcess(space), GaussianProcess(space, most=10)))
    >>> both.fit(known, [sum(a.choices) for a in known]).predict_members(known).shape
    (2, 20)
    """

    def __init__(
        self,
        space: SearchSpace,
        predictors: Sequence[Predictor],
        *,
        folds: int = 0,
        stack: bool = False,
        bootstrap: bool = False,
        seed: int = 0,
    ) -> None:
        self.space = space
        self.predictors = predictors
        self.folds = folds
        self.stack = stack
        self.bootstrap = bootstrap
        self.seed = seed

    def collate(self, X: ArchitecturesLike | Candidates) -> Candidates:
        """Prepare architectures once, for many calls of :meth:`predict` and for all members."""
        return Candidates.of(self.space, X)

    def _fit(self, rows: Rows, targets: Floats) -> None:
        """Fit all members, and ``folds`` times more for cross-validation."""
        rng = np.random.default_rng(self.seed)
        seeds = rng.integers(2**31, size=(self.folds + 1, len(self.predictors)))
        self.weights_: Floats = np.full(len(self.predictors), 1 / len(self.predictors))
        self.calibration_ = 1.0
        if self.folds:
            self._cross_validate(rows, targets, seeds[1:], rng)
        self._fit_members(rows, targets, seeds[0])

    def _predict_members(self, candidates: Candidates) -> Floats:
        """Scores by every member, times M and its weight so that their mean is the prediction: (M, B)."""
        means, _ = self._predict(candidates)
        return means * self.weights_[:, None] * len(means)

    def _predict_distribution(self, candidates: Candidates) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the score: (B,), (B,).

        The variance is that of the mixture of the members' distributions: what they are unsure of by themselves, and
        what they disagree about.
        """
        means, spreads = self._predict(candidates)
        mean: Floats = self.weights_ @ means
        variance = self.weights_ @ (spreads**2 + (means - mean) ** 2)
        return mean, self.calibration_ * np.sqrt(variance)

    def _state(self) -> State:
        return State(
            self._plain_settings("predictors"),
            arrays={"weights": self.weights_, "calibration": np.array([self.calibration_])},
            parts={f"member-{index}": member for index, member in enumerate(self.members_)},
        )

    @classmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        members = list(state.parts.values())
        self = cls(space, tuple(members), **state.settings)
        self._check_settings()
        self.members_ = members
        self.weights_ = state.arrays["weights"]
        self.calibration_ = float(state.arrays["calibration"][0])
        self._measure_scales()
        return self

    def _check_settings(self) -> None:
        if not isinstance(self.predictors, Sequence):
            raise PredictorError(f"predictors is {self.predictors!r}; expected a list of predictors")
        if not self.predictors:
            raise PredictorError("an ensemble without predictors cannot be fitted; give it one or more")
        for predictor in self.predictors:
            if not isinstance(predictor, Predictor):
                raise PredictorError(
                    f"the member {predictor!r} is a {type(predictor).__name__}; expected a Predictor"
                )
            if predictor.space.name != self.space.name:
                raise PredictorError(
                    f"{predictor!r} is for the space {predictor.space.name!r}, the ensemble for {self.space.name!r}"
                )
        check_numbers(self, folds=0, seed=0)
        check_flags(self, "stack", "bootstrap")
        if self.folds == 1:
            raise PredictorError("folds is 1; it must be 0, for no cross-validation, or 2 or more")
        if self.stack and not self.folds:
            raise PredictorError("stacking needs cross-validation; give folds=5")

    def _fit_members(self, rows: Rows, targets: Floats, seeds: npt.NDArray[np.int64]) -> None:
        self.members_ = []
        for predictor, seed in zip(self.predictors, seeds.tolist(), strict=True):
            known = _resample(targets, seed) if self.bootstrap else np.arange(len(targets))
            self.members_.append(predictor.with_seed(seed).fit(rows[known], targets[known]))
        self._measure_scales()

    def _measure_scales(self) -> None:
        scores = np.array([member.predict(references(self.space)) for member in self.members_])
        self._centre: Floats = scores.mean(axis=1, keepdims=True)
        spread = scores.std(axis=1, keepdims=True)
        self._spread: Floats = np.where(spread > 0, spread, 1.0)

    def _predict(self, candidates: Candidates) -> tuple[Floats, Floats]:
        """Means and standard deviations of all members, on the common scale: (M, B), (M, B)."""
        if not len(candidates):
            nothing = np.empty((len(self.members_), 0))
            return nothing, nothing
        told = [_distribution(member, candidates) for member in self.members_]
        means, spreads = (np.array(values) for values in zip(*told, strict=True))
        return (means - self._centre) / self._spread, spreads / self._spread

    def _cross_validate(
        self,
        rows: Rows,
        targets: Floats,
        seeds: npt.NDArray[np.int64],
        rng: np.random.Generator,
    ) -> None:
        """Find weights and calibration from predictions of what was held out."""
        n = len(targets)
        part = rng.permutation(n) % min(self.folds, n)
        means, spreads = np.full((2, len(self.predictors), n), np.nan)
        for fold in range(part.max() + 1):
            known, held = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
            if np.ptp(targets[known]) == 0:
                continue  # nothing to rank
            self._fit_members(rows[known], targets[known], seeds[fold])
            means[:, held], spreads[:, held] = self._predict(Candidates(self.space, rows[held]))
        told = np.isfinite(means[0])
        if told.sum() < 2:
            return
        y = normal_scores(targets)[told]
        means, spreads = means[:, told], spreads[:, told]
        if self.stack:
            self.weights_ = _stacked(means, y)
        mean = self.weights_ @ means
        disagreement = np.sqrt(self.weights_ @ (spreads**2 + (means - mean) ** 2))
        self.calibration_ = _calibration(mean, disagreement, y)


def _resample(targets: Floats, seed: int) -> npt.NDArray[np.int64]:
    """As many places as there are targets, drawn with replacement, whose targets are not all equal: (n,)."""
    rng = np.random.default_rng(seed)
    while True:
        drawn = rng.integers(len(targets), size=len(targets))
        if np.ptp(targets[drawn]) > 0:
            return drawn


def _distribution(member: Predictor, candidates: Candidates) -> tuple[Floats, Floats]:
    """A member's own mean and standard deviation; one that cannot say how unsure it is counts as sure."""
    try:
        return member.predict_distribution(candidates)
    except PredictorError:
        scores = member.predict(candidates)
        return scores, np.zeros_like(scores)


def _stacked(means: Floats, targets: Floats) -> Floats:
    """Weights, not negative and summing to one, of the sum (M, n) that is nearest to the targets (n,)."""
    m, n = means.shape
    found, _ = nnls(means.T - means.mean(axis=1), targets - targets.mean())
    if not found.sum():
        return np.full(m, 1 / m)
    # Few labels say little about the weights.
    trust = n / (n + _DOUBT)
    weights: Floats = trust * found / found.sum() + (1 - trust) / m
    return weights


def _calibration(mean: Floats, disagreement: Floats, targets: Floats) -> float:
    """By what the disagreement has to be multiplied for errors to be one standard deviation in the mean square."""
    slope, offset = np.polyfit(mean, targets, 1) if np.ptp(mean) else (0.0, 0.0)
    if slope <= 0:
        return 1.0  # as good as nothing was learnt, so nothing can be said of the errors' size
    errors = (targets - offset) / slope - mean
    seen = disagreement > 0
    return float(np.sqrt(np.mean((errors[seen] / disagreement[seen]) ** 2))) if seen.any() else 1.0
