"""A predictor for searches that listens to hints only as long as the labels bear them out."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from archrank.architecture import Architecture
from archrank.errors import PredictorError
from archrank.predictors.base import Predictor, Ranker
from archrank.predictors.expecting import Expecting
from archrank.predictors.wrapped import Wrapped
from archrank.ranking.metrics import kendall_tau
from archrank.space import SearchSpace

__all__ = ["Hinted", "borne_out", "check_fitted", "hints_of", "with_hints", "with_more_hints"]

Floats = npt.NDArray[np.float64]

_CERTAINTY = 2.0
"""Standard deviations of Kendall's tau without correlation that a hint must reach; an unrelated one does so in 2%."""

_INNER = ("predictor", "predictors")
"""Settings of predictors that are fitted with the whole: the one that has a prior, and members."""


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

    One with a prior keeps it, and its predictor has the hints.

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
    """The hints of a predictor, of that which has a prior, or of the first member of an ensemble that takes some."""
    settings = predictor.get_params(deep=False)
    if "hints" in settings:
        return tuple(settings["hints"])
    return next((hints_of(each) for each in _learners(settings) if _takes(each)), ())


def _given(predictor: Predictor, hints: tuple[Predictor, ...]) -> Predictor:
    """The same with other hints, where it takes some, or where those that it consists of do; else the same."""
    settings = predictor.get_params(deep=False)
    if "hints" in settings:
        return type(predictor)(**(settings | {"hints": hints}))
    if not _takes(predictor):
        return predictor
    inner = {name: _passed_on(settings[name], hints) for name in _INNER if name in settings}
    return type(predictor)(**(settings | inner))


def _passed_on(given: Any, hints: tuple[Predictor, ...]) -> Any:
    """A setting that is a predictor, or a list of them, with other hints in those that take some."""
    if isinstance(given, Predictor):
        return _given(given, hints)
    return tuple(_passed_on(each, hints) for each in given) if isinstance(given, tuple | list) else given


def _takes(predictor: Predictor) -> bool:
    """Whether it can be given hints: by its constructor, or those that it consists of by theirs."""
    settings = predictor.get_params(deep=False)
    return "hints" in settings or any(map(_takes, _learners(settings)))


def _learners(settings: Mapping[str, Any]) -> tuple[Predictor, ...]:
    """The predictors among the settings that are fitted with the whole."""
    given = [settings[name] for name in _INNER if name in settings]
    each = [one for some in given for one in (some if isinstance(some, tuple | list) else [some])]
    return tuple(one for one in each if isinstance(one, Predictor))
