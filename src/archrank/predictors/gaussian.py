"""A Gaussian process over the features of graphs: quick to fit, and it knows how sure it is."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

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
from archrank.predictors.targets import checked_targets, normal_scores
from archrank.predictors.threads import one_thread
from archrank.space import Rows, SearchSpace

__all__ = ["GaussianProcess"]

_TUNED_ON = 500
"""The kernel is tuned on so many architectures at most: three numbers need no more."""

_LINE = 10.0
"""Variance of the slope by which a hint enters, in those of the signal: wide, so that the labels find it."""

_PART = 8_192
_JITTER = 1e-6


class GaussianProcess(Predictor):
    """Exact Gaussian-process regression with a Matérn kernel (ν = 3/2) on standardised graph features.

    Targets enter as normal scores: the quantiles of the normal distribution at their ranks, so that only their order
    counts and a few failed trainings do no harm. The kernel's length, its variance and the noise maximise the
    marginal likelihood.

    With hints, what they say enters by a linear kernel that is added: the mean is a line in them, and the Matérn kernel
    is left with what they do not explain.

    Args:
        space: The space whose architectures are ranked.
        most: The most architectures to learn from; of more, a random part is taken.
        seed: Fixes which part.
        hints: H fitted predictors of something else of the same space, say of a shorter training.

    Attributes:
        length_: The kernel's length in standard deviations of the features, times the root of their number.
        noise_: The share of the variance that is noise.

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
        self, space: SearchSpace, *, most: int = 4_000, seed: int = 0, hints: Sequence[Predictor] = ()
    ) -> None:
        self.space = space
        self.most = most
        self.seed = seed
        self.hints = tuple(hints)

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Tune the kernel and solve for the weights of the training set (see :meth:`Predictor.fit`)."""
        values = checked_targets(architectures, targets)
        if self.most < 2:
            raise PredictorError(f"most is {self.most}; it must be 2 or more")
        order = np.random.default_rng(self.seed).permutation(len(values))
        part = order[: self.most] if len(values) > self.most else np.arange(len(values))
        known = Candidates(self.space, [architectures[i] for i in part])
        x = self._read(known.features, known)
        y = torch.from_numpy(normal_scores(values)[part])
        tuned = order[:_TUNED_ON] if len(part) == len(values) else np.arange(min(_TUNED_ON, len(part)))
        with one_thread():
            self._kernel = _tuned(x[tuned], y[tuned], self._lines)
        self.length_, self.noise_ = self._kernel[:2].tolist()
        self._known = x
        self._solve(y)
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
        # What hints say may differ between equal functions.
        features, which = (
            (candidates.features, np.arange(len(candidates))) if self.hints else candidates.distinct
        )
        x = self._read(features, candidates)
        mean, deviation = np.empty(len(features)), np.zeros(len(features))
        for begin in range(0, len(features), _PART):
            part = slice(begin, begin + _PART)
            shared = _covariance(x[part], self._known, self.length_, self._lines)
            mean[part] = (shared @ self._weights).numpy()
            if spread:
                explained = torch.linalg.solve_triangular(self._root, shared.T, upper=False).square().sum(0)
                own = 1 + _LINE * x[part, x.shape[1] - self._lines :].square().sum(1)
                deviation[part] = (own - explained).clamp_min(_JITTER).sqrt().numpy()
        return mean[which], deviation[which] * math.sqrt(self._kernel[2])

    def save(self, folder: Path | str) -> None:
        """Write ``weights.safetensors`` and ``predictor.json``."""
        if not hasattr(self, "_weights"):
            raise PredictorError("this predictor was not fitted yet, so there is nothing to save")
        record = {
            "predictor": type(self).__name__,
            "settings": {"most": self.most, "seed": self.seed},
            "kernel": self._kernel.tolist(),
            "hints": saved.write_hints(Path(folder), self.hints),
        }
        tensors = {"known": self._known, "targets": self._targets}
        saved.write(Path(folder), self.space, record, tensor_bytes(tensors))

    @classmethod
    def load(cls, folder: Path | str, space: SearchSpace) -> Self:
        """Read what :meth:`save` wrote."""
        from archrank.predictors.loading import read_hints  # which knows this class too

        record, weights = saved.read(Path(folder), space)
        try:
            self = cls(space, **record["settings"], hints=read_hints(Path(folder), record, space))
            self._kernel = torch.tensor(record["kernel"], dtype=torch.float64)
            self.length_, self.noise_ = self._kernel[:2].tolist()
            tensors = read_tensors(weights)
            self._known = tensors["known"]
            self._solve(tensors["targets"])
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise PredictorError(
                f"predictor.json in {folder} is damaged: {type(error).__name__}: {error}; fit it anew"
            ) from None
        return self

    @property
    def _lines(self) -> int:
        """How many of the kernel's columns are linear: a constant and the hints."""
        return len(self.hints) + 1 if self.hints else 0

    def _read(self, features: npt.NDArray[np.float32], candidates: Candidates) -> torch.Tensor:
        """What the kernel reads: features, and where there are hints a constant and what they say: (B, F + 1 + H)."""
        x = _scaled(features)
        if not self.hints:
            return x
        told = torch.from_numpy(candidates.told(self.hints))
        return torch.cat([x, torch.ones(len(x), 1, dtype=x.dtype), told], dim=1)

    def _solve(self, y: torch.Tensor) -> None:
        self._targets = y
        self._root = _cholesky(self._known, self._kernel, self._lines)
        self._weights = torch.cholesky_solve(y[:, None], self._root)[:, 0]


def _scaled(features: npt.NDArray[np.float32]) -> torch.Tensor:
    # Distances grow with the number of features; a length of 1 should mean the same in every space.
    return torch.from_numpy(features.astype(np.float64) / math.sqrt(max(1, features.shape[1])))


def _matern(a: torch.Tensor, b: torch.Tensor, length: Any) -> torch.Tensor:
    """The kernel (1 + r) exp(-r), r = √3 · distance / length, of (B, F) with (n, F): (B, n)."""
    squared = a.square().sum(1)[:, None] + b.square().sum(1)[None] - 2 * a @ b.T
    # The root has no gradient at zero.
    r = (3 * squared.clamp_min(0) + 1e-12).sqrt() / length
    covariance: torch.Tensor = (1 + r) * torch.exp(-r)
    return covariance


def _covariance(a: torch.Tensor, b: torch.Tensor, length: Any, lines: int) -> torch.Tensor:
    """The Matérn kernel of the first columns, plus a linear one of the last ``lines``: (B, n)."""
    split = a.shape[1] - lines
    covariance = _matern(a[:, :split], b[:, :split], length)
    return covariance + _LINE * a[:, split:] @ b[:, split:].T if lines else covariance


def _cholesky(x: torch.Tensor, kernel: torch.Tensor, lines: int) -> torch.Tensor:
    """The root of the covariance of the training targets, in units of the signal's variance."""
    length, noise, _ = kernel
    diagonal = noise / (1 - noise) + _JITTER
    root: torch.Tensor = torch.linalg.cholesky(
        _covariance(x, x, length, lines) + diagonal * torch.eye(len(x), dtype=x.dtype)
    )
    return root


def _tuned(x: torch.Tensor, y: torch.Tensor, lines: int = 0) -> torch.Tensor:
    """Length, share of noise and variance of the signal that make the targets most likely: (3,).

    The best variance is known for given length and noise, and all noises share one eigendecomposition, so lengths
    are searched on a grid and then finer: the likelihood may have several hills, and a grid falls off none of them.
    """
    ratios = torch.logspace(-3, 1, 41, dtype=x.dtype)
    best, found = -math.inf, (1.0, 0.5, 1.0)
    lengths = torch.logspace(-0.6, 1.2, 10)
    for _ in range(2):
        for length in lengths.tolist():
            values, vectors = torch.linalg.eigh(_covariance(x, x, length, lines))
            scales = values.clamp_min(0) + _JITTER + ratios[:, None]
            variances = ((vectors.T @ y).square() / scales).mean(dim=1)
            likelihoods = -len(y) / 2 * variances.log() - scales.log().sum(dim=1) / 2
            place = int(likelihoods.argmax())
            if float(likelihoods[place]) > best:
                ratio = float(ratios[place])
                best = float(likelihoods[place])
                found = (length, ratio / (1 + ratio), float(variances[place]))
        lengths = found[0] * torch.logspace(-0.15, 0.15, 5)
    return torch.tensor(found, dtype=torch.float64)
