"""A predictor for searches that listens to hints only as long as the labels bear them out."""

import math
from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import PredictorError
from archrank.predictors.base import Predictor, Ranker
from archrank.predictors.ensemble import Ensemble
from archrank.predictors.expecting import Expecting
from archrank.predictors.wrapped import Wrapped
from archrank.ranking.metrics import kendall_tau
from archrank.space import SearchSpace

__all__ = ["Hinted", "borne_out", "check_fitted", "hints_of", "with_hints", "with_more_hints"]

Floats = npt.NDArray[np.float64]

_CERTAINTY = 2.0
"""Standard deviations of Kendall's tau without correlation that a hint must reach; an unrelated one does so in 2%."""


class Hinted(Wrapped):
    """Fits a predictor with those of its hints that rank the labels significantly better than chance.

    A hint that does not, such as one of an unrelated data set, is left out of that fit, so that it costs nothing. It
    may come back when there are more labels.

    Args:
        predictor: Learns, with hints among its inputs.
        hints: Fitted predictors of something else of the same space.

    Raises:
        PredictorError: A predictor that takes no hints.
    """

    def __init__(self, predictor: Ranker, hints: Sequence[Predictor]) -> None:
        with_hints(predictor, hints)  # refused here, not after the first evaluations
        self.predictor = predictor
        self.hints = tuple(hints)

    def __repr__(self) -> str:
        """The predictor, and how many hints there are."""
        return f"{self.predictor!r} with {len(self.hints)} hint{'' if len(self.hints) == 1 else 's'}"

    def with_seed(self, seed: int) -> Self:
        """An unfitted copy whose randomness starts elsewhere."""
        return type(self)(self.predictor.with_seed(seed), self.hints)

    def fit(self, architectures: Sequence[Architecture], targets: npt.ArrayLike) -> Self:
        """Learn from measured architectures and the hints that agree with them."""
        values = np.asarray(targets, dtype=np.float64)
        used = [hint for hint in self.hints if borne_out(hint, architectures, values)[1]]
        self._fitted = with_hints(self.predictor, used).fit(architectures, targets)
        return self


def borne_out(hint: Predictor, architectures: Sequence[Architecture], targets: Floats) -> tuple[float, bool]:
    """Kendall's tau of a hint with labels, and whether it is significantly above 0.

    Args:
        hint: A fitted predictor.
        architectures: B measured architectures.
        targets: Higher is better: (B,).
    """
    n = len(targets)
    if n < 2:
        return math.nan, False
    tau = kendall_tau(hint.predict(list(architectures)), targets)
    return tau, bool(tau * math.sqrt(9 * n * (n - 1) / (2 * (2 * n + 5))) > _CERTAINTY)


def check_fitted(hints: Sequence[Predictor], space: SearchSpace) -> None:
    """Make sure that hints can predict.

    Raises:
        PredictorError: One was not fitted, or is of another space.
    """
    for hint in hints:
        hint.predict(space.sample(1, np.random.default_rng(0)))


def with_hints(predictor: Ranker, hints: Sequence[Predictor]) -> Ranker:
    """A predictor of the same settings, with these hints; those of an ensemble go to all members that take some.

    One with a prior keeps it.

    Raises:
        PredictorError: A predictor that takes no hints.
    """
    if isinstance(predictor, Expecting):
        learner = with_hints(predictor.predictor, hints)
        assert isinstance(learner, Predictor)
        return Expecting(learner, predictor.with_prior)
    if isinstance(predictor, Predictor) and _takes(predictor):
        return _given(predictor, tuple(hints))
    raise PredictorError(
        f"{predictor!r} takes no hints: choose the predictor auto, gaussian-process or trees, or leave hints (--hints) "
        "out"
    )


def with_more_hints(predictor: Predictor, hints: Sequence[Predictor]) -> Predictor:
    """A predictor with these hints after its own; the same predictor if it takes none."""
    return _given(predictor, (*hints_of(predictor), *hints)) if _takes(predictor) else predictor


def hints_of(predictor: Predictor) -> tuple[Predictor, ...]:
    """The hints of a predictor, or of the first member of an ensemble that takes some."""
    settings = predictor.get_params(deep=False)
    if "hints" in settings:
        return tuple(settings["hints"])
    return next((hints_of(member) for member in _members(predictor) if _takes(member)), ())


def _given(predictor: Predictor, hints: tuple[Predictor, ...]) -> Predictor:
    """The same with other hints, where it takes some, or where its members do; else the same."""
    settings = predictor.get_params(deep=False)
    if "hints" in settings:
        return type(predictor)(**(settings | {"hints": hints}))
    if not _takes(predictor):
        return predictor
    members = tuple(_given(member, hints) for member in _members(predictor))
    return type(predictor)(**(settings | {"predictors": members}))


def _takes(predictor: Predictor) -> bool:
    """Whether it can be given hints: by its constructor, or its members by theirs."""
    return "hints" in predictor.get_params(deep=False) or any(map(_takes, _members(predictor)))


def _members(predictor: Predictor) -> tuple[Predictor, ...]:
    """The members of an ensemble; none of one whose constructor does not take them."""
    if not isinstance(predictor, Ensemble) or "predictors" not in predictor.get_params(deep=False):
        return ()
    return tuple(member for member in predictor.predictors if isinstance(member, Predictor))
