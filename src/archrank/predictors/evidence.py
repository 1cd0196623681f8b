"""What each group of features is worth to a Gaussian process, learned from the labels by marginal likelihood."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.linalg import lapack

from archrank.predictors.groups import Group
from archrank.predictors.kernel import JITTER, Kernel, Points, squared_distance

__all__ = ["weighed"]

Floats = npt.NDArray[np.float64]

_WIDTH = 2.0
"""Standard deviation of the logarithm of the weight of a single feature within its group."""

_LONGEST = 1_000.0
"""Length of the kernel where the features of the graph have no weight."""

_FIRST, _MORE = 12, 40
"""Steps from each start, then from the better of them."""

_NOISES = (1e-3, 10.0)


def weighed(kernel: Kernel, x: Points, y: Floats, groups: Sequence[Group]) -> Kernel:
    """Weigh the further groups of features against those of the graph.

    The squared distance of two architectures becomes a sum over the groups, with a weight of 0 or more for each. A
    group ``apart`` also has a weight for each of its features, which a normal prior holds near that of the group. The
    weights maximize the likelihood of the targets, so a group that explains nothing gets the weight 0.

    Args:
        kernel: The kernel of the graph's features alone, tuned: the search starts from it.
        x: n points.
        y: Their targets: (n,).
        groups: The further groups; their columns are those of ``x.more``.
    """
    from scipy.optimize import minimize  # here, because most spaces have no further groups

    evidence = _Evidence(kernel, x, y, groups)
    total = 1 / kernel.length**2
    shares = np.array([1 - kernel.depth, kernel.depth])
    starts = [
        evidence.start(total * shares, 0.1 * total / len(groups), kernel.noise),
        evidence.start(0.1 * total * shares, total / len(groups), kernel.noise),
    ]
    for steps in (_FIRST, _MORE):
        tried = [
            minimize(
                evidence, at, jac=True, method="L-BFGS-B", bounds=evidence.bounds, options={"maxiter": steps}
            )
            for at in starts
        ]
        best = min(tried, key=lambda found: found.fun)
        starts = [best.x]
    return evidence.kernel(best.x)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Parameters by meaning.

    Attributes:
        base: The weights of plain and deep features: (2,).
        groups: The weights of the further groups: (G,).
        single: The logarithms of the weights of the features of groups apart, in that of their group: (J,).
        ratio: Noise over signal.
    """

    base: Floats
    groups: Floats
    single: Floats
    ratio: float


class _Evidence:
    """The negative logarithm of the likelihood, with the prior's, and its gradient, for the same n points."""

    def __init__(self, kernel: Kernel, x: Points, y: Floats, groups: Sequence[Group]) -> None:
        self._tuned, self._y, self._groups = kernel, y, groups
        self._base = [squared_distance(part, part) for part in (x.plain, x.deep)]
        self._linear = 0.0 if x.lines is None else kernel.slope * x.lines @ x.lines.T
        self._x = [x.more[:, group.columns] / math.sqrt(len(group.columns)) for group in groups]
        self._fixed = {
            index: squared_distance(part, part)
            for index, (group, part) in enumerate(zip(groups, self._x, strict=True))
            if not group.apart
        }
        self._width = x.more.shape[1]
        self._single = [len(group.columns) if group.apart else 0 for group in groups]
        low, high = map(math.log, _NOISES)
        weights = 2 + len(groups)
        self.bounds = [(0.0, None)] * weights + [(-6.0, 6.0)] * sum(self._single) + [(low, high)]

    def start(self, base: Floats, each: float, noise: float) -> Floats:
        """Parameters to begin with: the weights of the graph's features, of each further group, and the noise."""
        ratio = float(np.clip(noise / (1 - noise), *_NOISES))
        return np.concatenate(
            [base, np.full(len(self._groups), each), np.zeros(sum(self._single)), [math.log(ratio)]]
        )

    def kernel(self, at: Floats) -> Kernel:
        """The kernel of some parameters, with the most likely variance."""
        parts = self._split(at)
        _, squares = self._solved(self._covariance(parts)[0])[1:]
        total = float(parts.base.sum())
        length = min(1 / math.sqrt(total), _LONGEST) if total > 0 else _LONGEST
        weights = np.zeros(self._width)
        for index, (group, ratios) in enumerate(zip(self._groups, self._ratios(parts), strict=True)):
            weights[group.columns] = parts.groups[index] * ratios / len(group.columns)
        return replace(
            self._tuned,
            length=length,
            noise=parts.ratio / (1 + parts.ratio),
            variance=float(squares / len(self._y)),
            depth=float(parts.base[1] / total) if total > 0 else 0.0,
            scales=tuple((length * np.sqrt(weights)).tolist()),
        )

    def __call__(self, at: Floats) -> tuple[float, Floats]:
        parts, n = self._split(at), len(self._y)
        covariance, slope = self._covariance(parts)
        try:
            inverse, root_diagonal, squares = self._solved(covariance)
        except np.linalg.LinAlgError:  # a step too far
            return 1e12, np.zeros_like(at)
        solved = inverse @ self._y
        value = n / 2 * math.log(squares / n) + np.log(root_diagonal).sum()
        value += (parts.single**2).sum() / (2 * _WIDTH**2)
        by_covariance = (inverse - np.outer(solved, solved) * (n / squares)) / 2
        by_square = by_covariance * slope
        gradient = [np.array([np.vdot(by_square, base) for base in self._base])]
        sums, single, by_group = by_square.sum(axis=1), [], []
        for index, ratios in enumerate(self._ratios(parts)):
            x = self._x[index]
            if index in self._fixed:
                by_group.append(float(np.vdot(by_square, self._fixed[index])))
                continue
            by_weight = 2 * (sums @ x**2 - (x * (by_square @ x)).sum(axis=0)) * ratios
            by_group.append(float(by_weight.sum()))
            single.append(parts.groups[index] * by_weight)
        drawn = np.concatenate(single) if single else np.empty(0)
        noise = parts.ratio * np.trace(by_covariance)
        gradient += [np.array(by_group), drawn + parts.single / _WIDTH**2, np.array([noise])]
        return float(value), np.concatenate(gradient)

    def _split(self, at: Floats) -> _Parts:
        last = 2 + len(self._groups)
        return _Parts(at[:2], at[2:last], at[last:-1], math.exp(at[-1]))

    def _ratios(self, parts: _Parts) -> list[Floats]:
        """The weights of the features of each group, in that of the group."""
        found, begin = [], 0
        for group, count in zip(self._groups, self._single, strict=True):
            found.append(
                np.exp(parts.single[begin : begin + count]) if group.apart else np.ones(len(group.columns))
            )
            begin += count
        return found

    def _covariance(self, parts: _Parts) -> tuple[Floats, Floats]:
        """The covariance of the measurements in units of the variance, and its derivative by squared distances."""
        squared = parts.base[0] * self._base[0] + parts.base[1] * self._base[1]
        for index, ratios in enumerate(self._ratios(parts)):
            if index in self._fixed:
                squared += parts.groups[index] * self._fixed[index]
            else:
                scaled = self._x[index] * np.sqrt(parts.groups[index] * ratios)
                squared += squared_distance(scaled, scaled)
        r = np.sqrt(3 * np.maximum(squared, 0))
        decay = np.exp(-r)
        covariance = (1 + r) * decay + self._linear
        covariance[np.diag_indices(len(r))] += parts.ratio + JITTER
        return covariance, -1.5 * decay

    def _solved(self, covariance: Floats) -> tuple[Floats, Floats, float]:
        """Its inverse, the diagonal of its Cholesky root, and y' covariance⁻¹ y."""
        root: Floats = np.asarray(np.linalg.cholesky(covariance), dtype=np.float64)
        inverse_root, _ = lapack.dtrtri(np.asfortranarray(root), lower=1)
        half = inverse_root @ self._y
        inverse: Floats = inverse_root.T @ inverse_root
        return inverse, root.diagonal(), float(half @ half)
