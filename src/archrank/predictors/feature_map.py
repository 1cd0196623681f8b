"""The features of a space's architectures, on comparable scales."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archrank.features import depth_features, feature_names, graph_features
from archrank.space import Rows, SearchSpace

__all__ = ["FeatureMap", "feature_map"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 1_000
_FAR = 5.0


class FeatureMap:
    """Turns rows of a space into standardised features of what they compute.

    The graphs are simplified by the space's function rules first, so equal functions have equal features. Scales come
    from a fixed random sample of the space, not from what was measured, so that an architecture's features are a fact
    of the space. Features that do not vary over the sample are left out; what lies far outside of it is moved to five
    standard deviations.

    Args:
        space: The space.

    Attributes:
        names: What the F features are.
        deep: Which of them say how deep operations lie: (F,).
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        sample = np.array(
            [a.choices for a in space.sample(_SAMPLE, np.random.default_rng(0))], dtype=np.int16
        )
        cells = space.function_arrays(sample)
        features = graph_features(cells, space.operations)
        self._kept = np.flatnonzero(np.ptp(features, axis=0))  # a deviation may round to more than 0
        self._centre = features[:, self._kept].mean(axis=0)
        self._spread = features[:, self._kept].std(axis=0)
        names = feature_names(space.operations, len(cells))
        self.names = tuple(names[place] for place in self._kept)
        self.deep = depth_features(space.operations, len(cells))[self._kept]

    def __call__(self, rows: Rows) -> Floats:
        """The features of B architectures: (B, F)."""
        features = graph_features(self._space.function_arrays(rows), self._space.operations)[:, self._kept]
        standard: Floats = np.clip((features - self._centre) / self._spread, -_FAR, _FAR, order="C")
        return standard


@lru_cache(maxsize=8)
def feature_map(space: SearchSpace) -> FeatureMap:
    """The map of a space, made once."""
    return FeatureMap(space)
