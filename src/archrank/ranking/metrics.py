"""Measures of a ranking: pure functions of scores and targets; higher is better in both.

Kendall's tau and Spearman's rho look at all architectures; a search only needs the top, which is what N@K, Precision@K
and the tau in the top look at (GATES, section 4.1).
"""

import math
import operator
from collections.abc import Iterable
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from archrank.errors import MeasureError

__all__ = [
    "N_AT",
    "PRECISION_AT",
    "TAU_IN_TOP",
    "kendall_tau",
    "n_at_k",
    "precision_at_k",
    "precision_curve",
    "regret",
    "spearman",
    "tau_in_top",
    "tau_interval",
]

Floats = npt.ArrayLike

N_AT = (1, 5, 10, 20)
"""The K of N@K that comparisons report."""

PRECISION_AT = ("0.1%", "0.5%", "1%", "5%", "10%", "50%")
"""The K of Precision@K that comparisons report, as shares of the test set."""

TAU_IN_TOP = ("1%", "5%", "10%", "50%")
"""The shares of the truly best among which comparisons take Kendall's tau."""


def kendall_tau(scores: Floats, targets: Floats) -> float:
    """Kendall's tau-b: from -1 (reversed) over 0 (unrelated) to 1 (same order), ties accounted for.

    Args:
        scores: Predicted, (B,).
        targets: Measured, (B,).

    Returns:
        The correlation; NaN where all scores or all targets are equal, which rank nothing.

    >>> round(kendall_tau([1, 2, 3, 4], [10, 20, 40, 30]), 4)
    0.6667
    """
    from scipy.stats import kendalltau

    scores, targets = _checked(scores, targets)
    return math.nan if _unranked(scores, targets) else float(kendalltau(scores, targets).statistic)


def tau_interval(tau: float, n: int, confidence: float = 0.95, widening: float = 1.0) -> tuple[float, float]:
    """An approximate confidence interval of Kendall's tau, by Fisher's transformation.

    Args:
        tau: The correlation of a sample.
        n: The size of the sample, at least 5.
        confidence: The probability that the interval covers the correlation of the population.
        widening: A factor of the standard error, for variation beyond that of the sample.

    Returns:
        Its lower and its upper end.

    Raises:
        MeasureError: Fewer than 5, or a confidence that is not between 0 and 1.

    Reference: Fieller, Hartley and Pearson, Tests for rank correlation coefficients (1957): the variance of the
    transformed tau is 0.437 / (n - 4).

    >>> low, high = tau_interval(0.7, 50)
    >>> round(low, 2), round(high, 2)
    (0.59, 0.79)
    """
    if n < 5:
        raise MeasureError(f"an interval of Kendall's tau of {n} architectures; expected 5 or more")
    if not 0 < confidence < 1:
        raise MeasureError(f"confidence is {confidence}; expected a number between 0 and 1")
    # With a perfect order the transformation is infinite: one pair is taken to be reversed.
    largest = 1 - 4 / (n * (n - 1))
    middle = math.atanh(min(max(tau, -largest), largest))
    half = NormalDist().inv_cdf((1 + confidence) / 2) * widening * math.sqrt(0.437 / (n - 4))
    return math.tanh(middle - half), math.tanh(middle + half)


def spearman(scores: Floats, targets: Floats) -> float:
    """Spearman's rho: the linear correlation of the ranks, from -1 to 1; equal values share their mean rank.

    Args:
        scores: Predicted, (B,).
        targets: Measured, (B,).

    Returns:
        The correlation; NaN where all scores or all targets are equal, which rank nothing.

    >>> round(spearman([1, 2, 3, 4], [10, 20, 40, 30]), 4)
    0.8
    """
    from scipy.stats import spearmanr

    scores, targets = _checked(scores, targets)
    return math.nan if _unranked(scores, targets) else float(spearmanr(scores, targets).statistic)


def tau_in_top(scores: Floats, targets: Floats, share: float) -> float:
    """Kendall's tau-b among the truly best: whether the ranking still separates the good from the best.

    Args:
        scores: Predicted, (B,).
        targets: Measured, (B,).
        share: The share of the architectures to look at, above 0 and at most 1: the best ⌈share · B⌉ by target,
            at least two, and all that tie with the last of them.

    Returns:
        The correlation; NaN where all scores or all targets of the top are equal, which rank nothing.

    Raises:
        MeasureError: ``share`` is not above 0 and at most 1.

    Reference: the GATES authors' code, except that it uses only those of the true top that are predicted into the top
    too, so that a worse predictor is judged on fewer architectures.

    >>> tau_in_top([5, 6, 1, 2], [80, 90, 60, 70], share=0.5), tau_in_top([6, 5, 1, 2], [80, 90, 60, 70], share=0.5)
    (1.0, -1.0)
    """
    scores, targets = _checked(scores, targets)
    if not 0 < share <= 1:
        raise MeasureError(f"share is {share}; it must be above 0 and at most 1")
    # The tolerance keeps 0.07 · 100, a little above 7 in floating point, from being rounded up to 8.
    size = min(max(2, math.ceil(share * len(targets) * (1 - 1e-12))), len(targets))
    top = targets >= np.partition(targets, -size)[-size]
    return kendall_tau(scores[top], targets[top])


def n_at_k(scores: Floats, targets: Floats, k: int) -> int:
    """N@K: the best true rank among the K architectures predicted best; 1 is perfect.

    Architectures with equal scores are taken in the order given. An architecture's true rank is one plus how many
    are strictly better. With fewer than K architectures all are taken.

    >>> n_at_k([0.9, 0.8, 0.1, 0.2], [70, 80, 95, 60], k=2)
    2
    """
    scores, targets = _checked(scores, targets)
    return 1 + int(np.sum(targets > targets[_top(scores, k)].max()))


def precision_at_k(scores: Floats, targets: Floats, k: int) -> float:
    """Precision@K: the share of the true top K among the K predicted best, from 0 to 1.

    Equal values are taken in the order given. With fewer than K architectures all are taken, and the measure is 1.

    >>> precision_at_k([0.9, 0.8, 0.1, 0.2], [70, 80, 95, 60], k=2)
    0.5
    """
    scores, targets = _checked(scores, targets)
    predicted, true = _top(scores, k), _top(targets, k)
    return len(np.intersect1d(predicted, true)) / len(true)


def precision_curve(scores: Floats, targets: Floats, ks: Iterable[int]) -> npt.NDArray[np.float64]:
    """Precision@K for many K at the cost of one: the values of :func:`precision_at_k`.

    Args:
        scores: Predicted, (B,).
        targets: Measured, (B,).
        ks: The values of K, in any order, each 1 or more.

    Returns:
        The share of the true top K among the K predicted best, for each K: (number of ``ks``,).

    >>> precision_curve([0.9, 0.8, 0.1, 0.2], [70, 80, 95, 60], ks=[1, 2, 3, 4]).round(2).tolist()
    [0.0, 0.5, 0.67, 1.0]
    """
    scores, targets = _checked(scores, targets)
    sizes = np.fromiter(map(operator.index, ks), dtype=np.int64)
    if len(sizes) and sizes.min() < 1:
        raise _k_below_one(sizes.min())
    count = len(scores)
    sizes = np.minimum(sizes, count)
    predicted, true = np.empty((2, count), dtype=np.int64)
    predicted[_top(scores, count)] = true[_top(targets, count)] = np.arange(count)
    # Both tops hold an architecture from the K on at which the later of them reaches it.
    common = np.cumsum(np.bincount(np.maximum(predicted, true), minlength=count))
    share: npt.NDArray[np.float64] = common[sizes - 1] / sizes
    return share


def regret(result: float, optimum: float) -> float:
    """The difference between the optimum and the best value of a search; 0 is perfect.

    >>> regret(93.5, 94.0)
    0.5
    """
    return optimum - result


def _top(values: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.int64]:
    if k < 1:
        raise _k_below_one(k)
    return np.argsort(-values, kind="stable")[:k]


def _k_below_one(k: int) -> MeasureError:
    return MeasureError(f"k is {k}; it must be 1 or more")


def _unranked(scores: npt.NDArray[np.float64], targets: npt.NDArray[np.float64]) -> bool:
    return bool(scores.min() == scores.max() or targets.min() == targets.max())


def _checked(scores: Floats, targets: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    s, t = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if s.shape != t.shape or s.ndim != 1 or len(s) == 0:
        raise MeasureError(
            f"scores {s.shape} and targets {t.shape} must both have the shape (B,), B at least 1"
        )
    if np.isnan(s).any() or np.isnan(t).any():
        raise MeasureError("scores and targets must not hold NaN: leave out what was not measured")
    return s, t
