"""A Gaussian process over the features of graphs: quick to fit, and it knows how sure it is."""

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load as read_tensors
from safetensors.torch import save as tensor_bytes

from archrank.architecture import Architecture
from archrank.errors import PredictorError
from archrank.predictors import saved
from archrank.predictors.base import Floats, Predictor
from archrank.predictors.candidates import Candidates
from archrank.predictors.feature_map import feature_map
from archrank.predictors.kernel import JITTER, Kernel, Points, tuned
from archrank.predictors.targets import checked_targets, normal_scores
from archrank.predictors.threads import one_thread
from archrank.space import Rows, SearchSpace

__all__ = ["GaussianProcess"]

_TUNED_ON = 500
"""The kernel is tuned on so many architectures at most: three numbers need no more."""

_PART = 8_192


class GaussianProcess(Predictor):
    """Exact Gaussian-process regression with a Matérn kernel (ν = 3/2) on standardised graph features.

    Targets enter as normal scores: the quantiles of the normal distribution at their ranks, so that only their order
    counts and a few failed trainings do no harm. The kernel's length and variance, the noise, and how much the features
    of depth weigh beside the others maximise the marginal likelihood.

    With hints, a linear kernel of what they say is added, where the targets are more likely with it than without: then
    the mean is a line in them, and the Matérn kernel is left with what they do not explain.

    Args:
        space: The space whose architectures are ranked.
        most: The most architectures to learn from; of more, a random part is taken.
        seed: Fixes which part.
        hints: H fitted predictors of something else of the same space, say of a shorter training.
        sizes: Whether parameters and multiply-adds join the features, where the space knows its network.

    Attributes:
        length_: The kernel's length in standard deviations of the features, times the root of their number.
        noise_: The share of the variance that is noise.
        depth_: The weight of the features that say how deep operations lie, from 0 to 1.
        slope_: The variance of the linear kernel, in those of the signal; 0 where hints do not help.

    Reference: Rasmussen and Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1; features as in
    GRAF (ICML 2024).

    >>> from archrank.spaces import NASBench201
    >>> space = NASBench201()
    >>> known = space.sample(20, np.random.default_rng(0))
    >>> predictor = GaussianProcess(space).fit(known, [sum(a.choices) for a in known])
    >>> mean, spread = predictor.predict_distribution(space.sample(3, np.random.default_rng(1)))
    >>> mean.shape, bool((spread > 0).all())
    ((3,), True)
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        most: int = 4_000,
        seed: int = 0,
        hints: Sequence[Predictor] = (),
        sizes: bool = False,
    ) -> None:
        self.space = space
        self.most = most
        self.seed = seed
        self.hints = tuple(hints)
        self.sizes = sizes

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Tune the kernel and solve for the weights of the training set (see :meth:`Predictor.fit`)."""
        values = checked_targets(architectures, targets)
        if self.most < 2:
            raise PredictorError(f"most is {self.most}; it must be 2 or more")
        order = np.random.default_rng(self.seed).permutation(len(values))
        part = order[: self.most] if len(values) > self.most else np.arange(len(values))
        known = Candidates(self.space, [architectures[i] for i in part])
        x = self._points(known.features, known.told(self.hints))
        y = torch.from_numpy(normal_scores(values)[part])
        some = order[:_TUNED_ON] if len(part) == len(values) else np.arange(min(_TUNED_ON, len(part)))
        with one_thread():
            kernel = tuned(x[some], y[some])
        self._learn(kernel, x, y)
        return self

    def collate(self, architectures: Sequence[Architecture] | Rows) -> Candidates:
        """Make candidates ready once, for many calls of :meth:`predict`."""
        return Candidates(self.space, architectures)

    def predict_members(self, candidates: Sequence[Architecture] | Rows | Candidates) -> Floats:
        """The posterior mean, of which there is one: (1, B)."""
        return self.predict_distribution(candidates, spread=False)[0][None]

    def predict_distribution(
        self, candidates: Sequence[Architecture] | Rows | Candidates, spread: bool = True
    ) -> tuple[Floats, Floats]:
        """The posterior of what an architecture is worth, without the noise of measuring it.

        Args:
            candidates: B architectures, or what :meth:`collate` made of them.
            spread: Whether standard deviations are wanted; zeros else.

        Returns:
            Mean and standard deviation, in normal scores of the training targets: (B,), (B,).

        Raises:
            PredictorError: Nothing was fitted yet.
        """
        if not hasattr(self, "_weights"):
            raise PredictorError("this predictor was not fitted yet: call fit(architectures, targets) first")
        if len(candidates) == 0:
            return np.empty(0), np.empty(0)
        candidates = Candidates.of(self.space, candidates)
        features, which = candidates.distinct
        if self.slope_:  # what hints say may differ between equal functions
            features, which = candidates.features, np.arange(len(candidates))
        told = candidates.told(self.hints) if self.slope_ else np.empty((len(features), 0))
        mean, deviation = np.empty(len(features)), np.zeros(len(features))
        for begin in range(0, len(features), _PART):
            part = slice(begin, begin + _PART)
            x = self._points(features[part], told[part])
            shared = self._kernel.covariance(x, self._known)
            mean[part] = (shared @ self._weights).numpy()
            if spread:
                explained = torch.linalg.solve_triangular(self._root, shared.T, upper=False).square().sum(0)
                left = self._kernel.own(x) - explained
                deviation[part] = left.clamp_min(JITTER).sqrt().numpy()
        return mean[which], deviation[which] * math.sqrt(self._kernel.variance)

    def save(self, folder: Path | str) -> None:
        """Write ``weights.safetensors`` and ``predictor.json``."""
        if not hasattr(self, "_weights"):
            raise PredictorError("this predictor was not fitted yet, so there is nothing to save")
        record = {
            "predictor": type(self).__name__,
            "settings": {"most": self.most, "seed": self.seed, "sizes": self.sizes},
            "kernel": asdict(self._kernel),
            "hints": saved.write_hints(Path(folder), self.hints),
        }
        tensors = {"plain": self._known.plain, "deep": self._known.deep, "targets": self._targets}
        if self._known.lines is not None:
            tensors["lines"] = self._known.lines
        saved.write(Path(folder), self.space, record, tensor_bytes(tensors))

    @classmethod
    def load(cls, folder: Path | str, space: SearchSpace) -> Self:
        """Read what :meth:`save` wrote."""
        from archrank.predictors.loading import read_hints  # which knows this class too

        record, weights = saved.read(Path(folder), space)
        try:
            self = cls(space, **record["settings"], hints=read_hints(Path(folder), record, space))
            tensors = read_tensors(weights)
            known = Points(tensors["plain"], tensors["deep"], tensors.get("lines"))
            self._learn(Kernel(**record["kernel"]), known, tensors["targets"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise PredictorError(
                f"predictor.json in {folder} is damaged: {type(error).__name__}: {error}; fit it anew"
            ) from None
        return self

    def _points(self, features: npt.NDArray[np.float32], told: Floats) -> Points:
        of_space = feature_map(self.space)
        read = of_space.columns(self.sizes)
        return Points.of(features[:, read], of_space.deep[read], told)

    def _learn(self, kernel: Kernel, known: Points, y: torch.Tensor) -> None:
        """Solve for the weights of the training set."""
        self._kernel, self._known, self._targets = kernel, known, y
        self.length_, self.noise_, self.depth_, self.slope_ = (
            kernel.length,
            kernel.noise,
            kernel.depth,
            kernel.slope,
        )
        self._root = kernel.root(known)
        self._weights = torch.cholesky_solve(y[:, None], self._root)[:, 0]
