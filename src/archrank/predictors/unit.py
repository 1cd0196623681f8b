"""From a predictor's scores, which only order architectures, to the unit of what was measured."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.predictors.base import Predictor, distribution
from archrank.predictors.explanation import Explanation
from archrank.predictors.targets import normal_scores
from archrank.space import Rows
from archrank.system.on_progress import OnProgress, silent

__all__ = ["InUnit", "UnitScale"]

Floats = npt.NDArray[np.float64]

_REFERENCES = 500
"""The number of random architectures that set the scale of a fit's scores."""

_BLOCK = 50_000
"""The most candidates that are scored at once, so that memory does not grow with a space and progress can be told."""

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(15)
_WEIGHTS /= _WEIGHTS.sum()

_TAIL = 0.9
"""Beyond the measured values the quantile function begins with the mean slope of its outer tenth."""


def folds_of(n: int) -> int:
    """The number of folds for n targets."""
    return min(n, 5 if n <= 200 else 3)


@dataclass(frozen=True)
class UnitScale:
    """A strictly increasing function from normal scores to the unit of the targets.

    It is the quantile function of the n measured values, linear between them and logarithmic beyond them.

    Args:
        scores: Normal scores of the distinct values, ascending: (U,).
        values: The distinct values, ascending: (U,).
    """

    scores: Floats
    values: Floats

    @classmethod
    def of(cls, targets: Floats) -> Self:
        """The scale of n targets, which are not all equal: (n,)."""
        values, first = np.unique(targets, return_index=True)
        return cls(normal_scores(targets)[first], values)

    def __call__(self, scores: Floats) -> Floats:
        """The value at each normal score, of any shape."""
        inside = np.interp(scores, self.scores, self.values)
        return inside + self._beyond(scores, -1) + self._beyond(scores, 1)

    def _beyond(self, scores: Floats, side: int) -> Floats:
        z, y = (self.scores, self.values) if side > 0 else (-self.scores[::-1], -self.values[::-1])
        inner = min(len(z) - 2, int(_TAIL * len(z)))
        slope = (y[-1] - y[inner]) / (z[-1] - z[inner])
        beyond: Floats = side * slope * np.log1p(np.maximum(side * scores - z[-1], 0))
        return beyond

    def moments(self, mean: Floats, std: Floats | float) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the value where the normal score is normally distributed: (B,), (B,)."""
        values = self(mean[:, None] + np.broadcast_to(std, mean.shape)[:, None] * _NODES)
        middle = values @ _WEIGHTS
        return middle, np.sqrt((values - middle[:, None]) ** 2 @ _WEIGHTS)


class InUnit:
    """A predictor whose predictions are in the unit of the targets.

    :meth:`fit` fits the predictor to all targets, and copies of it for cross-validation, with five folds up to 200
    targets and three folds beyond. A line through the held-out predictions maps scores to normal scores of the targets.
    The quantile function of the measured values maps these to the unit: a prediction is its mean over a normal
    distribution with the standard deviation of all held-out errors. So predictions never decrease with the scores.
    The standard deviation of a prediction averages two variances: that of all held-out errors, and that of the
    predictor's own distribution, scaled to the held-out errors. It is a rough estimate: with 78 or 390 labels of
    ``analog-nasbench``, ``nas-bench-graph-cora`` and ``nas-bench-graph-arxiv`` (3 seeds, effort ``fast``), the range of
    ±1 standard deviation covered 63 to 95% of 4,000 unmeasured architectures (86% on average), but 53 to 93% of the 100
    predicted best (69%) and 25 to 90% of the 20 predicted best (64%); for a normal distribution it is 68%. Scaling it
    to 68% of the held-out errors made it too narrow for the predicted best. With 10 labels of ``nas-bench-201-cifar10``
    (10 seeds, effort ``fast``) ±2 standard deviations covered 85% of 1,000 unmeasured architectures, and 64% with one
    seed, where it should be 95%.

    Args:
        predictor: The predictor to fit.
        seed: Of the parts and the copies.

    Attributes:
        predictor_: The predictor, fitted to all targets, higher is better.
        slope_: The slope of the line; 0 where cross-validation found no correlation, so that all predictions are equal.
        cross_validated_: The held-out predictions in the unit of the targets, higher is better; NaN for none: (n,).
        held_out_: The held-out predictions and the values that they are compared with, higher is better: (n,), (n,).
        copies_: The fits of the cross-validation.
    """

    def __init__(self, predictor: Predictor, seed: int = 0) -> None:
        self.predictor = predictor
        self.seed = seed

    def fit(
        self,
        architectures: Sequence[Architecture],
        targets: npt.ArrayLike,
        *,
        minimize: bool = False,
        on_progress: OnProgress = silent,
    ) -> Self:
        """Learn from measured architectures.

        Args:
            architectures: B architectures of the space.
            targets: What was measured: (B,).
            minimize: Whether lower is better.
            on_progress: Called with how many fits are done, and of how many.

        Raises:
            PredictorError: As for :meth:`Predictor.fit`.
        """
        on_progress(0, 1 + folds_of(len(architectures)))
        self._sign = -1.0 if minimize else 1.0
        self.predictor_ = self.predictor.fit(architectures, targets, minimize=minimize)
        values = self._sign * np.asarray(targets, dtype=np.float64)
        space = self.predictor.space
        self._references = space.sample(_REFERENCES, np.random.default_rng(0))
        means, spreads = self._cross_validate(architectures, values, on_progress)
        self._scale = UnitScale.of(values)
        z = normal_scores(values)
        seen = np.isfinite(means)
        self.held_out_ = means[seen], values[seen]
        slope = 0.0
        if seen.sum() > 2 and np.ptp(means[seen]) > 0:
            slope, _ = np.polyfit(means[seen], z[seen], 1)
        # Fits to few targets can be nearly constant, and the line too steep for the fit to all targets.
        middle, width = self._scale_of(self.predictor_)
        steepest = z.std() / (((self.predictor_.predict(architectures) - middle) / width).std() or np.inf)
        self.slope_ = float(np.clip(slope, 0.0, steepest))
        self._offset = float(np.mean((z - self.slope_ * means)[seen])) if seen.any() else 0.0
        errors = (z - self.slope_ * means - self._offset)[seen]
        self._error = _around_line(errors) if seen.any() else 1.0
        self.cross_validated_ = np.full(len(values), np.nan)
        self.cross_validated_[seen] = self._scale.moments(
            self.slope_ * means[seen] + self._offset, self._error
        )[0]
        own = spreads[seen]
        sure = own > 0
        self._factor = _around_line(errors[sure] / own[sure]) if sure.any() else 0.0
        return self

    def predict(
        self, candidates: Sequence[Architecture] | Rows, *, on_progress: OnProgress = silent
    ) -> tuple[Floats, Floats, Floats]:
        """Predict candidates.

        Args:
            candidates: B architectures, or their rows of option indices.
            on_progress: Called with how many are scored, and of how many, where there are more than 50,000.

        Returns:
            The predictor's scores, higher is better; predictions and their standard deviations in the unit of the
            targets: (B,), (B,), (B,).
        """
        n, parts = len(candidates), []
        for start in range(0, max(n, 1), _BLOCK):
            if n > _BLOCK:
                on_progress(start, n)
            parts.append(self._predicted(candidates[start : start + _BLOCK]))
        scores, predicted, std = (np.concatenate(values) for values in zip(*parts, strict=True))
        return scores, predicted, std

    def _predicted(self, candidates: Sequence[Architecture] | Rows) -> tuple[Floats, Floats, Floats]:
        scores, spreads = distribution(self.predictor_, candidates)
        middle, width = self._scale_of(self.predictor_)
        z = self.slope_ * (scores - middle) / width + self._offset
        predicted, _ = self._scale.moments(z, self._error)
        # Members can agree by chance, so the predictor's own distribution counts only half.
        own = self._factor * spreads / width
        error = np.where(own > 0, np.sqrt((own**2 + self._error**2) / 2), self._error)
        _, std = self._scale.moments(z, error)
        return scores, self._sign * predicted, std

    def explain(self) -> Explanation:
        """What the predictor relies on, and how much that varies between the fits of the cross-validation."""
        found = self.predictor_.explain(seed=self.seed)
        return found.spread_of([copy.explain(seed=self.seed) for copy in self.copies_])

    @property
    def note(self) -> str | None:
        """What a user should know of the fit; None where all is well."""
        if self.slope_:
            return None
        return (
            "cross-validation found no correlation between predictions and measurements: all predictions are equal, "
            "and the order may be no better than chance"
        )

    def _scale_of(self, predictor: Predictor) -> tuple[float, float]:
        """Mean and standard deviation of a fit's scores over the references: fits differ in their scales."""
        scores = predictor.predict(self._references)
        return float(scores.mean()), float(scores.std()) or 1.0

    def _cross_validate(
        self, architectures: Sequence[Architecture], values: Floats, on_progress: OnProgress
    ) -> tuple[Floats, Floats]:
        n = len(values)
        rng = np.random.default_rng(self.seed)
        part = rng.permutation(n) % folds_of(n)
        means, spreads = np.full((2, n), np.nan)
        count = int(part.max()) + 1
        self.copies_: list[Predictor] = []
        for fold in range(count):
            on_progress(1 + fold, 1 + count)
            known, held = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
            if len(known) < 2 or np.ptp(values[known]) == 0:
                continue  # nothing to learn
            copy = self.predictor.with_seed(int(rng.integers(2**31)))
            copy.fit([architectures[i] for i in known.tolist()], values[known])
            self.copies_.append(copy)
            middle, width = self._scale_of(copy)
            scores, own = distribution(copy, [architectures[i] for i in held.tolist()])
            means[held], spreads[held] = (scores - middle) / width, own / width
        return means, spreads


def _around_line(errors: Floats) -> float:
    """The standard deviation of errors around a fitted line, whose two parameters took part of them: (n,)."""
    return float(np.sqrt((errors**2).sum() / max(1, len(errors) - 2)))
