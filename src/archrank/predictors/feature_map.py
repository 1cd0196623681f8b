"""The features of a space's architectures, on comparable scales."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays
from archrank.features import depth_features, feature_names, graph_features
from archrank.open_space import OpenSpace
from archrank.predictors.open_features import OpenFeatureMap
from archrank.space import Rows, SearchSpace

__all__ = ["FeatureMap", "feature_map", "named_features"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 1_000
_CLIP = 5.0


class FeatureMap:
    """Turns rows of a space into standardized features of what they compute.

    The graphs are simplified by the space's function rules first, so equal functions have equal features. Means and
    standard deviations come from a fixed random sample of the space, not from the measured architectures, so that the
    features of an architecture depend on the space only. Features that are constant over the sample are left out;
    values beyond five standard deviations are clipped.

    Args:
        space: The space.

    Attributes:
        names: The names of the F features.
        deep: Which of them describe the depth of operations: (F,).
        sizes: None: cells of a space are of about one size.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        sample = space.pack(space.sample(_SAMPLE, np.random.default_rng(0)))
        cells = space.function_arrays(sample)
        names, features = _named(space, cells)
        self._kept = np.flatnonzero(np.ptp(features, axis=0))  # a deviation may round to more than 0
        self._mean = features[:, self._kept].mean(axis=0)
        self._std = features[:, self._kept].std(axis=0)
        self.names = tuple(names[index] for index in self._kept)
        self.sizes: list[int] = []
        self.deep = depth_features(space.operations, len(cells))[self._kept]

    def __call__(self, rows: Rows) -> Floats:
        """The features of B architectures: (B, F)."""
        features = named_features(self._space, rows)[1][:, self._kept]
        standard: Floats = np.clip((features - self._mean) / self._std, -_CLIP, _CLIP, order="C")
        return standard


def named_features(space: SearchSpace, rows: Rows) -> tuple[tuple[str, ...], Floats]:
    """The features of B architectures before scaling: names (F,), and values for their functions (B, F).

    In an open space, what an architecture does not have is NaN.
    """
    if isinstance(space, OpenSpace):
        described = [space.features(architecture) for architecture in space.architectures(rows)]
        found = tuple(dict.fromkeys(name for each in described for name in each))
        return found, np.array([[each.get(name, np.nan) for name in found] for each in described], np.float32)
    return _named(space, space.function_arrays(rows))


def _named(space: SearchSpace, cells: Sequence[CellArrays]) -> tuple[tuple[str, ...], Floats]:
    return feature_names(space.operations, len(cells)), graph_features(cells, space.operations)


@lru_cache(maxsize=8)
def feature_map(space: SearchSpace) -> "FeatureMap | OpenFeatureMap":
    """The map of a space, made once."""
    return OpenFeatureMap(space) if isinstance(space, OpenSpace) else FeatureMap(space)
