"""The features of a space's architectures, on comparable scales."""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from archrank.arrays import CellArrays
from archrank.features import depth_features, feature_names, graph_features
from archrank.open_space import OpenSpace
from archrank.predictors.groups import Further, Grouped, grouped
from archrank.predictors.open_features import OpenFeatureMap
from archrank.space import Rows, SearchSpace

__all__ = ["FeatureMap", "feature_map", "named_features"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 1_000
_CLIP = 5.0

_KEPT = 4_096
"""Architectures whose features are kept: those of a history are asked for by every member in every round."""


class FeatureMap(Grouped):
    """Turns rows of a space into standardized features of what they compute.

    The graphs are simplified by the space's function rules first, so equal functions have equal features of graphs.
    Choices, attributes of operations and their places follow (:class:`~archrank.predictors.groups.Further`). Means and
    standard deviations come from a fixed random sample of the space, not from the measured architectures, so that the
    features of an architecture depend on the space only. Features that are constant over the sample are left out;
    values beyond five standard deviations are clipped.

    Args:
        space: The space.

    Attributes:
        names: The names of the F features.
        groups: What they describe: ``graph``, ``depth``, and those of ``Further``.
        sizes: None: cells of a space are of about one size.
        whole: Whether the groups of ``Further`` alone tell all architectures of different functions apart.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        sample = space.pack(space.sample(_SAMPLE, np.random.default_rng(0)))
        cells = space.function_arrays(sample)
        names, features = _named(space, cells)
        deep = depth_features(space.operations, len(cells))
        self._further = Further(space, sample, cells)
        self.whole = self._further.whole
        features = np.concatenate([features, self._further(sample, cells)], axis=1, dtype=np.float32)
        self._kept = np.flatnonzero(np.ptp(features, axis=0))  # a deviation may round to more than 0
        self._mean = features[:, self._kept].mean(axis=0)
        self._std = features[:, self._kept].std(axis=0)
        every = (*names, *self._further.names)
        self.names = tuple(every[index] for index in self._kept)
        self.sizes: list[int] = []
        first = np.where(deep, "depth", "graph").tolist()
        self.groups = grouped([(*first, *self._further.groups)[index] for index in self._kept])
        self._recent: dict[bytes, Floats] = {}

    def __call__(self, rows: Rows) -> Floats:
        """The features of B architectures: (B, F)."""
        if not len(rows):
            return np.empty((0, len(self.names)), dtype=np.float32)
        if len(rows) > _KEPT // 2:
            return self._computed(rows)
        keys = [row.tobytes() for row in rows]
        recent = self._recent
        found = {key: recent[key] for key in keys if key in recent}
        if new := [index for index, key in enumerate(keys) if key not in found]:
            computed = dict(zip([keys[index] for index in new], self._computed(rows[new]), strict=True))
            found |= computed
            kept = {**recent, **computed}
            self._recent = dict(list(kept.items())[-_KEPT:])
        return np.array([found[key] for key in keys])

    def _computed(self, rows: Rows) -> Floats:
        cells = self._space.function_arrays(rows)
        features = graph_features(cells, self._space.operations)
        if self._further.names:
            features = np.concatenate([features, self._further(rows, cells)], axis=1, dtype=np.float32)
        features = features[:, self._kept]
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
