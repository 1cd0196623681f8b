"""Weisfeiler–Lehman kernels of the levels of graphs, and the weights that make targets most likely."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.optimize import minimize

from archrank.architecture import Architecture
from archrank.folding import fold
from archrank.graph import Graph, Node
from archrank.predictors.wl_labels import depth, level_graphs, wl_counts
from archrank.space import SearchSpace

__all__ = ["ITERATIONS", "LEVELS", "LevelCounts", "WLMap", "WLWeights", "tuned_weights", "wl_map"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ITERATIONS = 3
"""Refinements at most; more tell nearly all graphs of a space apart."""

LEVELS = 8
"""Levels at most: the coarsest ones, and the flat graph."""

_KEPT = 1_000
_NOISES = (1e-3, 10.0)
"""The least and the largest noise, in variances of the signal."""

_LEAST = -8.0
"""The logarithm of the smallest weight, relative to the largest possible."""


@dataclass(frozen=True, slots=True, eq=False)
class LevelCounts:
    """The labels of n graphs at one level, sparse.

    Attributes:
        labels: The different labels, ascending: (U,).
        counts: How often each label occurs in each graph: n rows over U columns.
        norms: The root of the sum of squared counts of each graph, of labels that are no column too: (n,).
    """

    labels: Ints
    counts: sparse.csr_matrix
    norms: Floats

    @classmethod
    def of(cls, found: Sequence[tuple[Ints, Ints]], labels: Ints | None = None) -> Self:
        """The counts of n graphs.

        Args:
            found: The labels of each graph and their counts.
            labels: The columns, ascending; all labels that occur for None.
        """
        every = np.concatenate([each for each, _ in found]) if found else np.zeros(0, dtype=np.int64)
        numbers = np.concatenate([counts for _, counts in found]) if found else every
        norms = np.array([math.sqrt(float((counts.astype(np.float64) ** 2).sum())) for _, counts in found])
        rows = np.repeat(np.arange(len(found)), [len(each) for each, _ in found])
        if labels is None:
            labels = np.unique(every)
        at = np.searchsorted(labels, every)
        known = at < len(labels)
        known[known] = labels[at[known]] == every[known]
        shape = (len(found), len(labels))
        counts = sparse.csr_matrix((numbers[known].astype(np.float64), (rows[known], at[known])), shape=shape)
        return cls(labels, counts, norms)

    def kernel(self, others: "LevelCounts") -> Floats:
        """The cosine of the counts of n graphs and those of m others, whose columns are the same: (n, m)."""
        products: Floats = (self.counts @ others.counts.T).toarray()
        return products / np.outer(self.norms, others.norms)


class WLMap:
    """Labels of a space's architectures by level and iteration, those of recent ones kept.

    Args:
        space: The space.
    """

    def __init__(self, space: SearchSpace) -> None:
        self._space = space
        self._kept: dict[tuple[Architecture, int], list[list[tuple[Ints, Ints]]]] = {}

    def depth(self, architectures: Sequence[Architecture]) -> int:
        """The largest number of levels of some architectures, :data:`LEVELS` at most."""
        return min(LEVELS, max(depth(_hierarchy(self._space.graph(a))) for a in architectures))

    def counts(
        self, architectures: Sequence[Architecture], levels: int, iterations: int
    ) -> list[list[tuple[Ints, Ints]]]:
        """The labels of all iterations up to one, and their counts, for each level and each architecture."""
        by_level: list[list[tuple[Ints, Ints]]] = [[] for _ in range(levels)]
        for architecture in architectures:
            for found, refined in zip(by_level, self._of(architecture, levels), strict=True):
                some = refined[: iterations + 1]
                found.append((np.concatenate([a for a, _ in some]), np.concatenate([b for _, b in some])))
        return by_level

    def _of(self, architecture: Architecture, levels: int) -> list[list[tuple[Ints, Ints]]]:
        key = (architecture, levels)
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            function = self._space.function(architecture)
            graph = _hierarchy(self._space.graph(architecture)) if levels > 1 else function
            self._kept[key] = [
                [
                    (
                        np.fromiter(counter, np.int64, len(counter)),
                        np.fromiter(counter.values(), np.int64, len(counter)),
                    )
                    for counter in wl_counts(each, ITERATIONS)
                ]
                for each in level_graphs(graph, function, levels)
            ]
        return self._kept[key]


def _hierarchy(graph: Graph) -> Graph:
    """The graph with its hierarchy; that of a traced network is in the paths of its nodes."""
    nodes = [site for cell in graph.cells for site in cell.sites if isinstance(site, Node)]
    traced = any(node.path for node in nodes) and all(node.inner is None for node in nodes)
    return fold(graph) if traced else graph


@lru_cache(maxsize=4)
def wl_map(space: SearchSpace) -> WLMap:
    """The map of a space, made once."""
    return WLMap(space)


@dataclass(frozen=True, slots=True)
class WLWeights:
    """How a kernel is made of those of its levels.

    Attributes:
        weights: The weight of every level; their sum is 1.
        noise: The variance of the noise, in that of the signal.
        variance: The variance of the signal.
        likelihood: The logarithm of the marginal likelihood, but for a constant.
    """

    weights: tuple[float, ...]
    noise: float
    variance: float
    likelihood: float


def tuned_weights(kernels: Sequence[Floats], y: Floats) -> WLWeights:
    """The weights and the noise that make n targets most likely; the best variance is known for these.

    Args:
        kernels: One for each of the L levels, with ones on the diagonal: (n, n) each.
        y: (n,).
    """
    stack, n = np.stack(kernels), len(y)

    def negative(parameters: Floats) -> tuple[float, Floats]:
        shares = np.exp(parameters[:-1] - parameters[:-1].max())
        weights, noise = shares / shares.sum(), float(np.exp(parameters[-1]))
        covariance = np.tensordot(weights, stack, axes=1)
        covariance[np.diag_indices(n)] += noise
        factor = cho_factor(covariance, lower=True, check_finite=False)
        solved = cho_solve(factor, y, check_finite=False)
        variance = float(y @ solved) / n
        value = n / 2 * math.log(variance) + float(np.log(np.diag(factor[0])).sum())
        inverse = cho_solve(factor, np.eye(n), check_finite=False)
        # The derivative by the covariance, and by the chain rule by the weights and their logarithms.
        by_covariance = (inverse - np.outer(solved, solved) / variance) / 2
        by_weights = np.tensordot(stack, by_covariance, axes=([1, 2], [0, 1]))
        by_shares = weights * (by_weights - weights @ by_weights)
        return value, np.append(by_shares, noise * np.trace(by_covariance))

    first = np.append(np.zeros(len(stack)), math.log(0.1))
    low, high = (math.log(noise) for noise in _NOISES)
    bounds = [(_LEAST, 0.0)] * len(stack) + [(low, high)]
    try:
        found = minimize(negative, first, jac=True, bounds=bounds, method="L-BFGS-B").x
    except LinAlgError:  # rounding; the noise keeps all others positive definite
        found = first
    shares = np.exp(found[:-1] - found[:-1].max())
    weights, noise = shares / shares.sum(), float(np.exp(found[-1]))
    value, _ = negative(found)
    covariance = np.tensordot(weights, stack, axes=1)
    covariance[np.diag_indices(n)] += noise
    variance = float(y @ cho_solve(cho_factor(covariance, lower=True), y)) / n
    return WLWeights(tuple(weights.tolist()), noise, variance, -value)
