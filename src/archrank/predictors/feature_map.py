"""The features of a space's architectures, on comparable scales."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays
from archrank.errors import SpaceError
from archrank.features import depth_features, feature_names, graph_features
from archrank.space import Rows, SearchSpace

__all__ = ["FeatureMap", "feature_map", "named_features"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 1_000
_CLIP = 5.0
_SIZES = ("log parameters", "log multiply-adds")


class FeatureMap:
    """Turns rows of a space into standardised features of what they compute.

    The graphs are simplified by the space's function rules first, so equal functions have equal features. Means and
    standard deviations come from a fixed random sample of the space, not from the measured architectures, so that the
    features of an architecture depend on the space only. Features that are constant over the sample are left out;
    values beyond five standard deviations are clipped.

    Args:
        space: The space.

    Attributes:
        names: The names of the F features.
        deep: Which of them say how deep operations lie: (F,).
        sizes: How many of them, the last ones, are sizes of the network.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        sample = np.array(
            [a.choices for a in space.sample(_SAMPLE, np.random.default_rng(0))], dtype=np.int16
        )
        cells = space.function_arrays(sample)
        names, features = _named(space, cells)
        self._kept = np.flatnonzero(np.ptp(features, axis=0))  # a deviation may round to more than 0
        self._mean = features[:, self._kept].mean(axis=0)
        self._std = features[:, self._kept].std(axis=0)
        self.names = tuple(names[index] for index in self._kept)
        deep = depth_features(space.operations, len(cells))
        self.deep = np.append(deep, np.zeros(len(names) - len(deep), dtype=bool))[self._kept]
        self.sizes = int((self._kept >= len(deep)).sum())

    def columns(self, sizes: bool) -> slice:
        """The features that a predictor uses: all, or all but the sizes of the network."""
        return slice(len(self.names) - (0 if sizes else self.sizes))

    def __call__(self, rows: Rows) -> Floats:
        """The features of B architectures: (B, F)."""
        features = _features(self._space, self._space.function_arrays(rows))[:, self._kept]
        standard: Floats = np.clip((features - self._mean) / self._std, -_CLIP, _CLIP, order="C")
        return standard


def named_features(space: SearchSpace, rows: Rows) -> tuple[tuple[str, ...], Floats]:
    """The features of B architectures before scaling: names (F,), and values for their functions (B, F).

    Those of :func:`~archrank.features.graph_features`, and the logarithms of the space's
    :meth:`~archrank.space.SearchSpace.network_sizes`.

    Raises:
        SpaceError: Sizes of another shape, or that are not positive and finite.
    """
    return _named(space, space.function_arrays(rows))


def _named(space: SearchSpace, cells: Sequence[CellArrays]) -> tuple[tuple[str, ...], Floats]:
    names, features = feature_names(space.operations, len(cells)), _features(space, cells)
    return (*names, *_SIZES[: features.shape[1] - len(names)]), features


def _features(space: SearchSpace, cells: Sequence[CellArrays]) -> Floats:
    sizes = np.asarray(space.network_sizes(cells), dtype=np.float64)
    if sizes.shape not in ((len(cells[0]), 0), (len(cells[0]), len(_SIZES))):
        raise SpaceError(
            f"{space.name}: network_sizes() has shape {sizes.shape}, expected ({len(cells[0])}, {len(_SIZES)})"
        )
    if not ((sizes > 0) & (sizes < np.inf)).all():
        wrong = sizes[~((sizes > 0) & (sizes < np.inf))][0]
        raise SpaceError(f"{space.name}: network_sizes() gave {wrong}; all must be above 0 and finite")
    return np.append(graph_features(cells, space.operations), np.log(sizes, dtype=np.float32), axis=1)


@lru_cache(maxsize=8)
def feature_map(space: SearchSpace) -> FeatureMap:
    """The map of a space, made once."""
    return FeatureMap(space)
