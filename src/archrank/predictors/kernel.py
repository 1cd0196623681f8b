"""The kernel of a Gaussian process over the features of graphs, and how it is tuned."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.linalg import cholesky, lapack

__all__ = ["JITTER", "Kernel", "Points", "read_kernel", "squared_distance", "tuned"]

Floats = npt.NDArray[np.float64]

JITTER = 1e-6

_SLOPE = 0.1
"""Variance of the slopes by which hints enter, in those of the signal; wider ones rank no better."""

_DEPTH_WEIGHTS = (0.25, 0.0, 0.5, 0.75)
"""Weights of the deep features, the one that lengths are first tried with at the front."""

_RATIOS = np.logspace(-3, 1, 41)
"""Noise over signal."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """The inputs of the kernel for B architectures.

    Attributes:
        plain: Standardized features other than those of depth, over the root of their number: (B, P).
        deep: Standardized features of depth, over the root of their number: (B, D).
        lines: A constant and what hints predict; None where there are no hints: (B, 1 + H).
        more: Standardized features of further groups: (B, E).
    """

    plain: Floats
    deep: Floats
    lines: Floats | None
    more: Floats

    @classmethod
    def of(
        cls,
        features: npt.NDArray[np.float32],
        deep: npt.NDArray[np.bool_],
        further: npt.NDArray[np.bool_],
        hinted: Floats,
    ) -> Self:
        """The points of standardized features (B, F).

        Args:
            features: (B, F).
            deep: Which of them are of depth: (F,).
            further: Which of them are of further groups: (F,).
            hinted: What H hints predict: (B, H).
        """
        lines = np.insert(hinted, 0, 1, axis=1) if hinted.shape[1] else None
        plain, more = features[:, ~deep & ~further], features[:, further].astype(np.float64)
        return cls(_scaled(plain), _scaled(features[:, deep]), lines, more)

    def __len__(self) -> int:
        return len(self.plain)

    def __getitem__(self, part: "slice | npt.NDArray[np.intp]") -> "Points":
        lines = None if self.lines is None else self.lines[part]
        return Points(self.plain[part], self.deep[part], lines, self.more[part])


@dataclass(frozen=True, slots=True)
class Kernel:
    """A Matérn kernel (ν = 3/2) of the features, and a linear one of what hints predict.

    Squared distances are weighted means of those in the plain and in the deep features, to which those in the further
    features are added.

    Attributes:
        length: The Matérn kernel's length.
        noise: The share of noise in the variance of noise and Matérn kernel.
        variance: The variance of the Matérn kernel.
        slope: The variance of the linear kernel's slopes, in those of the Matérn kernel.
        depth: The weight of the deep features, from 0 to 1.
        scales: What each further feature is multiplied by; none where these have no weight: (E,).
    """

    length: float
    noise: float
    variance: float
    slope: float = 0.0
    depth: float = 0.0
    scales: tuple[float, ...] = ()

    def covariance(self, a: Points, b: Points) -> Floats:
        """The covariance of B points with n others, in units of the variance: (B, n)."""
        squared = squared_distance(a.plain, b.plain)
        if self.depth:
            squared *= 1 - self.depth
            squared += self.depth * squared_distance(a.deep, b.deep)
        if any(self.scales):
            scales = np.array(self.scales)
            weighty = np.flatnonzero(scales)
            factors = scales[weighty]
            squared += squared_distance(a.more[:, weighty] * factors, b.more[:, weighty] * factors)
        covariance = _matern(squared, self.length)
        if self.slope and a.lines is not None and b.lines is not None:
            covariance += self.slope * a.lines @ b.lines.T
        return covariance

    def diagonal(self, a: Points) -> Floats:
        """The variance of each point, in units of the variance: (B,)."""
        ones = np.ones(len(a))
        return ones if a.lines is None else ones + self.slope * (a.lines**2).sum(axis=1)

    def whitener(self, x: Points) -> Floats:
        """The inverse of the lower Cholesky root of the covariance of measurements of n points: (n, n).

        The covariance is that in units of the variance, with the noise.

        Raises:
            ValueError: The covariance is not positive definite.
        """
        covariance = self.covariance(x, x)
        covariance[np.diag_indices(len(x))] += self.noise / (1 - self.noise) + JITTER
        # It is symmetric, so the transpose is the same matrix in the order that LAPACK works on in place.
        root = cholesky(covariance.T, lower=True, overwrite_a=True, check_finite=False)
        inverse, _ = lapack.dtrtri(root, lower=1, overwrite_c=1)
        return np.ascontiguousarray(inverse)


def read_kernel(record: Any, further: int) -> Kernel:
    """The kernel of a file.

    Args:
        record: Its fields by name.
        further: E, the number of further features.

    Raises:
        ValueError: They are no kernel.
        TypeError: So are these.
    """
    kernel = Kernel(**record | {"scales": tuple(record["scales"])})
    numbers = (kernel.length, kernel.noise, kernel.variance, kernel.slope, kernel.depth, *kernel.scales)
    if not all(isinstance(number, int | float) and math.isfinite(number) for number in numbers):
        raise ValueError("a kernel with something else than finite numbers")
    if not (kernel.length > 0 and 0 <= kernel.noise < 1 and kernel.variance > 0 and kernel.slope >= 0):
        raise ValueError("a kernel with a number out of its range")
    if not 0 <= kernel.depth <= 1 or len(kernel.scales) not in (0, further):
        raise ValueError(f"a kernel whose weights do not fit {further} further features")
    return kernel


def tuned(x: Points, y: Floats) -> Kernel:
    """The kernel that makes the targets (n,) of n points most likely; with hints or without, whichever does.

    The best variance is known for given length and noise, and all noises share one tridiagonal form, so lengths are
    searched on a grid: the likelihood may have several local maxima. Then the weight of the
    deep features, and the length again, more finely.
    """
    grid = _Grid(x, y)
    slopes = (0.0,) if x.lines is None else (0.0, _SLOPE)
    return _best(_tuned(grid, slope) for slope in slopes)[1]


class _Grid:
    """The likelihoods of kernels for the same n points and targets."""

    def __init__(self, x: Points, y: Floats) -> None:
        self.depths = _DEPTH_WEIGHTS if x.deep.shape[1] else (0.0,)
        self._y = y
        self._plain = squared_distance(x.plain, x.plain)
        self._deep = squared_distance(x.deep, x.deep)
        self._linear = 0.0 if x.lines is None else x.lines @ x.lines.T

    def __call__(self, length: float, slope: float, depth: float) -> tuple[float, Kernel]:
        """The best noise and variance for the rest: the likelihood's logarithm but for a constant, and the kernel."""
        covariance = _matern((1 - depth) * self._plain + depth * self._deep, length)
        if slope:
            covariance += slope * self._linear
        logarithms, squares = _with_noise(covariance, self._y, _RATIOS + JITTER)
        n = len(self._y)
        variances = squares / n
        likelihoods = -n / 2 * np.log(variances) - logarithms / 2
        best = int(likelihoods.argmax())
        noise = float(_RATIOS[best] / (1 + _RATIOS[best]))
        return float(likelihoods[best]), Kernel(length, noise, float(variances[best]), slope, depth)


def _tuned(grid: _Grid, slope: float) -> tuple[float, Kernel]:
    lengths = np.logspace(-0.6, 1.2, 10).tolist()
    found = _best(grid(length, slope, grid.depths[0]) for length in lengths)
    length = found[1].length
    found = _best((found, *(grid(length, slope, depth) for depth in grid.depths[1:])))
    depth, finer = found[1].depth, (length * np.logspace(-0.15, 0.15, 5)).tolist()
    return _best((found, *(grid(length, slope, depth) for length in finer)))


def _best(tried: Iterable[tuple[float, Kernel]]) -> tuple[float, Kernel]:
    return max(tried, key=lambda found: found[0])


def _with_noise(covariance: Floats, y: Floats, noises: Floats) -> tuple[Floats, Floats]:
    """The logarithm of the determinant of covariance + noise · I, and y' (covariance + noise · I)⁻¹ y, for each noise.

    With covariance = Q T Q', where T is tridiagonal, both are quick to get from T + noise · I and Q' y, however many
    noises there are; an eigendecomposition, which serves as well, takes three times as long.

    Args:
        covariance: (n, n), symmetric, n at least 2; it is overwritten.
        y: (n,).
        noises: (noises,), each above 0.

    Returns:
        (noises,), (noises,).
    """
    n = len(y)
    work = 64 * n
    reduced, diagonal, beside, scales, _ = lapack.dsytrd(covariance.T, lower=1, lwork=work, overwrite_a=1)
    turned = y.copy()
    # The reflections that Q consists of leave the first element unchanged.
    inner, _, _ = lapack.dormqr("L", "T", np.asfortranarray(reduced[1:, :-1]), scales, y[1:, None], work)
    turned[1:] = inner[:, 0]
    logarithms, squares = np.empty((2, len(noises)))
    for index, noise in enumerate(noises):
        pivots, factors, _ = lapack.dpttrf(diagonal + noise, beside)
        solved, _ = lapack.dpttrs(pivots, factors, turned)
        logarithms[index], squares[index] = np.log(pivots).sum(), turned @ solved
    return logarithms, squares


def _scaled(features: npt.NDArray[np.float32]) -> Floats:
    # Distances grow with the number of features; a length of 1 should mean the same in every space.
    scaled: Floats = features.astype(np.float64, order="C") / math.sqrt(max(1, features.shape[1]))
    return scaled


def squared_distance(a: Floats, b: Floats) -> Floats:
    """The squared distances of B points (B, P) from n others (n, P): (B, n)."""
    squared: Floats = -2 * a @ b.T
    squared += (a**2).sum(axis=1)[:, None]
    squared += (b**2).sum(axis=1)
    return squared


def _matern(squared: Floats, length: float) -> Floats:
    """The kernel (1 + r) exp(-r), r = √3 · distance / length, of squared distances, which are overwritten."""
    squared *= 3 / length**2
    np.maximum(squared, 0, out=squared)  # rounding may have taken it below
    r = np.sqrt(squared, out=squared)
    decay = np.exp(-r)
    r += 1
    r *= decay
    return r
