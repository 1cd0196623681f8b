"""Exact results of random search, by order statistics instead of simulation.

Throughout, n of the M architectures of a table are drawn without replacement, each order being equally likely. An
architecture without a score counts as a draw without a result.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["chance_to_reach", "draws_to_reach", "random_incumbent_curve", "random_search_curve"]

Floats = npt.NDArray[np.float64]

_ROUNDING = 1e-12
"""A tolerance, so that rounding errors do not miss a probability that equals the quantile."""

QUARTILES = (0.25, 0.5, 0.75)


def random_search_curve(
    scores: Floats, draws: int, quantiles: Sequence[float] = QUARTILES
) -> tuple[Floats, Floats]:
    """The best of 1, 2, … random draws.

    Of M scores in ascending order, the best of k draws is at most the i-th with probability C(i, k) / C(M, k).

    Args:
        scores: All M scores, higher is better, NaN where there is none: (M,).
        draws: n, the largest number of draws; at most M.
        quantiles: The Q quantiles wanted, each above 0 and at most 1.

    Returns:
        The expected best after 1 … n draws, (n,), NaN while there may be none yet; and its quantiles, (Q, n): the
        smallest value that the best does not exceed with at least that probability, NaN where that is none.

    Raises:
        ValueError: ``draws`` is below 1 or above M.

    >>> expected, (median,) = random_search_curve(np.array([1.0, 2.0, 3.0]), 3, [0.5])
    >>> expected.round(3).tolist(), median.tolist()
    ([2.0, 2.667, 3.0], [2.0, 3.0, 3.0])
    """
    missing = int(np.isnan(scores).sum())
    # Missing scores come first, below all measured ones.
    ordered = np.concatenate([np.full(missing, np.nan), np.sort(scores[~np.isnan(scores)])])
    levels = np.asarray(quantiles, dtype=np.float64) - _ROUNDING
    expected = np.full(draws, np.nan)
    places = np.empty((len(levels), draws), dtype=np.intp)
    steps = np.diff(ordered[missing:])
    for k, at_most in enumerate(_at_most(len(scores), draws)):
        if missing <= k and len(ordered) > missing:
            expected[k] = ordered[-1] - at_most[missing:-1] @ steps
        places[:, k] = np.searchsorted(at_most, levels)
    return expected, ordered[places]


def random_incumbent_curve(
    scores: Floats, tests: Floats, draws: int, quantiles: Sequence[float] = QUARTILES
) -> Floats:
    """The test score of the draw with the best score so far, after 1, 2, … random draws.

    Of draws with equal scores the first one counts.

    Args:
        scores: All M scores, higher is better, NaN where there is none: (M,).
        tests: Their test scores, higher is better, NaN where there is none: (M,).
        draws: n, the largest number of draws; at most M.
        quantiles: The Q quantiles wanted, each above 0 and at most 1.

    Returns:
        The quantiles, NaN where that is no score at all: (Q, n).

    Raises:
        ValueError: ``draws`` is below 1 or above M.
    """
    known = np.where(np.isnan(scores), -np.inf, scores)
    order = np.argsort(known, kind="stable")
    values = np.where(np.isneginf(known), np.nan, tests)[order]
    by_test = np.argsort(np.where(np.isnan(values), -np.inf, values), kind="stable")
    _, first, ties = np.unique(known[order], return_index=True, return_counts=True)
    levels = np.asarray(quantiles, dtype=np.float64) - _ROUNDING
    curve = np.empty((len(levels), draws))
    for k, at_most in enumerate(_at_most(len(scores), draws)):
        # By symmetry each of several equal scores is equally often the first of them.
        chance = np.repeat(np.add.reduceat(np.diff(at_most, prepend=0.0), first) / ties, ties)
        places = np.searchsorted(np.cumsum(chance[by_test]), levels)
        curve[:, k] = values[by_test][np.minimum(places, len(values) - 1)]
    return curve


def _at_most(size: int, draws: int) -> Iterator[Floats]:
    """For 1 … n draws: the probability that the best of them is at most the i-th, for all i: (M,)."""
    if not 1 <= draws <= size:
        raise ValueError(f"draws is {draws}, expected 1 to {size}, the number of architectures")
    below = np.arange(1, size + 1, dtype=np.float64)
    at_most = np.ones(size)
    for k in range(draws):
        at_most = at_most * np.maximum(below - k, 0) / (size - k)
        yield at_most


def draws_to_reach(hits: int, size: int, quantiles: Sequence[float] = QUARTILES) -> list[int]:
    """The number of draws until one of ``hits`` among M: quantiles of the negative hypergeometric distribution.

    Args:
        hits: How many of the M count, from 1 to M.
        size: M.
        quantiles: The quantiles wanted, each above 0 and at most 1.

    >>> draws_to_reach(1, 100), draws_to_reach(50, 100)
    ([25, 50, 75], [1, 1, 2])
    """
    missed = _missed(hits, size, size - hits + 1)
    levels = 1 - np.asarray(quantiles, dtype=np.float64) + _ROUNDING
    return [int(np.argmax(missed <= level)) for level in levels]


def chance_to_reach(hits: int, size: int, draws: int) -> float:
    """The probability that a number of draws include one of ``hits`` among M.

    >>> chance_to_reach(1, 100, 25)
    0.25
    """
    return round(float(1 - _missed(hits, size, min(draws, size - hits + 1))[-1]), 12)


def _missed(hits: int, size: int, draws: int) -> Floats:
    """The probability that 0, 1, … n draws include none: (n + 1,)."""
    drawn = np.arange(draws, dtype=np.float64)
    return np.concatenate([[1.0], np.cumprod((size - hits - drawn) / (size - drawn))])
