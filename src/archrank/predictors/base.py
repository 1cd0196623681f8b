"""What a predictor is: fit on measured architectures, predict scores of others; higher is better."""

import copy
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import PredictorError
from archrank.space import SearchSpace

__all__ = ["Predictor", "Ranker"]

Floats = npt.NDArray[np.float64]


class Ranker(Protocol):
    """The part of a predictor that a search needs; every :class:`Predictor` is one."""

    def with_seed(self, seed: int) -> "Ranker":
        """An unfitted copy whose randomness starts elsewhere."""

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> "Ranker":
        """Learn from measured architectures; higher targets are better."""

    def collate(self, architectures: Sequence[Architecture]) -> Any:
        """Make candidates ready once, for many calls of :meth:`predict`."""

    def predict(self, candidates: Any) -> Floats:
        """Score candidates, higher is better: (B,)."""


class Predictor(ABC):
    """Learns to rank the architectures of one space, with the manners of scikit-learn.

    The constructor stores settings and does nothing else; :meth:`fit` forgets earlier fits and returns the
    predictor; what was learnt is in attributes that end in ``_``.
    """

    space: SearchSpace

    @abstractmethod
    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Learn from measured architectures.

        Args:
            architectures: B architectures of the space.
            targets: What was measured, higher is better: (B,).

        Raises:
            PredictorError: Fewer than two architectures, or targets that do not fit them, are not finite or are
                all equal.
        """

    def with_seed(self, seed: int) -> Self:
        """An unfitted copy whose randomness starts elsewhere; a predictor without randomness is merely copied."""
        other = copy.copy(self)
        for name in [name for name in vars(other) if name.endswith("_") or name.startswith("_")]:
            delattr(other, name)
        if hasattr(other, "seed"):
            other.seed = seed
        return other

    def collate(self, architectures: Sequence[Architecture]) -> Any:
        """Make candidates ready once, for many calls of :meth:`predict`."""
        return architectures

    @abstractmethod
    def predict_members(self, candidates: Any) -> Floats:
        """The score by every member of an ensemble.

        Args:
            candidates: B architectures, or what :meth:`collate` made of them.

        Returns:
            Scores on comparable scales: (members, B).

        Raises:
            PredictorError: Nothing was fitted yet.
        """

    def predict(self, candidates: Any) -> Floats:
        """Score architectures, higher is better; only the order of the scores means something.

        Args:
            candidates: B architectures, or what :meth:`collate` made of them.

        Returns:
            The mean over the members' scores: (B,).

        Raises:
            PredictorError: Nothing was fitted yet.
        """
        mean: Floats = self.predict_members(candidates).mean(axis=0)
        return mean

    def predict_distribution(self, candidates: Any) -> tuple[Floats, Floats]:
        """What an architecture may be worth, as a normal distribution of its score.

        Args:
            candidates: B architectures, or what :meth:`collate` made of them.

        Returns:
            Mean and standard deviation, here those over the members' scores: (B,), (B,).

        Raises:
            PredictorError: Nothing was fitted yet, or there is a single member, which disagrees with nobody.
        """
        scores = self.predict_members(candidates)
        if len(scores) < 2:
            raise PredictorError(
                f"{self!r} has a single member, so it cannot say how unsure it is; give it 2 members or more"
            )
        return scores.mean(axis=0), scores.std(axis=0, ddof=1)

    @abstractmethod
    def save(self, folder: Path | str) -> None:
        """Write the fitted predictor into a folder, as safetensors and JSON.

        Raises:
            PredictorError: Nothing was fitted yet.
            FileError: The folder cannot be written.
        """

    @classmethod
    @abstractmethod
    def load(cls, folder: Path | str, space: SearchSpace) -> Self:
        """Read a predictor that :meth:`save` wrote.

        Args:
            folder: Where it was written.
            space: The space that it is about.

        Raises:
            PredictorError: No whole predictor is there, or one of another space or a later format.
        """

    def __repr__(self) -> str:
        """The class and its settings."""
        shown = {k: v for k, v in vars(self).items() if not k.endswith("_") and not k.startswith("_")}
        shown.pop("space", None)
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in shown.items())})"
