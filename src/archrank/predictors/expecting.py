"""A predictor for searches that begins with a prior, which is made when it is first needed."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.predictors.base import Floats, Predictor
from archrank.predictors.with_prior import FORGOTTEN, WithPrior
from archrank.settings import settings_of

__all__ = ["Expecting"]


class Expecting:
    """Fits a predictor with a prior as long as there are few labels, and then the predictor itself.

    Args:
        predictor: Learns from the labels.
        prior: Returns a fitted predictor, or None for no prior.
    """

    def __init__(self, predictor: Predictor, prior: Callable[[], Predictor | None]) -> None:
        self.predictor = predictor
        self.prior = prior

    def __getattr__(self, name: str) -> Any:
        # What a search asks of a predictor by name, such as ``space`` and ``members``.
        if name.startswith("_") or "predictor" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.predictor, name)

    def __repr__(self) -> str:
        """The predictor, and that it has a prior."""
        return f"{self.predictor!r} with a prior"

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the predictor."""
        found: dict[str, Any] = settings_of(self.predictor)
        return found

    def with_seed(self, seed: int) -> Self:
        """An unfitted copy whose randomness starts elsewhere."""
        return type(self)(self.predictor.with_seed(seed), self.prior)

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Learn from measured architectures."""
        prior = self.prior() if len(architectures) < FORGOTTEN else None
        model = self.predictor if prior is None else WithPrior(self.predictor.space, self.predictor, prior)
        self._fitted = model.fit(architectures, targets)
        return self

    def collate(self, architectures: Sequence[Architecture]) -> Any:
        """Prepare candidates once."""
        return self.predictor.collate(architectures)

    def predict(self, candidates: Any) -> Floats:
        """Score candidates, higher is better: (B,)."""
        return self._fitted.predict(candidates)

    def predict_distribution(self, candidates: Any) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the score: (B,), (B,)."""
        return self._fitted.predict_distribution(candidates)
