"""The kernel of a Gaussian process over the features of graphs, and how it is tuned."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["JITTER", "Kernel", "Points", "tuned"]

JITTER = 1e-6

_SLOPE = 0.1
"""Variance of the slopes by which hints enter, in those of the signal; wider ones rank no better."""

_DEPTH_WEIGHTS = (0.25, 0.0, 0.5, 0.75)
"""Weights of the deep features, the one that lengths are first tried with at the front."""

_RATIOS = torch.logspace(-3, 1, 41, dtype=torch.float64)
"""Noise over signal."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What the kernel reads of B architectures.

    Attributes:
        plain: Standardised features but those of depth, over the root of their number: (B, P).
        deep: Those that say how deep operations lie, over the root of their number: (B, D).
        lines: A constant and what hints say; None where there are no hints: (B, 1 + H).
    """

    plain: torch.Tensor
    deep: torch.Tensor
    lines: torch.Tensor | None

    @classmethod
    def of(
        cls,
        features: npt.NDArray[np.float32],
        deep: npt.NDArray[np.bool_],
        told: npt.NDArray[np.float64],
    ) -> Self:
        """The points of standardised features (B, F), of which some (F,) are deep, and of what H hints say (B, H)."""
        lines = torch.from_numpy(np.insert(told, 0, 1, axis=1)) if told.shape[1] else None
        return cls(_scaled(features[:, ~deep]), _scaled(features[:, deep]), lines)

    def __len__(self) -> int:
        return len(self.plain)

    def __getitem__(self, part: "slice | npt.NDArray[np.intp]") -> "Points":
        return Points(self.plain[part], self.deep[part], None if self.lines is None else self.lines[part])


@dataclass(frozen=True, slots=True)
class Kernel:
    """A Matérn kernel (ν = 3/2) of the features, and a linear one of what hints say.

    Squared distances are weighted means of those in the plain and in the deep features.

    Attributes:
        length: The Matérn kernel's length.
        noise: The share of noise in the variance of noise and Matérn kernel.
        variance: The variance of the Matérn kernel.
        slope: The variance of the linear kernel's slopes, in those of the Matérn kernel.
        depth: The weight of the deep features, from 0 to 1.
    """

    length: float
    noise: float
    variance: float
    slope: float = 0.0
    depth: float = 0.0

    def covariance(self, a: Points, b: Points) -> torch.Tensor:
        """The covariance of B points with n others, in units of the variance: (B, n)."""
        squared = (1 - self.depth) * _squared_distance(a.plain, b.plain)
        if self.depth:
            squared += self.depth * _squared_distance(a.deep, b.deep)
        covariance = _matern(squared, self.length)
        if not self.slope or a.lines is None or b.lines is None:
            return covariance
        return covariance + self.slope * a.lines @ b.lines.T

    def own(self, a: Points) -> torch.Tensor:
        """The variance of each point, in units of the variance: (B,)."""
        ones = torch.ones(len(a), dtype=a.plain.dtype)
        return ones if a.lines is None else ones + self.slope * a.lines.square().sum(1)

    def root(self, x: Points) -> torch.Tensor:
        """The root of the covariance of measurements of n points, in units of the variance: (n, n)."""
        diagonal = self.noise / (1 - self.noise) + JITTER
        root: torch.Tensor = torch.linalg.cholesky(
            self.covariance(x, x) + diagonal * torch.eye(len(x), dtype=x.plain.dtype)
        )
        return root


def tuned(x: Points, y: torch.Tensor) -> Kernel:
    """The kernel that makes the targets (n,) of n points most likely; with hints or without, whichever does.

    The best variance is known for given length and noise, and all noises share one eigendecomposition, so lengths
    are searched on a grid: the likelihood may have several hills, and a grid falls off none of them. Then the weight of
    the deep features, and the length again, more finely.
    """
    slopes = (0.0,) if x.lines is None else (0.0, _SLOPE)
    return _best(_tuned(x, y, slope) for slope in slopes)[1]


def _tuned(x: Points, y: torch.Tensor, slope: float) -> tuple[float, Kernel]:
    """The logarithm of the likelihood but for a constant, and the kernel that has the highest."""
    depths = _DEPTH_WEIGHTS if x.deep.shape[1] else (0.0,)
    lengths = torch.logspace(-0.6, 1.2, 10).tolist()
    found = _best(_likely(x, y, length, slope, depths[0]) for length in lengths)
    length = found[1].length
    found = _best((found, *(_likely(x, y, length, slope, depth) for depth in depths[1:])))
    depth, finer = found[1].depth, (length * torch.logspace(-0.15, 0.15, 5)).tolist()
    return _best((found, *(_likely(x, y, length, slope, depth) for length in finer)))


def _best(tried: Iterable[tuple[float, Kernel]]) -> tuple[float, Kernel]:
    return max(tried, key=lambda found: found[0])


def _likely(x: Points, y: torch.Tensor, length: float, slope: float, depth: float) -> tuple[float, Kernel]:
    """The best noise and variance for a length, a slope and a depth: the likelihood's logarithm, and the kernel."""
    values, vectors = torch.linalg.eigh(Kernel(length, 0.5, 1.0, slope, depth).covariance(x, x))
    scales = values.clamp_min(0) + JITTER + _RATIOS[:, None]
    variances = ((vectors.T @ y).square() / scales).mean(dim=1)
    likelihoods = -len(y) / 2 * variances.log() - scales.log().sum(dim=1) / 2
    place = int(likelihoods.argmax())
    ratio = float(_RATIOS[place])
    return float(likelihoods[place]), Kernel(
        length, ratio / (1 + ratio), float(variances[place]), slope, depth
    )


def _scaled(features: npt.NDArray[np.float32]) -> torch.Tensor:
    # Distances grow with the number of features; a length of 1 should mean the same in every space.
    return torch.from_numpy(features.astype(np.float64, order="C") / math.sqrt(max(1, features.shape[1])))


def _squared_distance(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    return a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.T


def _matern(squared: torch.Tensor, length: float) -> torch.Tensor:
    """The kernel (1 + r) exp(-r), r = √3 · distance / length, of squared distances of any shape."""
    # The root has no gradient at zero.
    r = (3 * squared.clamp_min(0) + 1e-12).sqrt() / length
    covariance: torch.Tensor = (1 + r) * torch.exp(-r)
    return covariance
