"""An average of different predictors: errors partly cancel, and disagreement is a measure of uncertainty."""

from collections.abc import Sequence
from numbers import Real
from typing import Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor, State, distribution
from archrank.predictors.candidates import Candidates, references
from archrank.predictors.checks import check_flags, check_numbers
from archrank.predictors.feature_map import feature_map
from archrank.predictors.member_weights import shifted, tells_held_out
from archrank.predictors.targets import normal_scores
from archrank.space import Rows, SearchSpace

__all__ = ["Ensemble"]

_FOLDS = 5
"""Folds of the held-out predictions by which members are weighed."""

_FEWEST = 10
"""With fewer labels nothing is held out: they are too few to tell members apart, or to grow trees without a fold."""


class Ensemble(Predictor):
    """Averages different predictors, after bringing their scores to one scale.

    A member's scores are standardized by its mean and standard deviation over a fixed random sample of the space.

    Args:
        space: The space whose architectures are ranked.
        predictors: The M members; :meth:`fit` fits copies of them, each with its own seed.
        folds: Number of folds of cross-validation, whose errors calibrate the standard deviation; 0 for no
            cross-validation and no calibration.
        stack: Whether the members' weights come from cross-validation; otherwise they are those of ``prior``.
        prior: The members' weights before cross-validation: (M,); equal for None.
        halfway: With this number of labels, stacked weights are halfway between ``prior`` and those of
            cross-validation, which few labels determine poorly.
        discount: Whether the weight of members that read graphs alone, such as networks, is multiplied by the square of
            the share of the ranking that rests on graphs, not on choices or on attributes of operations. The other
            members tell that share.
        weigh: Whether the weights move toward those that predict held-out labels best, as far as this is significant
            (:func:`~archrank.predictors.member_weights.shifted`). Members for which held-out predictions would take
            long, such as networks, keep their weights.
        bootstrap: Whether each member is fitted on a bootstrap resample of the training set, so that members disagree
            where few labels decide.
        seed: Fixes the members' seeds, the folds and the resamples.

    Attributes:
        members_: The fitted members.
        weights_: Their weights, which sum to one: (M,).
        calibration_: The factor between the members' standard deviation and the calibrated one.

    Reference: Wolpert, Stacked Generalization (1992); Breiman, Stacked Regressions (1996), for nonnegative
    weights; Efron, Bootstrap Methods (1979), and Breiman, Bagging Predictors (1996).

    >>> from archrank.predictors import GaussianProcess
    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> known = space.sample(20, np.random.default_rng(0))
    >>> both = Ensemble(space, (GaussianProcess(space), GaussianProcess(space, max_train=10)))
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
        prior: Sequence[float] | None = None,
        halfway: int = 100,
        discount: bool = False,
        weigh: bool = False,
        bootstrap: bool = False,
        seed: int = 0,
    ) -> None:
        self.space = space
        self.predictors = predictors
        self.folds = folds
        self.stack = stack
        self.prior = prior
        self.halfway = halfway
        self.discount = discount
        self.weigh = weigh
        self.bootstrap = bootstrap
        self.seed = seed

    def collate(self, X: ArchitecturesLike | Candidates) -> Candidates:
        """Prepare architectures once, for many calls of :meth:`predict` and for all members."""
        return Candidates.of(self.space, X)

    def _fit(self, rows: Rows, targets: Floats) -> None:
        """Fit all members, and ``folds`` times more for cross-validation."""
        rng = np.random.default_rng(self.seed)
        seeds = rng.integers(2**31, size=(self.folds + 1, len(self.predictors)))
        self.weights_: Floats = self._prior()
        self.calibration_ = 1.0
        tested = self._cross_validated(rows, targets, seeds[1:], rng) if self.folds else None
        if tested is not None and self.stack:
            means, _, y = tested
            self.weights_ = _stacked(means, y, self.weights_, self.halfway)
        self._fit_members(rows, targets, seeds[0])
        if self.weigh and not self.bootstrap:
            self.weights_ = self._weighed(rows, targets)
        if self.discount:
            self.weights_ = self._discounted()
        if tested is not None:
            means, stds, y = tested
            mean = self.weights_ @ means
            disagreement = np.sqrt(self.weights_ @ (stds**2 + (means - mean) ** 2))
            self.calibration_ = _calibration(mean, disagreement, y)

    def _predict_members(self, candidates: Candidates) -> Floats:
        """Scores by every member, times M and its weight so that their mean is the prediction: (M, B)."""
        means, _ = self._predict(candidates)
        return means * self.weights_[:, None] * len(means)

    def _predict_distribution(self, candidates: Candidates) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the score: (B,), (B,).

        The variance is that of the mixture of the members' distributions: their own variances, and their disagreement.
        """
        means, stds = self._predict(candidates)
        mean: Floats = self.weights_ @ means
        variance = self.weights_ @ (stds**2 + (means - mean) ** 2)
        return mean, self.calibration_ * np.sqrt(variance)

    def _group_effects(self, rng: np.random.Generator) -> dict[str, float]:
        """The mean over the members by their weights, of those that name groups."""
        found = [member._group_effects(rng) for member in self.members_]
        total = sum(weight for weight, effects in zip(self.weights_, found, strict=True) if effects)
        if not total:
            return {}
        names = dict.fromkeys(name for effects in found for name in effects)
        return {
            name: float(self.weights_ @ [effects.get(name, 0.0) for effects in found]) / float(total)
            for name in names
        }

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
        self.weights_ = saved.of_shape(state.arrays["weights"], (len(members),))
        self.calibration_ = float(saved.of_shape(state.arrays["calibration"], (1,))[0])
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
        check_numbers(self, folds=0, halfway=0, seed=0)
        prior = self.prior
        if prior is not None and not (
            isinstance(prior, Sequence)
            and len(prior) == len(self.predictors)
            and all(isinstance(weight, Real) and 0 <= weight < np.inf for weight in prior)
            and any(prior)
        ):
            raise PredictorError(
                f"prior is {prior!r}; expected a weight from 0 on for each of the {len(self.predictors)} predictors, "
                "not all 0"
            )
        check_flags(self, "stack", "discount", "weigh", "bootstrap")
        if self.folds == 1:
            raise PredictorError("folds is 1; it must be 0, for no cross-validation, or 2 or more")
        if self.stack and not self.folds:
            raise PredictorError("stacking needs cross-validation; give folds=5")

    def _prior(self) -> Floats:
        prior = np.ones(len(self.predictors)) if self.prior is None else np.asarray(self.prior, dtype=float)
        weights: Floats = prior / prior.sum()
        return weights

    def _weighed(self, rows: Rows, targets: Floats) -> Floats:
        """The weights by held-out labels: (M,)."""
        which = self._distinct(rows)
        able = [at for at, member in enumerate(self.members_) if tells_held_out(member, len(rows))]
        if which.max() + 1 < _FEWEST or len(able) < 2:
            return self.weights_
        folds = _folds(which, _FOLDS, np.random.default_rng(self.seed))
        found = {at: self.members_[at]._held_out(rows, targets, folds) for at in able}
        found = {at: each / each.std() for at, each in found.items() if np.ptp(each) > 0}
        tested = list(found)
        total = float(self.weights_[tested].sum())
        if len(tested) < 2 or not total:
            return self.weights_
        # An architecture that was measured again is one piece of evidence.
        times = np.bincount(which)
        held_out, y = (
            np.array([np.bincount(which, each) / times for each in every])
            for every in (found.values(), [normal_scores(targets)])
        )
        weights = self.weights_.copy()
        weights[tested] = total * shifted(weights[tested] / total, held_out, y[0])
        return weights

    def _distinct(self, rows: Rows) -> npt.NDArray[np.intp]:
        """The number of the architecture of each row, from 0: (n,)."""
        numbers: dict[Architecture, int] = {}
        return np.array([numbers.setdefault(a, len(numbers)) for a in self.space.architectures(rows)])

    def _discounted(self) -> Floats:
        """The weights after the discount; without members that see more than graphs, they stay: (M,)."""
        hidden = {group.name for group in feature_map(self.space).further}
        rng = np.random.default_rng(self.seed)
        effects = [member._group_effects(rng) if hidden else {} for member in self.members_]
        shares = [
            sum(of_member.get(name, 0.0) for name in hidden)
            for of_member in effects
            if hidden & of_member.keys()
        ]
        if not shares:
            return self.weights_
        left = 1 - float(np.mean(np.minimum(shares, 1.0)))
        blind = [bool(of_member) and not hidden & of_member.keys() for of_member in effects]
        # Squared, because what a member cannot see is noise in its scores.
        weights = self.weights_ * np.where(blind, left**2, 1.0)
        return weights / weights.sum() if weights.any() else self.weights_

    def _fit_members(self, rows: Rows, targets: Floats, seeds: npt.NDArray[np.int64]) -> None:
        self.members_ = []
        for predictor, seed in zip(self.predictors, seeds.tolist(), strict=True):
            known = _resample(targets, seed) if self.bootstrap else np.arange(len(targets))
            self.members_.append(predictor.with_seed(seed).fit(rows[known], targets[known]))
        self._measure_scales()

    def _measure_scales(self) -> None:
        scores = np.array([member.predict(references(self.space)) for member in self.members_])
        self._mean: Floats = scores.mean(axis=1, keepdims=True)
        std = scores.std(axis=1, keepdims=True)
        self._std: Floats = np.where(std > 0, std, 1.0)

    def _predict(self, candidates: Candidates) -> tuple[Floats, Floats]:
        """Means and standard deviations of all members, on the common scale: (M, B), (M, B)."""
        if not len(candidates):
            nothing = np.empty((len(self.members_), 0))
            return nothing, nothing
        predicted = [distribution(member, candidates) for member in self.members_]
        means, stds = (np.array(values) for values in zip(*predicted, strict=True))
        return (means - self._mean) / self._std, stds / self._std

    def _cross_validated(
        self,
        rows: Rows,
        targets: Floats,
        seeds: npt.NDArray[np.int64],
        rng: np.random.Generator,
    ) -> tuple[Floats, Floats, Floats] | None:
        """What members predict for held-out architectures, with their labels; None if nothing can be held out.

        Returns:
            Means and standard deviations on the common scale, and normal scores of the targets: (M, n), (M, n), (n,).
        """
        n = len(targets)
        folds = _folds(self._distinct(rows), self.folds, rng)
        means, stds = np.full((2, len(self.predictors), n), np.nan)
        for fold in range(folds.max() + 1):
            known, held = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
            if not len(known) or np.ptp(targets[known]) == 0:
                continue  # nothing to rank
            self._fit_members(rows[known], targets[known], seeds[fold])
            means[:, held], stds[:, held] = self._predict(Candidates(self.space, rows[held]))
        predicted = np.isfinite(means[0])
        if predicted.sum() < 2:
            return None
        return means[:, predicted], stds[:, predicted], normal_scores(targets)[predicted]


def _folds(which: npt.NDArray[np.intp], count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """The fold of each row, the same for the same architecture, by the number of its architecture: (n,), (n,)."""
    architectures = int(which.max()) + 1
    folds = rng.permutation(architectures) % min(count, architectures)
    return folds[which]


def _resample(targets: Floats, seed: int) -> npt.NDArray[np.int64]:
    """Indices of a bootstrap resample whose targets are not all equal: (n,)."""
    rng = np.random.default_rng(seed)
    while True:
        drawn = rng.integers(len(targets), size=len(targets))
        if np.ptp(targets[drawn]) > 0:
            return drawn


def _stacked(means: Floats, targets: Floats, prior: Floats, halfway: int) -> Floats:
    """Nonnegative weights that sum to one, by least squares of the means (M, n) on the targets (n,)."""
    from scipy.optimize import nnls  # here, because a search without stacked weights would wait for it

    n = means.shape[1]
    solved, _ = nnls(means.T - means.mean(axis=1), targets - targets.mean())
    if not solved.sum():
        return prior
    trust = n / (n + halfway)
    weights: Floats = trust * solved / solved.sum() + (1 - trust) * prior
    return weights


def _calibration(mean: Floats, disagreement: Floats, targets: Floats) -> float:
    """The factor of the disagreement that makes the mean squared standardized error 1."""
    slope, offset = np.polyfit(mean, targets, 1) if np.ptp(mean) else (0.0, 0.0)
    if slope <= 0:
        return 1.0  # nothing was learned, so the size of the errors is unknown
    errors = (targets - offset) / slope - mean
    known = disagreement > 0
    return float(np.sqrt(np.mean((errors[known] / disagreement[known]) ** 2))) if known.any() else 1.0
