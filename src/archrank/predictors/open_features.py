"""The features of an open space's architectures: their active choices and their networks, on comparable scales."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.network_features import SIZES
from archrank.open_space import OpenSpace
from archrank.predictors.groups import Grouped, grouped

__all__ = ["OpenFeatureMap"]

Floats = npt.NDArray[np.float32]

_SAMPLE = 200
_CLIP = 5.0
_KEPT = 100_000
"""Architectures whose features are remembered."""


class OpenFeatureMap(Grouped):
    """Turns architectures of an open space into standardized features of their choices and of what they compute.

    Features are those of :meth:`~archrank.open_space.OpenSpace.features`. Choices that are not active in an
    architecture have the mean of those in which they are. Names, means and standard deviations come from a fixed random
    sample of the space; what does not occur or vary in it is left out.

    Args:
        space: The space.

    Attributes:
        names: The names of the F features.
        groups: Those of choices, and those of the network.
        whole: False: choices alone are not all that is seen.
        sizes: Indices of those that measure the whole network, such as the logarithm of its parameters.
    """

    whole = False

    def __init__(self, space: OpenSpace) -> None:
        self._space = space
        self._kept: dict[Architecture, Floats] = {}
        drawn = space.sample(_SAMPLE, np.random.default_rng(0))
        described = [space.features(a) for a in drawn]
        names = list(dict.fromkeys(name for each in described for name in each))
        values = _matrix(described, names)
        with np.errstate(invalid="ignore"):
            spread = np.nanmax(values, axis=0) - np.nanmin(values, axis=0)
        varied = np.flatnonzero(spread > 0)
        self.names = tuple(names[index] for index in varied)
        chosen = {name for architecture in drawn for name in _choice_features(space, architecture)}
        self.groups = grouped(["choices" if name in chosen else "graph" for name in self.names])
        self.sizes = [index for index, name in enumerate(self.names) if name in SIZES]
        self._mean = np.nanmean(values[:, varied], axis=0).astype(np.float32)
        self._std = np.nanstd(values[:, varied], axis=0).astype(np.float32)

    def __call__(self, rows: npt.NDArray[Any]) -> Floats:
        """The features of B architectures, given as :meth:`~archrank.open_space.OpenSpace.pack` gives them: (B, F)."""
        if len(self._kept) + len(rows) > _KEPT:
            self._kept.clear()
        found = np.empty((len(rows), len(self.names)), dtype=np.float32)
        for index, architecture in enumerate(rows):
            if architecture not in self._kept:
                self._kept[architecture] = self._of(architecture)
            found[index] = self._kept[architecture]
        return found

    def _of(self, architecture: Architecture) -> Floats:
        values = _matrix([self._space.features(architecture)], self.names)[0]
        standard: Floats = np.clip((values - self._mean) / self._std, -_CLIP, _CLIP)
        return np.nan_to_num(standard, nan=0.0)


def _choice_features(space: OpenSpace, architecture: Architecture) -> Iterator[str]:
    """The names of the features that describe the choices of an architecture."""
    for name, domain in space.domains(architecture).items():
        yield f"{name} is active"
        yield from (f"{name}{suffix}" for suffix in domain.feature_names())


def _matrix(described: Sequence[dict[str, float]], names: Sequence[str]) -> Floats:
    """Features of B architectures, NaN for what an architecture does not have; counts of what is not there are 0."""
    absent = {name: 0.0 if _is_count(name) else np.nan for name in names}
    return np.array(
        [[each.get(name, absent[name]) for name in names] for each in described], dtype=np.float32
    )


def _is_count(name: str) -> bool:
    return name.endswith((" is active", ": count", ": parameters", ": multiply-adds")) or " → " in name
