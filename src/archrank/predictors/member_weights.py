"""What held-out labels say about the weights of the members of an ensemble."""

import numpy as np
import numpy.typing as npt

from archrank.predictors.base import Predictor

__all__ = ["shifted", "tells_held_out"]

Floats = npt.NDArray[np.float64]

_CERTAINTY = 2.5
"""Standard errors by which the best weights must differ from those given before any of the difference counts."""


def shifted(weights: Floats, held_out: Floats, targets: Floats) -> Floats:
    """The weights, shifted toward those that predict held-out labels best, as far as these are evidence.

    The best weights are those of a fit by nonnegative least squares. Of their difference from the given ones a share
    counts: with W for the square of how many standard errors it is, per degree of freedom, 1 - 6.25 / W, or nothing
    where W is less than 6.25. So members that are about equally good keep their weights.

    Args:
        weights: The weights before, which sum to one: (M,).
        held_out: What each member, fitted without it, predicts for each of n architectures, on a common scale: (M, n).
        targets: Their labels: (n,).

    Returns:
        Weights from 0 on that sum to one: (M,).

    Reference: James and Stein, Estimation with Quadratic Loss (1961), in its positive-part form.

    >>> rng = np.random.default_rng(0)
    >>> truth, noise = rng.normal(size=100), rng.normal(size=(3, 100))
    >>> same = shifted(np.array([0.5, 0.5]), truth + noise[:2], truth)
    >>> better = shifted(np.array([0.5, 0.5]), truth + [[0.1], [1.0]] * noise[:2], truth)
    >>> same.tolist(), bool(better[0] > 0.9)
    ([0.5, 0.5], True)
    """
    members, n = held_out.shape
    if members < 2 or n < members + 3:
        return weights
    x = (held_out - held_out.mean(axis=1, keepdims=True)).T
    y = targets - targets.mean()
    inverse = np.linalg.pinv(x.T @ x)
    slopes: Floats = inverse @ (x.T @ y)
    noise = float(((y - x @ slopes) ** 2).sum()) / (n - members - 1)
    # How the slopes differ from a multiple of the weights, without the last, which the others determine.
    contrast = (np.eye(members) - np.outer(weights, np.ones(members)))[:-1]
    away = contrast @ slopes
    spread = noise * (contrast @ inverse @ contrast.T)
    evidence = float(away @ np.linalg.pinv(spread) @ away) / (members - 1)
    if evidence <= _CERTAINTY**2:
        return weights
    from scipy.optimize import nnls  # here, because a search without evidence would wait for it

    best, _ = nnls(x, y)
    if not best.any():
        return weights  # nothing was learned
    moved: Floats = weights + (1 - _CERTAINTY**2 / evidence) * (best / best.sum() - weights)
    return moved


def tells_held_out(predictor: Predictor, n: int) -> bool:
    """Whether ``_held_out`` is quick, and not inherited by a class that learns or predicts otherwise."""
    if not predictor._quick(n):
        return False
    classes = type(predictor).__mro__
    by = next(index for index, each in enumerate(classes) if "_held_out" in vars(each))
    inherited = dir(classes[by])
    changed = [name for each in classes[:by] for name, value in vars(each).items() if callable(value)]
    return not any(name in inherited and not name.startswith("__") for name in changed)
