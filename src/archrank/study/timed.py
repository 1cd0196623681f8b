"""A predictor that reports how long its fits take, because strategies read no clock."""

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.settings import settings_of
from archrank.strategies.base import Strategy
from archrank.study.timer import Timer

if TYPE_CHECKING:
    from archrank.predictors.base import Floats, Ranker

__all__ = ["TimedRanker", "with_timer"]


def with_timer(strategy: Strategy, timer: Timer) -> Strategy:
    """A copy of a strategy whose predictor, if it has one, adds the seconds of its fits to a timer."""
    timed = copy.copy(strategy)
    for name, value in vars(strategy).items():
        if isinstance(value, Strategy):
            setattr(timed, name, with_timer(value, timer))
        elif name == "predictor":
            setattr(timed, name, TimedRanker(value, timer))
    return timed


class TimedRanker:
    """Passes everything on to a predictor and adds the seconds of its fits to a timer.

    Args:
        ranker: The predictor that does the work.
        timer: Its ``fit`` seconds grow.
    """

    def __init__(self, ranker: "Ranker", timer: Timer) -> None:
        self._ranker = ranker
        self._timer = timer

    def with_seed(self, seed: int) -> Self:
        """An unfitted copy on the same timer."""
        return type(self)(self._ranker.with_seed(seed), self._timer)

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Fit, and add up the time."""
        with self._timer.time("fit"):
            self._ranker.fit(architectures, targets)
        return self

    def collate(self, architectures: Sequence[Architecture]) -> Any:
        """Passed on."""
        return self._ranker.collate(architectures)

    def predict(self, candidates: Any) -> "Floats":
        """Passed on."""
        return self._ranker.predict(candidates)

    @property
    def predict_distribution(self) -> "Callable[[Any], tuple[Floats, Floats]]":
        """Passed on; AttributeError, as for the predictor itself, where that has none."""
        passed_on: Callable[[Any], tuple[Floats, Floats]] = getattr(self._ranker, "predict_distribution")  # noqa: B009
        return passed_on

    @property
    def settings(self) -> dict[str, Any]:
        """Those of the predictor."""
        found: dict[str, Any] = settings_of(self._ranker)
        return found

    def __repr__(self) -> str:
        return repr(self._ranker)
