"""A Gaussian process over the features of graphs: fast to fit, with a predictive standard deviation."""

import math
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import Self

import numpy as np
import numpy.typing as npt

from archrank.errors import PredictorError
from archrank.given import ArchitecturesLike
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor, State
from archrank.predictors.candidates import Candidates
from archrank.predictors.checks import check_numbers
from archrank.predictors.evidence import weighed
from archrank.predictors.feature_map import feature_map
from archrank.predictors.group_effects import group_effects
from archrank.predictors.hints import check_hints, hint_parts
from archrank.predictors.kernel import JITTER, Kernel, Points, read_kernel, tuned
from archrank.predictors.targets import normal_scores
from archrank.space import Rows, SearchSpace
from archrank.system.threads import one_thread

__all__ = ["GaussianProcess"]

_TUNED_ON = 500
"""Architectures that the kernel's parameters are tuned on at most; a few numbers need no more."""

_WEIGHED_ON = 300
"""Architectures that further groups of features are weighed on at most."""

_MOST_TRAIN = 30_000
"""The largest possible training set; two matrices of 7 GB belong to it."""

_PART = 512
"""Architectures per block; the covariances of a block with the training set fit into the processor's cache."""


class GaussianProcess(Predictor):
    """Exact Gaussian-process regression with a Matérn kernel (ν = 3/2) on standardized graph features.

    Targets enter as normal scores: the quantiles of the normal distribution at their ranks, so that only their order
    counts and outliers, such as failed trainings, do no harm. The kernel's length and variance, the noise, and the
    weight of the features of depth maximize the marginal likelihood. Where the space gives more than graphs (choices,
    attributes of operations), the weights of these groups, and of each choice, do so too.

    With hints, and for networks of any size with the logarithms of their sizes, a linear kernel of these is added where
    it increases the likelihood of the targets: the mean is then linear in them, and the Matérn kernel models the
    residual.

    Args:
        space: The space whose architectures are ranked.
        max_train: The largest number of training architectures; of more, a random subset is used.
        seed: Fixes the subset.
        hints: H fitted predictors of another target on the same space, such as the accuracy after shorter training.

    Attributes:
        length_: The kernel's length in standard deviations of the features, times the root of their number.
        variance_: The variance of the scores without noise.
        noise_: The share of the variance that is noise.
        depth_: The weight of the features of depth, from 0 to 1.
        slope_: The variance of the linear kernel relative to that of the signal; 0 where hints do not help.

    Reference: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1; features as in
    GRAF (ICML 2024).

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> known = space.sample(20, np.random.default_rng(0))
    >>> predictor = GaussianProcess(space).fit(known, [sum(a.choices) for a in known])
    >>> mean, std = predictor.predict_distribution(space.sample(3, np.random.default_rng(1)))
    >>> mean.shape, bool((std > 0).all())
    ((3,), True)
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        max_train: int = 4_000,
        seed: int = 0,
        hints: Sequence[Predictor] = (),
    ) -> None:
        self.space = space
        self.max_train = max_train
        self.seed = seed
        self.hints = hints

    def collate(self, X: ArchitecturesLike | Candidates) -> Candidates:
        """Prepare architectures once, for many calls of :meth:`predict`."""
        return Candidates.of(self.space, X)

    def _check_settings(self) -> None:
        check_numbers(self, max_train=2, seed=0)
        if self.max_train > _MOST_TRAIN:
            raise PredictorError(
                f"max_train is {self.max_train}; it must be {_MOST_TRAIN} or less, because memory grows with its square"
            )
        check_hints(self.hints)

    def _fit(self, rows: Rows, targets: Floats) -> None:
        """Tune the kernel and solve for the weights of the training set."""
        order = np.random.default_rng(self.seed).permutation(len(targets))
        part = order[: self.max_train] if len(targets) > self.max_train else np.arange(len(targets))
        known = Candidates(self.space, rows[part])
        x = self._points(known.features, self._linear(known))
        y = normal_scores(targets)[part]
        some = order[:_TUNED_ON] if len(part) == len(targets) else np.arange(min(_TUNED_ON, len(part)))
        with one_thread():
            kernel = tuned(x[some], y[some])
            if further := feature_map(self.space).further:
                few = some[:_WEIGHED_ON]
                kernel = weighed(kernel, x[few], y[few], further)
        self._learn(kernel, x, y)

    def _predict_members(self, candidates: Candidates) -> Floats:
        """The posterior mean, as one member: (1, B)."""
        return self._predict_distribution(candidates, std=False)[0][None]

    def _predict_distribution(self, candidates: Candidates, std: bool = True) -> tuple[Floats, Floats]:
        """The posterior of the score, without the noise of measuring it.

        Args:
            candidates: B architectures.
            std: Whether to compute standard deviations; zeros otherwise.

        Returns:
            Mean and standard deviation, in normal scores of the training targets: (B,), (B,).
        """
        if not len(candidates):
            return np.empty(0), np.empty(0)
        features, which = candidates.distinct
        if self.slope_:  # hint predictions may differ between equal functions
            features, which = candidates.features, np.arange(len(candidates))
        linear = self._linear(candidates) if self.slope_ else np.empty((len(features), 0))
        mean, deviation = np.empty(len(features)), np.zeros(len(features))

        def predict_block(begin: int) -> None:
            part = slice(begin, begin + _PART)
            x = self._points(features[part], linear[part])
            shared = self._kernel.covariance(x, self._known)
            mean[part] = shared @ self._weights
            if std:
                whitened = shared @ self._whitener.T
                left = self._kernel.diagonal(x) - np.einsum("bn,bn->b", whitened, whitened)
                deviation[part] = np.sqrt(np.maximum(left, JITTER))

        with one_thread() as threads, ThreadPoolExecutor(threads) as pool:
            for done in [pool.submit(predict_block, begin) for begin in range(0, len(features), _PART)]:
                done.result()
        return mean[which], deviation[which] * math.sqrt(self._kernel.variance)

    def _quick(self, n: int) -> bool:
        """With more than ``max_train`` it was not fitted to all of them."""
        return n <= self.max_train

    def _held_out(self, rows: Rows, targets: Floats, folds: npt.NDArray[np.intp]) -> Floats:
        """With the kernel of all, by the inverse of the covariance."""
        precision = self._whitener.T @ self._whitener
        held_out = self._targets.copy()
        for fold in range(folds.max() + 1):
            held = np.flatnonzero(folds == fold)
            held_out[held] -= np.linalg.solve(precision[np.ix_(held, held)], self._weights[held])
        return held_out

    def _group_effects(self, rng: np.random.Generator) -> dict[str, float]:
        return group_effects(self, rng)

    def _state(self) -> State:
        known = self._known
        arrays = {"plain": known.plain, "deep": known.deep, "more": known.more, "targets": self._targets}
        if self._known.lines is not None:
            arrays["lines"] = self._known.lines
        return State(
            self._plain_settings("hints"),
            {"kernel": asdict(self._kernel)},
            arrays,
            hint_parts(self.hints),
        )

    @classmethod
    def _restore(cls, space: SearchSpace, state: State) -> Self:
        self = cls(space, **state.settings, hints=tuple(state.parts.values()))
        self._check_settings()
        arrays, found = state.arrays, feature_map(space)
        targets = saved.of_shape(arrays["targets"], arrays["targets"].shape[:1])
        n = len(targets)
        if not 2 <= n <= self.max_train:
            raise ValueError(
                f"{n} training architectures, expected 2 to max_train, which is {self.max_train}"
            )
        deep, further = int(found.deep.sum()), int(found.beside.sum())
        linear = len(self.hints) + len(found.sizes)
        known = Points(
            saved.of_shape(arrays["plain"], (n, len(found.names) - deep - further)),
            saved.of_shape(arrays["deep"], (n, deep)),
            saved.of_shape(arrays["lines"], (n, 1 + linear)) if linear else None,
            saved.of_shape(arrays["more"], (n, further)),
        )
        self._learn(read_kernel(state.learned["kernel"], further), known, targets)
        return self

    def _linear(self, candidates: Candidates) -> Floats:
        """What the mean may be linear in: hint predictions, and the sizes of networks: (B, H + sizes)."""
        sizes = candidates.features[:, feature_map(self.space).sizes]
        return np.hstack([candidates.hint_predictions(self.hints), sizes])

    def _points(self, features: npt.NDArray[np.float32], linear: Floats) -> Points:
        found = feature_map(self.space)
        return Points.of(features, found.deep, found.beside, linear)

    def _learn(self, kernel: Kernel, known: Points, y: Floats) -> None:
        """Solve for the weights of the training set."""
        self._kernel, self._known, self._targets = kernel, known, y
        self.length_, self.variance_, self.noise_, self.depth_, self.slope_ = (
            kernel.length,
            kernel.variance,
            kernel.noise,
            kernel.depth,
            kernel.slope,
        )
        with one_thread():
            self._whitener = kernel.whitener(known)
            self._weights: Floats = self._whitener.T @ (self._whitener @ y)
