"""Hints: fitted predictors of something else of the same space, whose scores join the features."""

from collections.abc import Mapping, Sequence
from typing import Any

from archrank.errors import PredictorError
from archrank.predictors.base import Predictor

__all__ = ["check_hints", "hint_parts"]


def check_hints(hints: Any) -> None:
    """Check that hints are a list of what can predict; whether each is fitted, it says itself.

    Raises:
        PredictorError: They are something else.
    """
    if not isinstance(hints, Sequence):
        raise PredictorError(f"hints is {hints!r}; expected a list of fitted predictors")
    for hint in hints:
        if not hasattr(hint, "predict"):
            raise PredictorError(f"the hint {hint!r} is a {type(hint).__name__}; expected a fitted predictor")


def hint_parts(hints: Sequence[Predictor]) -> Mapping[str, Predictor]:
    """The hints of a predictor as parts of its saved state.

    Raises:
        PredictorError: One that is no predictor of archrank's kind, so that it cannot be saved.
    """
    for hint in hints:
        if not isinstance(hint, Predictor):
            raise PredictorError(f"the hint {hint!r} is a {type(hint).__name__}, which cannot be saved")
    return {f"hint-{index}": hint for index, hint in enumerate(hints)}
