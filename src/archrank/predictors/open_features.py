"""The features of an open space's architectures: their active choices and their networks, on comparable scales."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.network_features import SIZES
from archrank.open_space import OpenSpace
from archrank.predictors.groups import Grouped, grouped
from archrank.predictors.outline_columns import OutlineColumns

__all__ = ["OpenFeatureMap"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 200
_CLIP = 5.0
_KEPT = 100_000
"""Architectures whose features are remembered."""

_AT_ONCE = 500
"""So few that a space may remember what it has worked out for one feature until the next one needs it."""


class OpenFeatureMap(Grouped):
    """Turns architectures of an open space into standardized features of their choices and of what they compute.

    Features are those of :meth:`~archrank.open_space.OpenSpace.features`, and those of the networks' outlines where
    these are small. Choices that are not active in an architecture have the mean of those in which they are. Names,
    means and standard deviations come from a fixed random sample of the space; what does not occur or vary in it is
    left out.

    Args:
        space: The space.

    Attributes:
        names: The names of the F features.
        groups: Those of choices, those of the network, and the depth of operations in its outline.
        whole: False: choices alone are not all that is seen.
        sizes: Indices of those that measure the whole network, such as the logarithm of its parameters.
    """

    whole = False

    def __init__(self, space: OpenSpace) -> None:
        self._space = space
        self._kept: dict[Architecture, Floats] = {}
        drawn = space.sample(_SAMPLE, np.random.default_rng(0))
        space.prepare(drawn)
        described = [space.features(a) for a in drawn]
        own = list(dict.fromkeys(name for each in described for name in each))
        self._outlines = OutlineColumns([space.function(a) for a in drawn])
        values = np.concatenate(
            [_matrix(described, own), self._outlines([space.function(a) for a in drawn])], axis=1
        )
        with np.errstate(invalid="ignore"):
            spread = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
        self._varied = np.flatnonzero(spread > 0)
        names, kinds = (*own, *self._outlines.names), (*["graph"] * len(own), *self._outlines.groups)
        chosen = {name for architecture in drawn for name in _choice_features(space, architecture)}
        self._own = own
        self.names = tuple(names[index] for index in self._varied)
        self.groups = grouped(
            ["choices" if names[index] in chosen else kinds[index] for index in self._varied]
        )
        self.sizes = [index for index, name in enumerate(self.names) if name in SIZES]
        self._mean = np.nanmean(values[:, self._varied], axis=0).astype(np.float32)
        self._std = np.nanstd(values[:, self._varied], axis=0).astype(np.float32)

    def __call__(self, rows: npt.NDArray[Any]) -> Floats:
        """The features of B architectures, given as :meth:`~archrank.open_space.OpenSpace.pack` gives them: (B, F)."""
        if len(self._kept) + len(rows) > _KEPT:
            self._kept.clear()
        new = [architecture for architecture in dict.fromkeys(rows) if architecture not in self._kept]
        if new:
            self._kept.update(zip(new, self._of(new), strict=True))
        return np.array([self._kept[architecture] for architecture in rows]).reshape(
            len(rows), len(self.names)
        )

    def _of(self, architectures: Sequence[Architecture]) -> Floats:
        self._space.prepare(architectures)
        starts = range(0, len(architectures), _AT_ONCE)
        return np.concatenate([self._part(architectures[start : start + _AT_ONCE]) for start in starts])

    def _part(self, architectures: Sequence[Architecture]) -> Floats:
        described = [self._space.features(architecture) for architecture in architectures]
        outlines = self._outlines([self._space.function(architecture) for architecture in architectures])
        values = np.concatenate([_matrix(described, self._own), outlines], axis=1)[:, self._varied]
        standard: Floats = np.clip((values - self._mean) / self._std, -_CLIP, _CLIP)
        return np.nan_to_num(standard, nan=0.0)


def _choice_features(space: OpenSpace, architecture: Architecture) -> Iterator[str]:
    """The names of the features that describe the choices of an architecture."""
    for name, domain in space.domains(architecture).items():
        if name in space.identifiers:
            continue
        yield f"{name} is active"
        yield from (f"{name}{suffix}" for suffix in domain.feature_names())


def _matrix(described: Sequence[dict[str, float]], names: Sequence[str]) -> Floats:
    """Features of B architectures, NaN for what an architecture does not have; counts of what is not there are 0."""
    absent = {name: 0.0 if _is_count(name) else np.nan for name in names}
    return np.array(
        [[each.get(name, absent[name]) for name in names] for each in described], dtype=np.float32
    )


def _is_count(name: str) -> bool:
    counts = (
        " is active",
        ": count",
        ": on every path",
        ": along the flow",
        ": parameters",
        ": multiply-adds",
    )
    return name.endswith(counts) or " → " in name
