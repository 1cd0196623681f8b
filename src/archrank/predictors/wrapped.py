"""What predictors for searches share that change how another predictor is fitted."""

from collections.abc import Sequence
from typing import Any

from archrank.architecture import Architecture
from archrank.predictors.base import Floats
from archrank.settings import settings_of

__all__ = ["Wrapped"]


class Wrapped:
    """A predictor around another one: what it does not define is the other's.

    A subclass defines ``fit``, which keeps the fitted model as ``_fitted``.

    Attributes:
        predictor: The other one.
    """

    predictor: Any
    _fitted: Any

    def __getattr__(self, name: str) -> Any:
        # What a search asks of a predictor by name, such as ``space`` and ``members``.
        if name.startswith("_") or "predictor" not in self.__dict__:
            raise AttributeError(name)
        return getattr(self.predictor, name)

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the predictor."""
        found: dict[str, Any] = settings_of(self.predictor)
        return found

    def collate(self, architectures: Sequence[Architecture]) -> Any:
        """Prepare candidates once."""
        return self.predictor.collate(architectures)

    def predict(self, candidates: Any) -> Floats:
        """Score candidates, higher is better: (B,)."""
        found: Floats = self._fitted.predict(candidates)
        return found

    def predict_distribution(self, candidates: Any) -> tuple[Floats, Floats]:
        """Mean and standard deviation of the score: (B,), (B,)."""
        found: tuple[Floats, Floats] = self._fitted.predict_distribution(candidates)
        return found
