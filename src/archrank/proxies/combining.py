"""Several zero-cost scores as one."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["rank_product", "standardized_ranks"]

Floats = npt.NDArray[np.float64]
Scores = Mapping[str, Floats]


def standardized_ranks(scores: Scores) -> Floats:
    """The mean over scores of the standardized ranks of B architectures: (B,).

    Equal scores share their mean rank. A score that is the same for all says nothing, and adds 0.

    >>> standardized_ranks({"naswot": np.array([3.0, 1.0, 2.0])}).round(3).tolist()
    [1.225, -1.225, 0.0]
    """
    columns = []
    for ranks in _ranks(scores):
        spread = ranks.std()
        columns.append((ranks - ranks.mean()) / spread if spread > 0 else np.zeros(len(ranks)))
    mean: Floats = np.mean(columns, axis=0)
    return mean


def rank_product(scores: Scores) -> Floats:
    """The sum over scores of the logarithm of the rank, from 1 for the worst, as a share of the number: (B,).

    What one score ranks low stays low, whatever the others say. Equal scores share their mean rank.

    Reference: Lee and Ham, AZ-NAS (CVPR 2024), section 3.3.

    >>> rank_product({"naswot": np.array([3.0, 1.0, 2.0])}).round(3).tolist()
    [0.0, -1.099, -0.405]
    """
    total: Floats = np.sum([np.log(ranks / len(ranks)) for ranks in _ranks(scores)], axis=0)
    return total


def _ranks(scores: Scores) -> list[Floats]:
    from scipy.stats import rankdata

    return [np.asarray(rankdata(values), dtype=np.float64) for values in scores.values()]
