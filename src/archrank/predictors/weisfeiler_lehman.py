"""A Gaussian process with a Weisfeiler–Lehman kernel: the usual graph kernel, as a baseline."""

import math
from typing import Any, Self

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve, solve_triangular

from archrank.errors import PredictorError
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor, State
from archrank.predictors.checks import check_numbers
from archrank.predictors.targets import normal_scores
from archrank.predictors.wl_kernel import ITERATIONS, LEVELS, LevelCounts, WLWeights, tuned_weights, wl_map
from archrank.space import Rows, SearchSpace
from archrank.system.threads import one_thread

__all__ = ["WeisfeilerLehman"]

_TUNED_ON = 300
_MOST_TRAIN = 10_000
_PART = 256


class WeisfeilerLehman(Predictor):
    """Exact Gaussian-process regression with a Weisfeiler–Lehman kernel of graphs.

    The kernel of two flat graphs is the cosine of the counts of their labels, over all iterations of refinement. Of
    hierarchies there is one kernel for each level, from the graph of the coarsest parts to that of the operations, and
    their weighted mean is taken. The weights, the number of iterations and the noise maximize the marginal likelihood.
    Targets enter as normal scores.

    Labels tell graphs apart as wholes, so attributes of operations that nearly agree are as different as any. This is
    the baseline of the field; :class:`~archrank.predictors.GaussianProcess` uses features instead.

    Args:
        space: The space whose architectures are ranked.
        max_train: The largest number of training architectures; of more, a random subset is used.
        seed: Fixes the subset.

    Attributes:
        iterations_: How many times labels are refined.
        weights_: The weights of the levels, the coarsest first: (L,).
        noise_: The share of the variance that is noise.

    Reference: Shervashidze et al., Weisfeiler-Lehman Graph Kernels (JMLR 2011); Ru et al., Interpretable Neural
    Architecture Search via Bayesian Optimisation with Weisfeiler-Lehman Kernels (ICLR 2021); Schrodi et al.,
    Construction of Hierarchical Neural Architecture Search Spaces (NeurIPS 2023).

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> known = space.sample(20, np.random.default_rng(0))
    >>> predictor = WeisfeilerLehman(space).fit(known, [sum(a.choices) for a in known])
    >>> predictor.weights_
    (1.0,)
    """

    def __init__(self, space: SearchSpace, *, max_train: int = 2_000, seed: int = 0) -> None:
        self.space = space
        self.max_train = max_train
        self.seed = seed

    def _check_settings(self) -> None:
        check_numbers(self, max_train=2, seed=0)
        if self.max_train > _MOST_TRAIN:
            raise PredictorError(
                f"max_train is {self.max_train}; it must be {_MOST_TRAIN} or less, because memory grows with its square"
            )

    def _fit(self, rows: Rows, targets: Floats) -> None:
        """Choose iterations, weights and noise, and solve for the weights of the training set."""
        order = np.random.default_rng(self.seed).permutation(len(targets))
        part = order[: self.max_train] if len(targets) > self.max_train else np.arange(len(targets))
        known, y = self.space.architectures(rows[part]), normal_scores(targets)[part]
        found = wl_map(self.space)
        levels = found.depth(known)
        some = order[:_TUNED_ON] if len(part) == len(targets) else np.arange(min(_TUNED_ON, len(part)))
        few = [known[i] for i in some.tolist()]
        best: tuple[WLWeights, int] | None = None
        with one_thread():
            for iterations in range(ITERATIONS + 1):
                counts = [LevelCounts.of(each) for each in found.counts(few, levels, iterations)]
                weights = tuned_weights([each.kernel(each) for each in counts], y[some])
                if best is None or weights.likelihood > best[0].likelihood:
                    best = weights, iterations
        assert best is not None
        weights, iterations = best
        counts = [LevelCounts.of(each) for each in found.counts(known, levels, iterations)]
        self._learn(iterations, weights, counts, y)

    def _learn(self, iterations: int, weights: WLWeights, known: list[LevelCounts], y: Floats) -> None:
        self._tuned, self._known, self._targets = weights, known, y
        self.iterations_, self.weights_ = iterations, weights.weights
        self.noise_ = weights.noise / (1 + weights.noise)
        with one_thread():
            covariance = self._covariance(known)
            covariance[np.diag_indices(len(y))] += weights.noise
            self._factor = cho_factor(covariance, lower=True)
            self._solved: Floats = cho_solve(self._factor, y)

    def _covariance(self, counts: list[LevelCounts]) -> Floats:
        """The covariance of B architectures with the n known ones, in units of the variance: (B, n)."""
        kernels = [mine.kernel(known) for mine, known in zip(counts, self._known, strict=True)]
        total: Floats = np.tensordot(np.array(self.weights_), np.stack(kernels), axes=1)
        return total

    def _predict_members(self, candidates: Any) -> Floats:
        """The posterior mean, as one member: (1, B)."""
        return self._predict_distribution(candidates)[0][None]

    def _predict_distribution(self, candidates: Any) -> tuple[Floats, Floats]:
        """The posterior of the score, without the noise of measuring it: (B,), (B,)."""
        means, variances = [np.zeros(0)], [np.zeros(0)]
        for begin in range(0, len(candidates), _PART):
            architectures = self.space.architectures(candidates[begin : begin + _PART])
            found = wl_map(self.space).counts(architectures, len(self._known), self.iterations_)
            with one_thread():
                shared = self._covariance(
                    [LevelCounts.of(f, known.labels) for f, known in zip(found, self._known, strict=True)]
                )
                means.append(shared @ self._solved)
                whitened = solve_triangular(self._factor[0], shared.T, lower=True)
            variances.append(np.maximum(1 - (whitened**2).sum(axis=0), 1e-9))
        return np.concatenate(means), np.sqrt(np.concatenate(variances) * self._tuned.variance)

    def _state(self) -> State:
        arrays: dict[str, Any] = {"targets": self._targets}
        for level, counts in enumerate(self._known):
            arrays |= {
                f"labels_{level}": counts.labels,
                f"columns_{level}": counts.counts.indices.astype(np.int64),
                f"starts_{level}": counts.counts.indptr.astype(np.int64),
                f"counts_{level}": counts.counts.data,
            }
        learned = {
            "iterations": self.iterations_,
            "weights": self.weights_,
            "noise": self._tuned.noise,
            "variance": self._tuned.variance,
        }
        return State(self._plain_settings(), learned, arrays)

    @classmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        self = cls(space, **state.settings)
        self._check_settings()
        learned, arrays = state.learned, state.arrays
        weights = [float(weight) for weight in learned["weights"]]
        noise, variance, iterations = (learned[name] for name in ("noise", "variance", "iterations"))
        right = 1 <= len(weights) <= LEVELS and min(weights) >= 0 and abs(sum(weights) - 1) < 1e-6
        if not right or type(iterations) is not int or not 0 <= iterations <= ITERATIONS:
            raise ValueError(f"a kernel with the weights {weights} and {iterations!r} iterations")
        if not (0 < float(noise) < math.inf and 0 < float(variance) < math.inf):
            raise ValueError(f"a kernel with the noise {noise!r} and the variance {variance!r}")
        targets = saved.of_shape(arrays["targets"], arrays["targets"].shape[:1])
        known = [_counts(arrays, level, len(targets)) for level in range(len(weights))]
        self._learn(iterations, WLWeights(tuple(weights), float(noise), float(variance), 0.0), known, targets)
        return self


def _counts(arrays: Any, level: int, n: int) -> LevelCounts:
    """The counts of n graphs at a level.

    Raises:
        ValueError: The arrays are no such counts.
    """
    parts = {
        name: saved.of_shape(arrays[f"{name}_{level}"], arrays[f"{name}_{level}"].shape[:1])
        for name in ("labels", "columns", "starts", "counts")
    }
    labels, columns, starts = (parts[name].astype(np.int64) for name in ("labels", "columns", "starts"))
    counts = parts["counts"]
    if len(starts) != n + 1 or starts[0] != 0 or (np.diff(starts) < 1).any() or starts[-1] != len(columns):
        raise ValueError(f"the labels of {len(starts) - 1} graphs, expected {n}")
    if len(counts) != len(columns) or (np.diff(labels) < 1).any() or (counts < 1).any():
        raise ValueError("labels or counts that are none")
    if len(columns) and not 0 <= columns.min() <= columns.max() < len(labels):
        raise ValueError("counts of labels that do not exist")
    matrix = sparse.csr_matrix((counts, columns, starts), shape=(n, len(labels)))
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1))[:, 0])
    return LevelCounts(labels, matrix, norms)
