"""The kernel of a Gaussian process over the features of graphs, and how it is tuned."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import torch

__all__ = ["JITTER", "Kernel", "Points", "tuned"]

JITTER = 1e-6

_SLOPE = 0.1
"""Variance of the slopes by which hints enter, in those of the signal; wider ones rank no better."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """What the kernel reads of B architectures.

    Attributes:
        features: Standardised features, over the root of their number: (B, F).
        lines: A constant and what hints say; None where there are no hints: (B, 1 + H).
    """

    features: torch.Tensor
    lines: torch.Tensor | None

    @classmethod
    def of(cls, features: npt.NDArray[np.float32], told: npt.NDArray[np.float64]) -> Self:
        """The points of standardised features (B, F) and of what H hints say (B, H)."""
        # Distances grow with the number of features; a length of 1 should mean the same in every space.
        scaled = torch.from_numpy(features.astype(np.float64) / math.sqrt(max(1, features.shape[1])))
        lines = torch.from_numpy(np.insert(told, 0, 1, axis=1)) if told.shape[1] else None
        return cls(scaled, lines)

    def __len__(self) -> int:
        return len(self.features)

    def __getitem__(self, part: "slice | npt.NDArray[np.intp]") -> "Points":
        return Points(self.features[part], None if self.lines is None else self.lines[part])


@dataclass(frozen=True, slots=True)
class Kernel:
    """A Matérn kernel (ν = 3/2) of the features, and a linear one of what hints say.

    Attributes:
        length: The Matérn kernel's length.
        noise: The share of noise in the variance of noise and Matérn kernel.
        variance: The variance of the Matérn kernel.
        slope: The variance of the linear kernel's slopes, in those of the Matérn kernel.
    """

    length: float
    noise: float
    variance: float
    slope: float = 0.0

    def covariance(self, a: Points, b: Points) -> torch.Tensor:
        """The covariance of B points with n others, in units of the variance: (B, n)."""
        covariance = _matern(a.features, b.features, self.length)
        if not self.slope or a.lines is None or b.lines is None:
            return covariance
        return covariance + self.slope * a.lines @ b.lines.T

    def own(self, a: Points) -> torch.Tensor:
        """The variance of each point, in units of the variance: (B,)."""
        ones = torch.ones(len(a), dtype=a.features.dtype)
        return ones if a.lines is None else ones + self.slope * a.lines.square().sum(1)

    def root(self, x: Points) -> torch.Tensor:
        """The root of the covariance of measurements of n points, in units of the variance: (n, n)."""
        diagonal = self.noise / (1 - self.noise) + JITTER
        root: torch.Tensor = torch.linalg.cholesky(
            self.covariance(x, x) + diagonal * torch.eye(len(x), dtype=x.features.dtype)
        )
        return root


def tuned(x: Points, y: torch.Tensor) -> Kernel:
    """The kernel that makes the targets (n,) of n points most likely; with hints or without, whichever does.

    The best variance is known for given length and noise, and all noises share one eigendecomposition, so lengths
    are searched on a grid and then finer: the likelihood may have several hills, and a grid falls off none of them.
    """
    slopes = (0.0,) if x.lines is None else (0.0, _SLOPE)
    return max((_tuned(x, y, slope) for slope in slopes), key=lambda found: found[0])[1]


def _tuned(x: Points, y: torch.Tensor, slope: float) -> tuple[float, Kernel]:
    """The logarithm of the likelihood but for a constant, and the kernel that has the highest."""
    ratios = torch.logspace(-3, 1, 41, dtype=y.dtype)
    best, found = -math.inf, Kernel(1.0, 0.5, 1.0, slope)
    lengths = torch.logspace(-0.6, 1.2, 10)
    for _ in range(2):
        for length in lengths.tolist():
            values, vectors = torch.linalg.eigh(Kernel(length, 0.5, 1.0, slope).covariance(x, x))
            scales = values.clamp_min(0) + JITTER + ratios[:, None]
            variances = ((vectors.T @ y).square() / scales).mean(dim=1)
            likelihoods = -len(y) / 2 * variances.log() - scales.log().sum(dim=1) / 2
            place = int(likelihoods.argmax())
            if float(likelihoods[place]) > best:
                ratio = float(ratios[place])
                best = float(likelihoods[place])
                found = Kernel(length, ratio / (1 + ratio), float(variances[place]), slope)
        lengths = found.length * torch.logspace(-0.15, 0.15, 5)
    return best, found


def _matern(a: torch.Tensor, b: torch.Tensor, length: float) -> torch.Tensor:
    """The kernel (1 + r) exp(-r), r = √3 · distance / length, of (B, F) with (n, F): (B, n)."""
    squared = a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.T
    # The root has no gradient at zero.
    r = (3 * squared.clamp_min(0) + 1e-12).sqrt() / length
    covariance: torch.Tensor = (1 + r) * torch.exp(-r)
    return covariance
