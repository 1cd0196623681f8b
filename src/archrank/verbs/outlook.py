"""What a search may still gain: the improvement that a predictor expects of further evaluations."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.predictors.automatic import auto
from archrank.predictors.unit import InUnit
from archrank.space import SearchSpace
from archrank.verbs.ranked import MIN_FOR_QUALITY, RankingQuality

__all__ = ["NEXT", "Outlook", "outlook"]

Floats = npt.NDArray[np.float64]

NEXT = 10
"""Evaluations that the stop suggestion is about."""

_SMALL = 0.05
"""A gain below this share of the standard deviation of what was measured is called small."""

_LISTED, _DRAWN, _BEST, _DRAWS = 20_000, 1_000, 10, 2_000
"""Spaces that are looked at whole; otherwise random architectures, and the neighbors of the best; draws of a gain."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What further evaluations may gain.

    Attributes:
        gains: The expected improvement of the best value, in its unit, by the number of further evaluations.
        spread: The standard deviation of what was measured.
        quality: How well the predictor ranks what it was not fitted to.
        choices: The effect of each choice on the predictions, largest first, as in
            :class:`~archrank.predictors.Explanation`.
    """

    gains: dict[int, float]
    spread: float
    quality: RankingQuality
    choices: dict[str, float]

    @property
    def stop(self) -> bool:
        """Whether ten more evaluations are expected to gain less than 5% of the standard deviation."""
        return self.gains[NEXT] < _SMALL * self.spread


def outlook(
    space: SearchSpace,
    architectures: Sequence[Architecture],
    values: Sequence[float],
    left: int,
    *,
    minimize: bool = False,
    seed: int = 0,
) -> Outlook | None:
    """What further evaluations may gain, by a predictor that is fitted to all measurements; a few seconds.

    The gain of n evaluations is how much the best of the n architectures that are predicted best exceeds the best value
    so far: the mean over draws of independent errors, as large as the held-out errors of what is predicted best. That
    is a rough estimate. Architectures are those of a small space, and otherwise random ones and the neighbors of the
    best.

    Args:
        space: The space.
        architectures: B measured architectures.
        values: What was measured: (B,).
        left: How many evaluations the budget leaves.
        minimize: Whether lower is better.
        seed: Of all randomness.

    Returns:
        None for fewer than 20 measurements, or if all are equal.
    """
    measured = np.asarray(values, dtype=np.float64)
    if len(measured) < MIN_FOR_QUALITY or np.ptp(measured) == 0:
        return None
    rng = np.random.default_rng(seed)
    sign = -1.0 if minimize else 1.0
    fitted = InUnit(auto(space, "fast", seed=seed), seed).fit(architectures, measured, minimize=minimize)
    candidates = _candidates(space, architectures, sign * measured, rng)
    gains = dict.fromkeys((NEXT, *([left] if left > 0 else [])), 0.0)
    if candidates:
        _, predicted, _ = fitted.predict(candidates)
        expected = np.sort(sign * predicted)[::-1]
        error = _error_at_the_top(fitted.cross_validated_, sign * measured)
        for n in gains:
            drawn = expected[:n] + error * rng.standard_normal((_DRAWS, len(expected[:n])))
            gains[n] = float(np.maximum(drawn.max(axis=1) - (sign * measured).max(), 0).mean())
    explanation = fitted.predictor_.explain(seed=seed)
    quality = RankingQuality.of(*fitted.held_out_)
    return Outlook(gains, float(measured.std()), quality, explanation.choices)


def _candidates(
    space: SearchSpace, known: Sequence[Architecture], scores: Floats, rng: np.random.Generator
) -> list[Architecture]:
    """Architectures that were not measured."""
    size = None if space.conditional else space.size
    if size is not None and size <= _LISTED:
        found = space.architectures(space.rows())
    else:
        found = space.sample(_DRAWN, rng)
        for place in np.argsort(-scores, kind="stable")[:_BEST].tolist():
            found += space.neighbors(known[place])
    measured = set(known)
    return [architecture for architecture in dict.fromkeys(found) if architecture not in measured]


def _error_at_the_top(predicted: Floats, values: Floats) -> float:
    """The held-out error of the third that is predicted best, in the unit."""
    seen = np.isfinite(predicted)
    predicted, values = predicted[seen], values[seen]
    top = np.argsort(-predicted, kind="stable")[: max(len(values) // 3, 5)]
    return float(np.sqrt(np.mean((predicted[top] - values[top]) ** 2)))
