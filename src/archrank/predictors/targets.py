"""What predictors are told: targets that can be learnt from, and their normal scores."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from archrank.architecture import Architecture
from archrank.errors import PredictorError

__all__ = ["checked_targets", "normal_scores"]

Floats = npt.NDArray[np.float64]


def checked_targets(architectures: Sequence[Architecture], targets: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The targets as an array (B,), or a PredictorError that says what is wrong with them."""
    try:
        values = np.array(targets, dtype=np.float64)  # a copy: a column of a table is read-only
    except (TypeError, ValueError) as error:
        raise PredictorError(f"targets must be numbers: {error}") from None
    if values.shape != (len(architectures),):
        raise PredictorError(
            f"targets have the shape {values.shape}, expected ({len(architectures)},): one number for each architecture"
        )
    if len(values) < 2:
        raise PredictorError(
            f"{len(values)} architectures are too few to learn a ranking from; give at least 2"
        )
    if not np.isfinite(values).all():
        place = int(np.flatnonzero(~np.isfinite(values))[0])
        raise PredictorError(
            f"target {place} is {values[place]}; leave out architectures that were not measured"
        )
    if values.min() == values.max():
        raise PredictorError(f"all {len(values)} targets are {values[0]}: there is nothing to rank")
    return values


def normal_scores(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Quantiles of the normal distribution at the values' ranks, equals sharing a rank: (n,).

    >>> normal_scores(np.array([7.0, 1.0, 3.0])).round(3).tolist()
    [0.967, -0.967, 0.0]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts + 1) / 2)[inverse]
    quantiles: Floats = ndtri((ranks + 0.5) / len(values))
    return quantiles
