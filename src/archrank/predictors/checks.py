"""Checks of a predictor's settings, made when it is fitted: a wrong one is named before any work is done."""

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from archrank.errors import PredictorError, UnknownName

__all__ = ["check_flags", "check_name", "check_numbers", "check_shares"]


def check_numbers(predictor: Any, **least: int) -> None:
    """Check whole numbers.

    Args:
        predictor: The predictor.
        **least: The smallest allowed value of each setting.

    Raises:
        PredictorError: A setting that is no whole number, or below its bound.
    """
    for name, bound in least.items():
        value = getattr(predictor, name)
        if not isinstance(value, Integral) or isinstance(value, bool):
            raise PredictorError(f"{name} is {value!r}; it must be a whole number, {bound} or more")
        if value < bound:
            raise PredictorError(f"{name} is {value}; it must be {bound} or more")


def check_shares(predictor: Any, *names: str, below_one: bool = False) -> None:
    """Check shares: above 0 and at most 1, or from 0 to below 1.

    Raises:
        PredictorError: A setting that is no number, or out of its range.
    """
    for name in names:
        value = getattr(predictor, name)
        number = float(value) if isinstance(value, Real) else -1.0
        if not (0 <= number < 1 if below_one else 0 < number <= 1):
            expected = "from 0 to below 1" if below_one else "above 0 and at most 1"
            raise PredictorError(f"{name} is {value!r}; it must be {expected}")


def check_flags(predictor: Any, *names: str) -> None:
    """Check settings that are True or False.

    Raises:
        PredictorError: One that is something else.
    """
    for name in names:
        value = getattr(predictor, name)
        if not isinstance(value, int | np.bool_) or value not in (True, False):
            raise PredictorError(f"{name} is {value!r}; it must be True or False")


def check_name(predictor: Any, setting: str, allowed: Sequence[str]) -> None:
    """Check a setting that is one of a few names.

    Raises:
        UnknownName: It is none of them.
    """
    value = getattr(predictor, setting)
    if not isinstance(value, str) or value not in allowed:
        raise UnknownName(setting, value, allowed)
