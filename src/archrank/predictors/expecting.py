"""A predictor for searches that begins with a prior, which is made when it is first needed."""

from collections.abc import Callable, Sequence
from typing import Self

import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.predictors.base import Predictor
from archrank.predictors.with_prior import FORGOTTEN
from archrank.predictors.wrapped import Wrapped

__all__ = ["Expecting"]


class Expecting(Wrapped):
    """Fits a predictor with a prior as long as there are few labels, and then the predictor itself.

    Args:
        predictor: Learns from the labels.
        with_prior: Gives a predictor its prior; asked as long as there are few labels.
    """

    def __init__(self, predictor: Predictor, with_prior: Callable[[Predictor], Predictor]) -> None:
        self.predictor = predictor
        self.with_prior = with_prior

    def __repr__(self) -> str:
        """The predictor, and that it has a prior."""
        return f"{self.predictor!r} with a prior"

    def with_seed(self, seed: int) -> Self:
        """An unfitted copy whose randomness starts elsewhere."""
        return type(self)(self.predictor.with_seed(seed), self.with_prior)

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Learn from measured architectures."""
        few = len(architectures) < FORGOTTEN
        model = self.with_prior(self.predictor) if few else self.predictor
        self._fitted = model.fit(architectures, targets)
        return self
