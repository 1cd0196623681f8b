"""Drawing images at random so that every class keeps its share."""

import numpy as np
import numpy.typing as npt

__all__ = ["stratified"]


def stratified(labels: npt.NDArray[np.int64], count: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
    """Which of N images are chosen.

    Every class gives its share of ``count``, rounded down; the remaining images come from the
    classes that lost most by rounding.

    Args:
        labels: (N,).
        count: How many to choose, at most N.
        rng: The source of randomness.

    Returns:
        (N,), true for ``count`` images.

    >>> labels = np.repeat([0, 1], [30, 10])
    >>> chosen = stratified(labels, 8, np.random.default_rng(0))
    >>> np.bincount(labels[chosen])
    array([6, 2])
    """
    sizes = np.bincount(labels)
    share = sizes * (count / len(labels))
    quota = np.floor(share + 1e-9).astype(np.int64)
    quota[np.argsort(quota - share, kind="stable")[: count - quota.sum()]] += 1
    chosen = np.zeros(len(labels), dtype=bool)
    for label, wanted in enumerate(quota):
        chosen[rng.permutation(np.flatnonzero(labels == label))[:wanted]] = True
    return chosen
