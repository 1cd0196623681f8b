"""Measures of a ranking: pure functions of scores and targets, higher is better in both.

Kendall's tau looks at all pairs; a search only needs the top, which is what N@K and Precision@K look at
(GATES, section 4.1).
"""

import numpy as np
import numpy.typing as npt

from archrank.errors import MeasureError

__all__ = ["kendall_tau", "n_at_k", "precision_at_k", "regret"]

Floats = npt.ArrayLike


def kendall_tau(scores: Floats, targets: Floats) -> float:
    """Kendall's tau-b: from -1 (reversed) over 0 (unrelated) to 1 (same order), ties accounted for.

    Args:
        scores: Predicted, (B,).
        targets: Measured, (B,).

    Returns:
        The correlation; NaN where all scores or all targets are equal, for then nothing is ranked.

    >>> round(kendall_tau([1, 2, 3, 4], [10, 20, 40, 30]), 4)
    0.6667
    """
    from scipy.stats import kendalltau

    scores, targets = _checked(scores, targets)
    if scores.min() == scores.max() or targets.min() == targets.max():
        return float("nan")
    return float(kendalltau(scores, targets).statistic)


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

    Equal values are taken in the order given. With fewer than K architectures the measure is 1, for all are taken.

    >>> precision_at_k([0.9, 0.8, 0.1, 0.2], [70, 80, 95, 60], k=2)
    0.5
    """
    scores, targets = _checked(scores, targets)
    predicted, true = _top(scores, k), _top(targets, k)
    return len(np.intersect1d(predicted, true)) / len(true)


def regret(found: float, optimum: float) -> float:
    """How far the best found is below the best there is; 0 is perfect.

    >>> regret(93.5, 94.0)
    0.5
    """
    return optimum - found


def _top(values: npt.NDArray[np.float64], k: int) -> npt.NDArray[np.int64]:
    if k < 1:
        raise MeasureError(f"k is {k}; it must be 1 or more")
    return np.argsort(-values, kind="stable")[:k]


def _checked(scores: Floats, targets: Floats) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    s, t = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if s.shape != t.shape or s.ndim != 1 or len(s) == 0:
        raise MeasureError(
            f"scores {s.shape} and targets {t.shape} must both have the shape (B,), B at least 1"
        )
    if np.isnan(s).any() or np.isnan(t).any():
        raise MeasureError("scores and targets must not hold NaN: leave out what was not measured")
    return s, t
