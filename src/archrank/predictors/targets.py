"""What predictors are fitted on: checked architectures and targets, and the targets' normal scores."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri

from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike, rows_of
from archrank.space import Rows, SearchSpace
from archrank.system.foreign import shown

__all__ = ["as_targets", "check_minimize", "labels", "normal_scores"]

Floats = npt.NDArray[np.float64]


def labels(
    space: SearchSpace, X: ArchitecturesLike, y: npt.ArrayLike, minimize: bool = False
) -> tuple[Rows, Floats]:
    """What a predictor is fitted on, checked.

    Args:
        space: The space.
        X: B architectures of the space, see :data:`~archrank.given.ArchitecturesLike`.
        y: What was measured: a list, an array or a column of B finite numbers, not all equal.
        minimize: Whether lower is better.

    Returns:
        Option indices, (B, number of choices), and targets of which higher is better, (B,).

    Raises:
        PredictorError: Architectures or targets that cannot be learned from.
        ParseError: A text that is no architecture.
    """
    check_minimize(minimize)
    rows = rows_of(space, X, empty=True)
    targets = as_targets(y, len(rows))
    if len(targets) < 2:
        raise PredictorError(
            f"{len(targets)} architecture{'' if len(targets) == 1 else 's'} given: too few to learn a ranking from; "
            "give at least 2"
        )
    if targets.min() == targets.max():
        raise PredictorError(f"all {len(targets)} targets are {targets[0]}: there is nothing to rank")
    return rows, -targets if minimize else targets


def as_targets(y: npt.ArrayLike, count: int) -> Floats:
    """Measured values as an array of finite numbers.

    Args:
        y: A list, an array or a column of numbers, or a data frame of one column.
        count: How many architectures they belong to.

    Raises:
        PredictorError: Not one finite number for each architecture.
    """
    try:
        targets = np.array(y, dtype=np.float64)  # a copy: a column of a table is read-only
    except (TypeError, ValueError) as error:
        raise PredictorError(f"targets must be numbers: {error}") from None
    if hasattr(y, "columns") and targets.shape == (count, 1):
        targets = targets[:, 0]
    if targets.shape != (count,):
        raise PredictorError(
            f"targets have the shape {targets.shape}, expected ({count},): one number for each architecture"
        )
    if not np.isfinite(targets).all():
        index = int(np.flatnonzero(~np.isfinite(targets))[0])
        raise PredictorError(
            f"target {index} is {targets[index]}; leave out architectures that were not measured"
        )
    return targets


def check_minimize(minimize: object) -> None:
    """Check the direction.

    Raises:
        PredictorError: It is neither True nor False.
    """
    if not isinstance(minimize, int | np.integer | np.bool_) or minimize not in (0, 1):
        raise PredictorError(
            f"minimize is {shown(minimize)}; it must be True, where lower is better, or False"
        )


def normal_scores(values: Floats) -> Floats:
    """Quantiles of the normal distribution at the values' ranks, equals sharing a rank: (n,).

    >>> normal_scores(np.array([7.0, 1.0, 3.0])).round(3).tolist()
    [0.967, -0.967, 0.0]
    """
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts + 1) / 2)[inverse]
    quantiles: Floats = ndtri((ranks + 0.5) / len(values))
    return quantiles
